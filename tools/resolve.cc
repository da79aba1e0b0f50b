#include "ireneo/tools/resolve.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace ireneo::tools {
namespace {

constexpr std::size_t kMinDigits = 4;
constexpr std::size_t kMaxDigits = 2 * Digest::kSize;

// A value may be known only by name: an argument that was not kept, a result
// that was damaged.
absl::Status NothingStartsWith(const MemoStore& store,
                               const std::string& digits) {
  const absl::StatusOr<std::vector<CallRecord>> records = store.Calls();
  if (!records.ok()) return records.status();
  for (const CallRecord& record : *records) {
    if (record.result.ToHex().starts_with(digits)) {
      return absl::NotFoundError(absl::StrCat(
          record.result.ToString(), " is the result of call ",
          record.key.ToString(), " of ", record.function,
          ", and is no longer in the store: the next call computes it anew"));
    }
    for (const ArgumentRecord& argument : record.arguments) {
      if (!argument.digest.ToHex().starts_with(digits)) continue;
      return absl::NotFoundError(absl::StrCat(
          argument.digest.ToString(), " is an argument of call ",
          record.key.ToString(), " of ", record.function,
          argument.kept ? ", and is no longer in the store"
                        : ", and was not kept: KeepArguments::kAll keeps all"));
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "no call or blob starts with '", digits, "' in ",
      store.directory().native(), ": ireneo calls lists the keys of calls"));
}

// Names the candidates by enough digits to tell them apart.
absl::Status Ambiguous(const std::string& digits,
                       const std::vector<PrefixMatch>& matches) {
  constexpr std::size_t kShown = 8;
  std::string message = absl::StrCat("'", digits, "' is ambiguous:");
  const std::size_t length = std::min(
      kMaxDigits, std::max<std::size_t>(12, digits.size() + kMinDigits));
  for (std::size_t i = 0; i < std::min(matches.size(), kShown); ++i) {
    absl::StrAppend(&message, i == 0 ? " " : ", ",
                    matches[i].is_call ? "call " : "blob ",
                    matches[i].digest.ToHex().substr(0, length));
  }
  if (matches.size() > kShown) absl::StrAppend(&message, " and more");
  return absl::FailedPreconditionError(
      absl::StrCat(message, ": give more digits"));
}

}  // namespace

std::string PrefixDigits(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return std::string(absl::StripPrefix(lower, "xxh3:"));
}

std::string CheckPrefix(const std::string& text) {
  const std::string digits = PrefixDigits(text);
  if (digits.size() > kMaxDigits ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    return absl::StrCat("'", text,
                        "' is no key or digest: expected 4 to 32 hex digits");
  }
  if (digits.size() < kMinDigits) {
    return absl::StrCat("'", text, "' is too short: give at least ", kMinDigits,
                        " hex digits");
  }
  return "";
}

absl::StatusOr<PrefixMatch> Resolve(const MemoStore& store,
                                    const std::string& text) {
  const std::string digits = PrefixDigits(text);
  const absl::StatusOr<std::vector<PrefixMatch>> matches =
      store.FindByPrefix(digits);
  if (!matches.ok()) return matches.status();
  if (matches->empty()) return NothingStartsWith(store, digits);
  if (matches->size() > 1) return Ambiguous(digits, *matches);
  return matches->front();
}

absl::StatusOr<CallRecord> ResolveCall(const MemoStore& store,
                                       const std::string& text) {
  const std::string digits = PrefixDigits(text);
  absl::StatusOr<std::vector<PrefixMatch>> matches = store.FindByPrefix(digits);
  if (!matches.ok()) return matches.status();
  if (matches->empty()) return NothingStartsWith(store, digits);
  const Digest blob = matches->front().digest;
  std::erase_if(*matches,
                [](const PrefixMatch& match) { return !match.is_call; });
  if (matches->empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        blob.ToString(), " is a value and not the key of a call: ireneo show ",
        blob.ToHex().substr(0, 12), " tells which calls have it"));
  }
  if (matches->size() > 1) return Ambiguous(digits, *matches);
  return store.FindCall(matches->front().digest);
}

absl::StatusOr<NamedBlob> ResolveBlob(const MemoStore& store,
                                      const std::string& text) {
  const absl::StatusOr<PrefixMatch> match = Resolve(store, text);
  if (!match.ok()) return match.status();
  if (!match->is_call) return NamedBlob{.digest = match->digest, .type = ""};
  const absl::StatusOr<CallRecord> record = store.FindCall(match->digest);
  if (!record.ok()) return record.status();
  return NamedBlob{.digest = record->result, .type = record->result_type};
}

}  // namespace ireneo::tools

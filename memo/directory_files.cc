#include "ireneo/memo/directory_files.h"

#include <boost/json.hpp>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr std::string_view kSuffix = ".json";
constexpr std::int64_t kFormat = 1;

std::optional<Digest> ParseHex(std::string_view hex) {
  const absl::StatusOr<Digest> digest =
      Digest::Parse(absl::StrCat("xxh3:", std::string(hex)));
  return digest.ok() ? std::optional(*digest) : std::nullopt;
}

}  // namespace

std::filesystem::path ShardedName(const Digest& digest) {
  const std::string hex = digest.ToHex();
  return std::filesystem::path(hex.substr(0, 2)) /
         absl::StrCat(hex.substr(2), ".json");
}

std::optional<Digest> ParseShardedName(std::string_view folder,
                                       std::string_view name) {
  if (folder.size() != 2 || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  return ParseHex(std::string(folder) + std::string(name));
}

std::filesystem::path ConflictPath(const Digest& key, const Digest& result) {
  return std::filesystem::path(kConflictsFolder) /
         absl::StrCat(key.ToHex(), "-", result.ToHex(), ".json");
}

std::optional<ConflictName> ParseConflictName(std::string_view name) {
  constexpr std::size_t kHex = 2 * Digest::kSize;
  if (name.size() != 2 * kHex + 1 + kSuffix.size() || name[kHex] != '-' ||
      !name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const std::optional<Digest> key = ParseHex(name.substr(0, kHex));
  const std::optional<Digest> result = ParseHex(name.substr(kHex + 1, kHex));
  if (!key.has_value() || !result.has_value()) return std::nullopt;
  return ConflictName{.key = *key, .result = *result};
}

std::filesystem::path PinPath(std::string_view name, const Digest& digest) {
  return std::filesystem::path(kPinsFolder) /
         absl::StrCat(digest.ToHex(), "-", Digest::Of(name).ToHex(), ".json");
}

absl::StatusOr<std::string> WriteConflict(const ConflictRecord& conflict) {
  return SealJson({{"first_seen_us", absl::ToUnixMicros(conflict.first_seen)},
                   {"format", kFormat},
                   {"key", conflict.key.ToString()},
                   {"result", conflict.result.ToString()},
                   {"times", conflict.times}});
}

absl::StatusOr<ConflictRecord> ReadConflict(std::string_view text) {
  IRENEO_ASSIGN_OR_RETURN(const json::object object, OpenSealedJson(text));
  absl::Status status;
  const JsonMembers members(object, status);
  const ConflictRecord conflict = {
      .key = members.DigestAt("key"),
      .result = members.DigestAt("result"),
      .first_seen = absl::FromUnixMicros(members.Int("first_seen_us")),
      .times = members.Int("times")};
  IRENEO_RETURN_IF_ERROR(status);
  return conflict;
}

absl::StatusOr<std::string> WritePin(const PinRecord& pin) {
  return SealJson({{"created_us", absl::ToUnixMicros(pin.created_at)},
                   {"digest", pin.digest.ToString()},
                   {"format", kFormat},
                   {"name", pin.name}});
}

absl::StatusOr<PinRecord> ReadPin(std::string_view text) {
  IRENEO_ASSIGN_OR_RETURN(const json::object object, OpenSealedJson(text));
  absl::Status status;
  const JsonMembers members(object, status);
  PinRecord pin = {
      .name = members.Text("name"),
      .digest = members.DigestAt("digest"),
      .created_at = absl::FromUnixMicros(members.Int("created_us"))};
  IRENEO_RETURN_IF_ERROR(status);
  return pin;
}

}  // namespace ireneo::internal

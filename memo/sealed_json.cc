#include "ireneo/memo/sealed_json.h"

#include <boost/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr char kChecksum[] = "checksum";

// The checksum is of the canonical text without it.
absl::StatusOr<Digest> ChecksumOf(const json::value& value) {
  IRENEO_ASSIGN_OR_RETURN(const std::string text, CanonicalJson(value));
  return Digest::Of(text);
}

// The line of `SealJson` without the member, if it is one: cheaper than to
// write the object anew.
std::string WithoutChecksum(std::string_view line, std::string_view checksum) {
  const std::string member =
      absl::StrCat("\"", kChecksum, "\":\"",
                   absl::string_view(checksum.data(), checksum.size()), "\"");
  std::string text(line.substr(0, line.find('\n')));
  std::size_t at = text.find(member);
  if (at == text.npos) return text;
  std::size_t size = member.size();
  if (text[at - 1] == ',') {
    --at;
    ++size;
  } else if (at + size < text.size() && text[at + size] == ',') {
    ++size;
  }
  return text.erase(at, size);
}

}  // namespace

absl::Status CheckSealedSize(std::size_t size) {
  if (size <= kMaxSealedJson) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a record of ", size, " bytes is too large: at most ",
                   kMaxSealedJson, " are written"));
}

absl::StatusOr<std::string> SealJson(json::object object) {
  json::value value = std::move(object);
  IRENEO_ASSIGN_OR_RETURN(const Digest checksum, ChecksumOf(value));
  value.get_object()[kChecksum] = checksum.ToString();
  IRENEO_ASSIGN_OR_RETURN(std::string line, CanonicalJson(value));
  line += '\n';
  IRENEO_RETURN_IF_ERROR(CheckSealedSize(line.size()));
  return line;
}

absl::StatusOr<json::object> OpenSealedJson(std::string_view line) {
  if (line.size() > kMaxSealedJson) {
    return absl::DataLossError(absl::StrCat(
        "a record has ", line.size(), " bytes, of at most ", kMaxSealedJson));
  }
  absl::StatusOr<json::value> value = ParseJson(line);
  if (!value.ok()) {
    return absl::DataLossError(
        absl::StrCat("not a record: ", value.status().message()));
  }
  json::object* const object = value->if_object();
  const json::value* const member =
      object == nullptr ? nullptr : object->if_contains(kChecksum);
  if (member == nullptr || !member->is_string()) {
    return absl::DataLossError("not a record: it has no checksum");
  }
  const std::string checksum(member->get_string());
  if (Digest::Of(WithoutChecksum(line, checksum)).ToString() != checksum) {
    object->erase(kChecksum);
    const absl::StatusOr<Digest> actual = ChecksumOf(*value);
    if (!actual.ok() || actual->ToString() != checksum) {
      return absl::DataLossError(
          absl::StrCat("damaged: its checksum is not ", checksum));
    }
    return std::move(*object);
  }
  object->erase(kChecksum);
  return std::move(*object);
}

const json::value* JsonMembers::Find(const char* name) const {
  return object_.if_contains(name);
}

void JsonMembers::Fail(const char* name, const char* expected) const {
  status_.Update(absl::DataLossError(
      absl::StrCat("member \"", name, "\" is not ", expected)));
}

std::string JsonMembers::Text(const char* name) const {
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_string()) {
    return std::string(member->get_string());
  }
  Fail(name, "a string");
  return "";
}

std::int64_t JsonMembers::Int(const char* name) const {
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_int64()) return member->get_int64();
  Fail(name, "a signed integer of 64 bits");
  return 0;
}

std::uint64_t JsonMembers::Unsigned(const char* name) const {
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_uint64()) return member->get_uint64();
  if (member != nullptr && member->is_int64() && member->get_int64() >= 0) {
    return static_cast<std::uint64_t>(member->get_int64());
  }
  Fail(name, "an unsigned integer of 64 bits");
  return 0;
}

Digest JsonMembers::DigestAt(const char* name) const {
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_string()) {
    const json::string& text = member->get_string();
    if (absl::StatusOr<Digest> digest =
            Digest::Parse({text.data(), text.size()});
        digest.ok()) {
      return *digest;
    }
  }
  Fail(name, "a digest");
  return Digest();
}

const json::array& JsonMembers::Array(const char* name) const {
  static const json::array kEmpty;
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_array()) return member->get_array();
  Fail(name, "an array");
  return kEmpty;
}

const json::object& JsonMembers::Object(const char* name) const {
  static const json::object kEmpty;
  const json::value* const member = Find(name);
  if (member != nullptr && member->is_object()) return member->get_object();
  Fail(name, "an object");
  return kEmpty;
}

std::vector<std::string> JsonMembers::Strings(const char* name) const {
  std::vector<std::string> strings;
  for (const json::value& value : Array(name)) {
    if (!value.is_string()) {
      Fail(name, "an array of strings");
      break;
    }
    strings.emplace_back(value.get_string());
  }
  return strings;
}

}  // namespace ireneo::internal

#include "ireneo/memo/record_json.h"

#include <boost/json.hpp>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;

json::object ToObject(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

std::map<std::string, std::string> ToMap(const JsonMembers& members,
                                         const char* name) {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : members.Object(name)) {
    if (!value.is_string()) {
      members.Fail(name, "an object of strings");
      break;
    }
    map.emplace(key, value.get_string());
  }
  return map;
}

json::array ToArray(const std::vector<std::string>& strings) {
  return json::array(strings.begin(), strings.end());
}

std::vector<std::string> ToStrings(const JsonMembers& members,
                                   const char* name) {
  std::vector<std::string> strings;
  for (const json::value& value : members.Array(name)) {
    if (!value.is_string()) {
      members.Fail(name, "an array of strings");
      break;
    }
    strings.emplace_back(value.get_string());
  }
  return strings;
}

// As members of the record if it is an object, which it is unless someone else
// wrote it.
json::value EnvironmentToJson(const std::string& text) {
  absl::StatusOr<json::value> value = ParseJson(text);
  if (value.ok() && value->is_object()) return *std::move(value);
  return json::value(text);
}

absl::StatusOr<std::string> EnvironmentFromJson(const json::object& record) {
  const json::value* const value = record.if_contains("environment");
  if (value != nullptr && value->is_object()) return CanonicalJson(*value);
  if (value != nullptr && value->is_string()) {
    return std::string(value->get_string());
  }
  return absl::DataLossError("member \"environment\" is not an object");
}

// Of an argument or a result.
std::string ValueFromJson(const JsonMembers& members, const Digest& digest,
                          std::uint64_t size) {
  std::string value;
  if (!absl::Base64Unescape(members.Text("value"), &value) ||
      value.size() != size || Digest::Of(value) != digest) {
    members.Fail("value", "the bytes of that digest, in base64");
  }
  return value;
}

json::object ArgumentToJson(const ArgumentRecord& argument,
                            std::uint64_t kept_size) {
  json::object object = {{"digest", argument.digest.ToString()},
                         {"name", argument.name},
                         {"type", argument.type}};
  if (argument.kept) object["size"] = kept_size;
  if (argument.small_value.has_value()) {
    object["value"] = absl::Base64Escape(*argument.small_value);
  }
  return object;
}

ArgumentRecord ArgumentFromJson(const JsonMembers& members,
                                std::uint64_t& kept_size) {
  ArgumentRecord argument = {.name = members.Text("name"),
                             .type = members.Text("type"),
                             .digest = members.DigestAt("digest"),
                             .kept = members.Has("size")};
  kept_size = argument.kept ? members.Unsigned("size") : 0;
  if (members.Has("value")) {
    argument.small_value = ValueFromJson(members, argument.digest, kept_size);
  }
  return argument;
}

}  // namespace

FunctionIdentity IdentityOf(const CallRecord& call) {
  FunctionIdentity identity{.name = call.function,
                            .version = call.version,
                            .callees = call.callee_versions,
                            .salts = call.salts,
                            .environment = call.environment_in_key,
                            .result_type = call.result_type};
  for (const ArgumentRecord& argument : call.arguments) {
    identity.argument_types.push_back(argument.type);
  }
  return identity;
}

absl::StatusOr<std::string> WriteCallLine(const CallLine& line) {
  const CallRecord& call = line.call;
  json::object object = {{"created_us", absl::ToUnixMicros(call.created_at)},
                         {"elapsed_ns", absl::ToInt64Nanoseconds(call.elapsed)},
                         {"environment", EnvironmentToJson(call.environment)},
                         {"format", kFormat},
                         {"function",
                          {{"callees", ToArray(call.callee_versions)},
                           {"environment", ToObject(call.environment_in_key)},
                           {"name", call.function},
                           {"salts", ToObject(call.salts)},
                           {"version", call.version}}},
                         {"key", call.key.ToString()},
                         {"result",
                          {{"digest", call.result.ToString()},
                           {"size", call.result_size},
                           {"type", call.result_type}}},
                         {"spent_ns", absl::ToInt64Nanoseconds(call.spent)}};
  json::array arguments;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    arguments.push_back(ArgumentToJson(call.arguments[i], line.kept_sizes[i]));
  }
  object["arguments"] = std::move(arguments);
  if (call.small_result.has_value()) {
    object["result"].get_object()["value"] =
        absl::Base64Escape(*call.small_result);
  }
  json::array callees;
  for (const Digest& callee : call.callees) {
    callees.emplace_back(callee.ToString());
  }
  object["callees"] = std::move(callees);
  if (line.first_created != call.created_at) {
    object["first_created_us"] = absl::ToUnixMicros(line.first_created);
  }
  if (call.seed.has_value()) object["seed"] = *call.seed;
  absl::StatusOr<std::string> text = SealJson(std::move(object));
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the record of a call of ", call.function,
                     " cannot be JSON: ", text.status().message()));
  }
  return text;
}

absl::StatusOr<CallLine> ReadCallLine(std::string_view text) {
  IRENEO_ASSIGN_OR_RETURN(const json::object object, OpenSealedJson(text));
  absl::Status status;
  const JsonMembers members(object, status);
  if (const std::int64_t format = members.Int("format");
      status.ok() && format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("a record of format ", format,
                     ", and this build of Ireneo reads format ", kFormat,
                     ": use a newer Ireneo"));
  }
  const JsonMembers function(members.Object("function"), status);
  const JsonMembers result(members.Object("result"), status);
  CallLine line;
  CallRecord& call = line.call;
  call.key = members.DigestAt("key");
  call.function = function.Text("name");
  call.version = function.Text("version");
  call.callee_versions = ToStrings(function, "callees");
  call.salts = ToMap(function, "salts");
  call.environment_in_key = ToMap(function, "environment");
  if (members.Has("seed")) call.seed = members.Unsigned("seed");
  call.result_type = result.Text("type");
  call.result = result.DigestAt("digest");
  call.result_size = result.Unsigned("size");
  if (result.Has("value")) {
    call.small_result = ValueFromJson(result, call.result, call.result_size);
  }
  call.elapsed = absl::Nanoseconds(members.Int("elapsed_ns"));
  call.spent = absl::Nanoseconds(members.Int("spent_ns"));
  call.created_at = absl::FromUnixMicros(members.Int("created_us"));
  call.last_used_at = call.created_at;
  line.first_created =
      members.Has("first_created_us")
          ? absl::FromUnixMicros(members.Int("first_created_us"))
          : call.created_at;
  std::vector<Digest> digests;
  for (const json::value& value : members.Array("arguments")) {
    if (!value.is_object()) {
      members.Fail("arguments", "an array of objects");
      break;
    }
    std::uint64_t kept_size = 0;
    call.arguments.push_back(
        ArgumentFromJson(JsonMembers(value.get_object(), status), kept_size));
    line.kept_sizes.push_back(kept_size);
    digests.push_back(call.arguments.back().digest);
  }
  for (const json::value& value : members.Array("callees")) {
    const json::string* const digest = value.if_string();
    absl::StatusOr<Digest> callee = Digest::Parse(
        digest == nullptr ? std::string_view()
                          : std::string_view(digest->data(), digest->size()));
    if (!callee.ok()) {
      members.Fail("callees", "an array of keys");
      break;
    }
    call.callees.push_back(*callee);
  }
  IRENEO_RETURN_IF_ERROR(status);
  IRENEO_ASSIGN_OR_RETURN(call.environment, EnvironmentFromJson(object));
  line.function_digest = FunctionDigest(IdentityOf(call));
  if (const Digest key = CallKey(line.function_digest, digests, call.seed);
      key != call.key) {
    return absl::DataLossError(absl::StrCat("its key is ", call.key.ToString(),
                                            ", and its function and arguments "
                                            "have the key ",
                                            key.ToString()));
  }
  return line;
}

}  // namespace ireneo::internal

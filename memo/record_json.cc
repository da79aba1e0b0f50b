#include "ireneo/memo/record_json.h"

#include <boost/json.hpp>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/call_line_text.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;

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

// Appends parts of a line, which is JSON in its canonical form.
class LineWriter {
 public:
  LineWriter() { text_.reserve(1024); }

  const std::string& text() const& { return text_; }
  std::string text() && { return std::move(text_); }
  // InvalidArgument if a string is not UTF-8.
  const absl::Status& status() const { return status_; }

  void Text(std::string_view text) { text_ += text; }

  void Number(std::int64_t number) { absl::StrAppend(&text_, number); }
  void Number(std::uint64_t number) { absl::StrAppend(&text_, number); }

  void String(std::string_view text) {
    if (IsPlainString(text)) {
      text_ += '"';
      text_ += text;
      text_ += '"';
    } else {
      Json(json::string(text.data(), text.size()));
    }
  }

  void Add(const Digest& digest) { String(digest.ToString()); }

  void Add(const std::vector<std::string>& strings) {
    text_ += '[';
    for (const std::string& string : strings) {
      if (&string != &strings.front()) text_ += ',';
      String(string);
    }
    text_ += ']';
  }

  void Add(const std::map<std::string, std::string>& map) {
    text_ += '{';
    bool first = true;
    for (const auto& [name, value] : map) {
      if (!std::exchange(first, false)) text_ += ',';
      String(name);
      text_ += ':';
      String(value);
    }
    text_ += '}';
  }

  // Its members if it is an object, which it is unless someone else wrote it.
  void Environment(const std::string& text) {
    if (IsPlainObject(text)) {
      text_ += text;
      return;
    }
    const absl::StatusOr<json::value> value = ParseJson(text);
    // In a record it is one deeper, which may be too deep.
    if (value.ok() && value->is_object() &&
        CanonicalJson({{"environment", *value}}).ok()) {
      Json(*value);
    } else {
      String(text);
    }
  }

  void Value(const std::string& bytes) {
    Text(",\"value\":");
    String(absl::Base64Escape(bytes));
  }

  void Argument(const ArgumentRecord& argument, std::uint64_t kept_size) {
    Text("{\"digest\":");
    Add(argument.digest);
    Text(",\"name\":");
    String(argument.name);
    if (argument.kept) {
      Text(",\"size\":");
      Number(kept_size);
    }
    Text(",\"type\":");
    String(argument.type);
    if (argument.small_value.has_value()) Value(*argument.small_value);
    Text("}");
  }

 private:
  void Json(const json::value& value) {
    const absl::StatusOr<std::string> text = CanonicalJson(value);
    if (text.ok()) {
      text_ += *text;
    } else {
      status_.Update(text.status());
    }
  }

  std::string text_;
  absl::Status status_;
};

// The digest of the function and, from it, the key, which must be the one that
// the line says.
absl::Status CheckKey(CallLine& line) {
  const CallRecord& call = line.call;
  line.function_digest = FunctionDigest(IdentityOf(call));
  std::vector<Digest> digests;
  digests.reserve(call.arguments.size());
  for (const ArgumentRecord& argument : call.arguments) {
    digests.push_back(argument.digest);
  }
  if (const Digest key = CallKey(line.function_digest, digests, call.seed);
      key != call.key) {
    return absl::DataLossError(absl::StrCat("its key is ", call.key.ToString(),
                                            ", and its function and arguments "
                                            "have the key ",
                                            key.ToString()));
  }
  return absl::OkStatus();
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
  LineWriter writer;
  // The members in their order.
  writer.Text("{\"arguments\":[");
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (i > 0) writer.Text(",");
    writer.Argument(call.arguments[i], line.kept_sizes[i]);
  }
  writer.Text("],\"callees\":[");
  for (std::size_t i = 0; i < call.callees.size(); ++i) {
    if (i > 0) writer.Text(",");
    writer.Add(call.callees[i]);
  }
  writer.Text("],");
  const std::size_t checksum_at = writer.text().size();
  writer.Text("\"created_us\":");
  writer.Number(absl::ToUnixMicros(call.created_at));
  writer.Text(",\"elapsed_ns\":");
  writer.Number(absl::ToInt64Nanoseconds(call.elapsed));
  writer.Text(",\"environment\":");
  writer.Environment(call.environment);
  if (line.first_created != call.created_at) {
    writer.Text(",\"first_created_us\":");
    writer.Number(absl::ToUnixMicros(line.first_created));
  }
  writer.Text(",\"format\":");
  writer.Number(kFormat);
  writer.Text(",\"function\":{\"callees\":");
  writer.Add(call.callee_versions);
  writer.Text(",\"environment\":");
  writer.Add(call.environment_in_key);
  writer.Text(",\"name\":");
  writer.String(call.function);
  writer.Text(",\"salts\":");
  writer.Add(call.salts);
  writer.Text(",\"version\":");
  writer.String(call.version);
  writer.Text("},\"key\":");
  writer.Add(call.key);
  writer.Text(",\"result\":{\"digest\":");
  writer.Add(call.result);
  writer.Text(",\"size\":");
  writer.Number(call.result_size);
  writer.Text(",\"type\":");
  writer.String(call.result_type);
  if (call.small_result.has_value()) writer.Value(*call.small_result);
  writer.Text("}");
  if (call.seed.has_value()) {
    writer.Text(",\"seed\":");
    writer.Number(*call.seed);
  }
  writer.Text(",\"spent_ns\":");
  writer.Number(absl::ToInt64Nanoseconds(call.spent));
  writer.Text("}");
  if (!writer.status().ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the record of a call of ", call.function,
                     " cannot be JSON: ", writer.status().message()));
  }
  const std::string checksum = absl::StrCat(
      "\"checksum\":\"", Digest::Of(writer.text()).ToString(), "\",");
  std::string text = std::move(writer).text();
  text.insert(checksum_at, checksum);
  text += '\n';
  IRENEO_RETURN_IF_ERROR(CheckSealedSize(text.size()));
  return text;
}

absl::StatusOr<CallLine> ReadCallLine(std::string_view text) {
  if (std::optional<CallLine> plain = ReadPlainCallLine(text)) {
    IRENEO_RETURN_IF_ERROR(CheckKey(*plain));
    return *std::move(plain);
  }
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
  call.callee_versions = function.Strings("callees");
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
  for (const json::value& value : members.Array("arguments")) {
    if (!value.is_object()) {
      members.Fail("arguments", "an array of objects");
      break;
    }
    std::uint64_t kept_size = 0;
    call.arguments.push_back(
        ArgumentFromJson(JsonMembers(value.get_object(), status), kept_size));
    line.kept_sizes.push_back(kept_size);
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
  IRENEO_RETURN_IF_ERROR(CheckKey(line));
  return line;
}

}  // namespace ireneo::internal

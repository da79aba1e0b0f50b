#include "ireneo/memo/call_view.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/parse.hpp"
#include "ireneo/memo/archive_origin.h"

namespace ireneo {
namespace {

namespace json = boost::json;

json::object ToJson(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object[name] = value;
  return object;
}

}  // namespace

CallView CallViewer::Look(CallRecord record) {
  CallView call;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    call.arguments.push_back(LookAtArgument(record, i));
  }
  call.result = LookAtResult(record);
  call.record = std::move(record);
  return call;
}

ValueView CallViewer::LookAtArgument(const CallRecord& record, std::size_t i) {
  ValueView view = values_.LookAtArgument(record.arguments[i]);
  Report(absl::StrCat("argument ", ArgumentName(record, i)), view, record);
  return view;
}

ValueView CallViewer::LookAtResult(const CallRecord& record) {
  ValueView view = values_.LookAtResult(record);
  Report("result", view, record);
  return view;
}

void CallViewer::Report(const std::string& what, const ValueView& view,
                        const CallRecord& record) {
  if (view.state != ValueView::State::kDamaged) return;
  if (!reported_.insert(view.digest).second) return;
  damage_.push_back(absl::StrCat(what, " of call ", ShortHex(record.key),
                                 " of ", record.function, ": ",
                                 view.why.message()));
}

std::string ShortHex(const Digest& digest) {
  constexpr std::size_t kDigits = 12;
  return digest.ToHex().substr(0, kDigits);
}

std::string ArgumentName(const CallRecord& record, std::size_t i) {
  const std::string& name = record.arguments[i].name;
  return name.empty() ? absl::StrCat("#", i + 1) : name;
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

json::value EnvironmentToJson(const CallRecord& record) {
  boost::system::error_code error;
  json::value value = json::parse(record.environment, error);
  if (error) return json::value(record.environment);
  // Says nothing of where it was computed.
  if (value.is_object()) value.get_object().erase(internal::kOriginMember);
  return value;
}

std::optional<CallOrigin> OriginOf(const CallRecord& record) {
  const std::string origin = internal::OriginOf(record.environment);
  const std::size_t at = origin.rfind('@');
  if (at == origin.npos) return std::nullopt;
  return CallOrigin{.archive = origin.substr(0, at),
                    .digest = origin.substr(at + 1)};
}

json::object ToJson(const CallView& call, const Registry& registry,
                    bool statistics) {
  const CallRecord& record = call.record;
  json::object object = {
      {"key", record.key.ToString()},
      {"function", record.function},
      {"version", record.version},
      {"callee_versions", json::array(record.callee_versions.begin(),
                                      record.callee_versions.end())},
      {"salts", ToJson(record.salts)},
      {"environment_in_key", ToJson(record.environment_in_key)},
      {"seed", nullptr}};
  if (record.seed.has_value()) object["seed"] = *record.seed;
  json::array arguments;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    const ArgumentRecord& argument = record.arguments[i];
    json::object member = {{"name", nullptr}, {"kept", argument.kept}};
    if (!argument.name.empty()) member["name"] = argument.name;
    for (auto& [name, part] : ToJson(call.arguments[i], registry, statistics)) {
      member[name] = std::move(part);
    }
    arguments.push_back(std::move(member));
  }
  object["arguments"] = std::move(arguments);
  json::object result = ToJson(call.result, registry, statistics);
  result["bytes"] = record.result_size;  // Known even if it cannot be read.
  object["result"] = std::move(result);
  object["elapsed_seconds"] = absl::ToDoubleSeconds(record.elapsed);
  object["spent_seconds"] = absl::ToDoubleSeconds(record.spent);
  object["created_at"] = Rfc3339(record.created_at);
  object["last_used_at"] = Rfc3339(record.last_used_at);
  object["hits"] = record.hits;
  json::array callees;
  for (const Digest& key : record.callees) {
    callees.push_back(json::object{{"key", key.ToString()}});
  }
  object["callees"] = std::move(callees);
  object["environment"] = EnvironmentToJson(record);
  object["imported_from"] = nullptr;
  if (const std::optional<CallOrigin> origin = OriginOf(record)) {
    object["imported_from"] =
        json::object{{"archive", origin->archive}, {"digest", origin->digest}};
  }
  return object;
}

}  // namespace ireneo

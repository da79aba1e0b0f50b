#include "ireneo/tools/call_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/parse.hpp"
#include "ireneo/tools/format.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

}  // namespace

CallView CallViewer::Look(CallRecord record) {
  CallView call;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    const ArgumentRecord& argument = record.arguments[i];
    if (!argument.kept) {
      call.arguments.push_back(
          ValueViewer::NotKept(argument.type, argument.digest));
      continue;
    }
    call.arguments.push_back(values_.Look(argument.type, argument.digest));
    Report(absl::StrCat("argument ", ArgumentName(record, i)),
           call.arguments.back(), record);
  }
  call.result = values_.Look(record.result_type, record.result);
  Report("result", call.result, record);
  call.record = std::move(record);
  return call;
}

void CallViewer::Report(const std::string& what, const ValueView& view,
                        const CallRecord& record) {
  if (view.state != ValueView::State::kDamaged) return;
  if (!reported_.insert(view.digest).second) return;
  session_.damage.push_back(
      absl::StrCat(what, " of call ", ShortHex(record.key), " of ",
                   record.function, ": ", view.why.message()));
}

std::string ShortHex(const Digest& digest) {
  constexpr std::size_t kDigits = 12;
  return digest.ToHex().substr(0, kDigits);
}

std::string ArgumentName(const CallRecord& record, std::size_t i) {
  const std::string& name = record.arguments[i].name;
  return name.empty() ? absl::StrCat("#", i + 1) : name;
}

json::value EnvironmentToJson(const CallRecord& record) {
  boost::system::error_code error;
  json::value value = json::parse(record.environment, error);
  return error ? json::value(record.environment) : value;
}

json::object ToJson(const CallView& call, bool statistics) {
  const CallRecord& record = call.record;
  json::object salts;
  for (const auto& [name, value] : record.salts) salts[name] = value;
  json::array arguments;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    const ArgumentRecord& argument = record.arguments[i];
    json::object object = {{"name", nullptr}, {"kept", argument.kept}};
    if (!argument.name.empty()) object["name"] = argument.name;
    for (auto& [name, member] : ToJson(call.arguments[i], statistics)) {
      object[name] = member;
    }
    arguments.push_back(std::move(object));
  }
  json::object result = ToJson(call.result, statistics);
  result["bytes"] = record.result_size;  // Known even if it cannot be read.
  return {{"key", record.key.ToString()},
          {"function", record.function},
          {"version", record.version},
          {"salts", std::move(salts)},
          {"arguments", std::move(arguments)},
          {"result", std::move(result)},
          {"elapsed_seconds", absl::ToDoubleSeconds(record.elapsed)},
          {"created_at", Rfc3339(record.created_at)},
          {"last_used_at", Rfc3339(record.last_used_at)},
          {"hits", record.hits},
          {"environment", EnvironmentToJson(record)}};
}

}  // namespace ireneo::tools

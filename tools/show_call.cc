#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/tools/call_view.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/show.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

std::string TimeAndAge(absl::Time time) {
  const std::string age = HumanAge(absl::Now() - time);
  return absl::StrCat(HumanTime(time), ", ", age, age == "now" ? "" : " ago");
}

// "compiler g++ 12.2.0, host ada".
std::string EnvironmentText(const CallRecord& record) {
  const json::value environment = EnvironmentToJson(record);
  const json::object* const object = environment.if_object();
  if (object == nullptr) return record.environment;
  std::string text;
  for (const auto& [name, value] : *object) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", std::string(name), " ",
                    value.is_string() ? std::string(value.get_string())
                                      : json::serialize(value));
  }
  return text;
}

void AddValueSection(const std::string& title, const ValueView& view,
                     const MemoStore& store, std::size_t width, Sheet& sheet) {
  sheet.AddSection(title);
  sheet.Add("type", view.type);
  sheet.Add("digest", view.digest.ToString());
  if (view.size.has_value()) sheet.Add("size", HumanBytes(*view.size));
  const std::string file = BlobFile(store, view.digest);
  if (!file.empty()) sheet.Add("file", file);
  AddValue(view, width, sheet);
}

std::string ToText(const CallView& call, const MemoStore& store,
                   std::size_t width) {
  const CallRecord& record = call.record;
  Sheet sheet;
  sheet.Add("call", record.key.ToString());
  sheet.Add("function", record.function);
  sheet.Add("version", record.version);
  for (const auto& [name, value] : record.salts) {
    sheet.Add("salt", absl::StrCat(name, "=", value));
  }
  sheet.Add("time", HumanDuration(record.elapsed));
  sheet.Add("created", TimeAndAge(record.created_at));
  sheet.Add("last use", TimeAndAge(record.last_used_at));
  sheet.Add("hits", absl::StrCat(record.hits));
  sheet.Add("environment", EnvironmentText(record));
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    AddValueSection(absl::StrCat("argument ", ArgumentName(record, i)),
                    call.arguments[i], store, width, sheet);
  }
  AddValueSection("result", call.result, store, width, sheet);
  return sheet.ToString(width);
}

void AddFile(const MemoStore& store, const Digest& digest, json::value& value) {
  const std::string file = BlobFile(store, digest);
  json::object& object = value.get_object();
  object["file"] = nullptr;
  if (!file.empty()) object["file"] = file;
}

json::value ToJson(const CallView& call, const MemoStore& store) {
  json::object object = {{"kind", "call"}};
  for (auto& [name, member] : ToJson(call, /*statistics=*/true)) {
    object[name] = member;
  }
  json::array& arguments = object["arguments"].get_array();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    AddFile(store, call.arguments[i].digest, arguments[i]);
  }
  AddFile(store, call.result.digest, object["result"]);
  return object;
}

}  // namespace

absl::Status ShowCall(const Digest& key, Session& session) {
  absl::StatusOr<CallRecord> record = session.store.FindCall(key);
  if (!record.ok()) return record.status();
  CallViewer viewer(session, Attention::kFull);
  const CallView call = viewer.Look(*std::move(record));
  session.out.Write(session.json
                        ? ToJsonText(ToJson(call, session.store))
                        : ToText(call, session.store, session.out.width()));
  return absl::OkStatus();
}

}  // namespace ireneo::tools

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/lineage.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/show.h"
#include "ireneo/tools/text.h"
#include "ireneo/tools/value_label.h"

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

// A call, and what else the store knows of it.
struct Shown {
  CallView call;
  std::vector<std::vector<ArgumentSource>> sources;  // Of each argument.
  // Of each callee; empty if it is no longer remembered.
  std::vector<std::string> callee_functions;
  std::vector<ConflictRecord> conflicts;
  std::vector<ValueView> other_results;  // Of each conflict.
};

absl::StatusOr<Shown> Look(CallRecord record, Session& session) {
  Shown shown;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    IRENEO_ASSIGN_OR_RETURN(shown.sources.emplace_back(),
                            FindArgumentSources(session.store, record, i));
  }
  for (const Digest& key : record.callees) {
    const absl::StatusOr<CallRecord> callee = session.store.FindCall(key);
    if (!callee.ok() && !absl::IsNotFound(callee.status())) {
      return callee.status();
    }
    shown.callee_functions.push_back(callee.ok() ? callee->function : "");
  }
  IRENEO_ASSIGN_OR_RETURN(shown.conflicts, session.store.Conflicts(record.key));
  // One that came out again, and was kept that time, is no other one.
  std::erase_if(shown.conflicts, [&](const ConflictRecord& conflict) {
    return conflict.result == record.result;
  });
  CallViewer viewer(session.store, session.registry, Attention::kFull,
                    session.damage);
  ValueViewer values(session.store, session.registry, Attention::kGlance);
  for (const ConflictRecord& conflict : shown.conflicts) {
    shown.other_results.push_back(
        values.LookAtBlob(record.result_type, conflict.result));
    const ValueView& other = shown.other_results.back();
    if (other.state != ValueView::State::kDamaged) continue;
    session.damage.push_back(
        absl::StrCat("other result of call ", ShortHex(record.key), " of ",
                     record.function, ": ", other.why.message()));
  }
  shown.call = viewer.Look(std::move(record));
  return shown;
}

void AddValueSection(const std::string& title, const ValueView& view,
                     const std::vector<ArgumentSource>& sources,
                     const MemoStore& store, std::size_t width, Sheet& sheet) {
  sheet.AddSection(title);
  sheet.Add("type", view.type);
  sheet.Add("digest", view.digest.ToString());
  // That two small values are equal may be a coincidence.
  constexpr std::uint64_t kSmall = 64;
  const bool small = view.size.value_or(kSmall) <= kSmall;
  const char* label = small ? "equals" : "result of";
  for (const ArgumentSource& source : sources) {
    std::string text =
        absl::StrCat(small ? "the result of call " : "call ",
                     ShortHex(source.key), " of ", Escape(source.function));
    if (source.others > 0) {
      absl::StrAppend(&text, ", as of ", Count(source.others, "other call"));
    }
    sheet.Add(label, text);
    label = "";
  }
  if (view.size.has_value()) sheet.Add("size", HumanBytes(*view.size));
  const std::string file = BlobFile(store, view.digest);
  if (!file.empty()) sheet.Add("file", file);
  AddValue(view, width, sheet);
}

void AddConflicts(const Shown& shown, Sheet& sheet) {
  const std::vector<ConflictRecord>& conflicts = shown.conflicts;
  if (conflicts.empty()) return;
  sheet.AddSection("other results of this call");
  for (std::size_t i = 0; i < conflicts.size(); ++i) {
    sheet.Add("digest", conflicts[i].result.ToString());
    sheet.Add("value", ResultLabel(shown.other_results[i]));
    sheet.Add("seen",
              absl::StrCat(Count(conflicts[i].times, "time"), ", first ",
                           TimeAndAge(conflicts[i].first_seen)));
  }
  sheet.Add("see",
            absl::StrCat("ireneo show ", ShortHex(conflicts.front().result),
                         ", or ireneo get to compare files"));
}

std::string ToText(const Shown& shown, const MemoStore& store,
                   std::size_t width) {
  const CallView& call = shown.call;
  const CallRecord& record = call.record;
  Sheet sheet;
  sheet.Add("call", record.key.ToString());
  sheet.Add("function", record.function);
  sheet.Add("version", record.version);
  for (std::size_t i = 0; i < record.callee_versions.size(); ++i) {
    sheet.Add(absl::StrCat("callee ", i + 1), record.callee_versions[i]);
  }
  for (const auto& [name, value] : record.salts) {
    sheet.Add("salt", absl::StrCat(name, "=", value));
  }
  for (const auto& [name, value] : record.environment_in_key) {
    sheet.Add("in the key", absl::StrCat(name, "=", value));
  }
  if (record.seed.has_value()) sheet.Add("seed", absl::StrCat(*record.seed));
  sheet.Add("time", HumanDuration(record.elapsed));
  sheet.Add("remembering",
            absl::StrCat(HumanDuration(record.spent),
                         record.hits == 0 ? "" : ", hits included"));
  sheet.Add("created", TimeAndAge(record.created_at));
  sheet.Add("last use", TimeAndAge(record.last_used_at));
  sheet.Add("hits", absl::StrCat(record.hits));
  sheet.Add("environment", EnvironmentText(record));
  if (const std::optional<CallOrigin> origin = OriginOf(record)) {
    sheet.Add("imported from",
              absl::StrCat(origin->archive, ", ", origin->digest));
  }
  for (std::size_t i = 0; i < record.callees.size(); ++i) {
    const std::string& function = shown.callee_functions[i];
    sheet.Add(
        i == 0 ? "made calls" : "",
        absl::StrCat(ShortHex(record.callees[i]), " ",
                     function.empty() ? "(forgotten)"
                                      : absl::StrCat("of ", Escape(function))));
  }
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    AddValueSection(absl::StrCat("argument ", ArgumentName(record, i)),
                    call.arguments[i], shown.sources[i], store, width, sheet);
  }
  AddValueSection("result", call.result, {}, store, width, sheet);
  AddConflicts(shown, sheet);
  return sheet.ToString(width);
}

void AddFile(const MemoStore& store, const Digest& digest,
             json::object& object) {
  const std::string file = BlobFile(store, digest);
  object["file"] = nullptr;
  if (!file.empty()) object["file"] = file;
}

json::array ToJson(const std::vector<ArgumentSource>& sources) {
  json::array array;
  for (const ArgumentSource& source : sources) {
    array.push_back(json::object{{"key", source.key.ToString()},
                                 {"function", source.function},
                                 {"others", source.others}});
  }
  return array;
}

json::value ToJson(const Shown& shown, const Session& session) {
  const CallView& call = shown.call;
  json::object object = {{"kind", "call"}};
  for (auto& [name, member] :
       ireneo::ToJson(call, session.registry, /*statistics=*/true)) {
    object[name] = std::move(member);
  }
  json::array& arguments = object["arguments"].get_array();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    json::object& argument = arguments[i].get_object();
    AddFile(session.store, call.arguments[i].digest, argument);
    argument["result_of"] = ToJson(shown.sources[i]);
  }
  AddFile(session.store, call.result.digest, object["result"].get_object());
  json::array& callees = object["callees"].get_array();
  for (std::size_t i = 0; i < callees.size(); ++i) {
    const std::string& function = shown.callee_functions[i];
    json::value& name = callees[i].get_object()["function"];
    if (!function.empty()) name = function;
  }
  json::array conflicts;
  for (const ConflictRecord& conflict : shown.conflicts) {
    conflicts.push_back(
        json::object{{"digest", conflict.result.ToString()},
                     {"times", conflict.times},
                     {"first_seen_at", Rfc3339(conflict.first_seen)}});
  }
  object["conflicts"] = std::move(conflicts);
  return object;
}

}  // namespace

absl::Status ShowCall(const Digest& key, Session& session) {
  IRENEO_ASSIGN_OR_RETURN(CallRecord record, session.store.FindCall(key));
  IRENEO_ASSIGN_OR_RETURN(const Shown shown, Look(std::move(record), session));
  session.out.Write(session.json
                        ? ToJsonText(ToJson(shown, session))
                        : ToText(shown, session.store, session.out.width()));
  return absl::OkStatus();
}

}  // namespace ireneo::tools

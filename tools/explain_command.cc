// `ireneo explain`

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/explain.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

struct ExplainOptions {
  std::string key;
  std::string other;  // Empty if it is the nearest.
};

// Two calls that are compared; `before` is none if there is none to compare
// with.
struct Comparison {
  std::optional<CallRecord> before;
  CallRecord now;
  std::vector<Difference> differences = {};

  bool AreOne() const { return before.has_value() && before->key == now.key; }
};

// Adds what is damaged of the arguments that differ, before they are compared:
// what is damaged is set aside when it is met.
void CheckArguments(const CallRecord& call, const CallRecord& other,
                    Session& session) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const ArgumentRecord& argument = call.arguments[i];
    if (!argument.kept || (i < other.arguments.size() &&
                           other.arguments[i].digest == argument.digest)) {
      continue;
    }
    const absl::Status status = session.store.ArgumentBytes(argument).status();
    if (status.ok()) continue;
    session.damage.push_back(absl::StrCat(
        "argument ", ArgumentName(call, i), " of call ", ShortHex(call.key),
        " of ", call.function, ": ", status.message()));
  }
}

json::value ToJson(const std::optional<CallRecord>& call) {
  if (!call.has_value()) return nullptr;
  return json::object{{"key", call->key.ToString()},
                      {"function", call->function},
                      {"version", call->version},
                      {"created_at", Rfc3339(call->created_at)}};
}

json::value ToJson(const Comparison& comparison) {
  json::array differences;
  for (const Difference& difference : comparison.differences) {
    differences.push_back(json::object{{"part", difference.part},
                                       {"before", difference.before},
                                       {"now", difference.now}});
  }
  return json::object{{"before", ToJson(comparison.before)},
                      {"now", ToJson(std::optional(comparison.now))},
                      {"differences", std::move(differences)}};
}

std::string Line(const char* label, const CallRecord& call) {
  return absl::StrCat(label, call.key.ToString(), " of ", call.function, ", ",
                      HumanTime(call.created_at));
}

// Lines are not wrapped: a value is in one piece, to be copied.
std::string ToText(const Comparison& comparison) {
  const CallRecord& now = comparison.now;
  std::vector<std::string> lines;
  if (!comparison.before.has_value()) {
    lines = {absl::StrCat("no other call of ", now.function,
                          " is remembered: there is nothing to compare ",
                          now.key.ToString(), " with")};
  } else if (comparison.AreOne()) {
    lines = {absl::StrCat("both are call ", now.key.ToString(), " of ",
                          now.function, ": nothing differs")};
  } else {
    lines = {Line("before  ", *comparison.before), Line("now     ", now), ""};
    if (comparison.before->function != now.function) {
      lines.emplace_back(
          "the two are calls of different functions, whose keys always differ");
    }
    for (const Difference& difference : comparison.differences) {
      lines.push_back(difference.ToString());
    }
    if (comparison.differences.empty()) {
      lines.emplace_back("nothing that is on record differs");
    }
  }
  std::string text;
  for (const std::string& line : lines) {
    absl::StrAppend(&text, Escape(line), "\n");
  }
  return text;
}

absl::Status Run(const ExplainOptions& options, Session& session) {
  Comparison comparison;
  IRENEO_ASSIGN_OR_RETURN(comparison.now,
                          ResolveCall(session.store, options.key));
  if (options.other.empty()) {
    IRENEO_ASSIGN_OR_RETURN(comparison.before,
                            FindNearestCall(session.store, comparison.now));
    if (comparison.before.has_value() &&
        comparison.before->created_at > comparison.now.created_at) {
      std::swap(*comparison.before, comparison.now);
    }
  } else {
    comparison.before = std::move(comparison.now);
    IRENEO_ASSIGN_OR_RETURN(comparison.now,
                            ResolveCall(session.store, options.other));
  }
  if (comparison.before.has_value()) {
    CheckArguments(*comparison.before, comparison.now, session);
    CheckArguments(comparison.now, *comparison.before, session);
    comparison.differences = FindDifferences(
        session.store, session.registry, *comparison.before, comparison.now);
  }
  session.out.Write(session.json ? ToJsonText(ToJson(comparison))
                                 : ToText(comparison));
  return absl::OkStatus();
}

}  // namespace

void AddExplainCommand(CLI::App& app, Command& command) {
  CLI::App* const explain = app.add_subcommand(
      "explain", "Tell what differs between two calls of a function.");
  const auto options = std::make_shared<ExplainOptions>();
  explain
      ->add_option("KEY", options->key,
                   "of a call, or its first four or more digits")
      ->type_name("")
      ->required()
      ->check(CheckPrefix, "");
  explain
      ->add_option("KEY2", options->other,
                   "of a later one; if not given, KEY is the later one")
      ->type_name("")
      ->check(CheckPrefix, "");
  explain->footer(
      "A line for each part of the keys that differs: version, callees, salts, "
      "seed,\nenvironment, types and arguments, with both values, or digests "
      "of "
      "values that\nwere not kept. A single call is compared with its nearest "
      "relative: the call of\nits function with the fewest differences, the "
      "newest of these.\n\nExample: ireneo explain 3fa2b1c4 9c01d7e2");
  explain->callback([&command, options] {
    command.run = [options](Session& session) {
      return Run(*options, session);
    };
  });
}

}  // namespace ireneo::tools

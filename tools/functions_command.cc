// `ireneo functions`

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::value ToJson(const std::vector<FunctionSummary>& functions) {
  json::array array;
  for (const FunctionSummary& function : functions) {
    array.push_back(json::object{
        {"name", function.name},
        {"versions",
         json::array(function.versions.begin(), function.versions.end())},
        {"calls", function.calls},
        {"hits", function.hits},
        {"computed_seconds", absl::ToDoubleSeconds(function.computed)},
        {"saved_seconds", absl::ToDoubleSeconds(function.saved)},
        {"bytes", function.bytes}});
  }
  return array;
}

std::string ToText(const std::vector<FunctionSummary>& functions,
                   std::size_t width) {
  if (functions.empty()) return "no calls are remembered\n";
  Table table({{.header = "function", .flexible = true, .keep_end = true},
               {.header = "versions", .flexible = true},
               {.header = "calls", .right = true},
               {.header = "hits", .right = true},
               {.header = "computing", .right = true},
               {.header = "saved", .right = true},
               {.header = "bytes", .right = true}});
  for (const FunctionSummary& function : functions) {
    table.Add({function.name, absl::StrJoin(function.versions, ", "),
               absl::StrCat(function.calls), absl::StrCat(function.hits),
               HumanDuration(function.computed), HumanDuration(function.saved),
               HumanBytes(function.bytes)});
  }
  return table.ToString(width);
}

absl::Status Run(Session& session) {
  const absl::StatusOr<std::vector<FunctionSummary>> functions =
      session.store.Functions();
  if (!functions.ok()) return functions.status();
  session.out.Write(session.json ? ToJsonText(ToJson(*functions))
                                 : ToText(*functions, session.out.width()));
  return absl::OkStatus();
}

}  // namespace

void AddFunctionsCommand(CLI::App& app, Command& command) {
  app.add_subcommand("functions", "List functions and what they saved.")
      ->footer(
          "A line shows the name, the versions (oldest first), calls, hits, "
          "the time to\ncompute the results, the time saved by hits, and the "
          "size of the results.\n\nExample: ireneo --store results functions")
      ->callback([&command] { command = Run; });
}

}  // namespace ireneo::tools

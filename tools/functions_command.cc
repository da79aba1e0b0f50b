// `ireneo functions`

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/remarks.h"
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
        {"spent_seconds", absl::ToDoubleSeconds(function.spent)},
        {"bytes", function.bytes},
        {"conflicts", function.conflicts},
        {"costs_more_than_computing", function.CostsMoreThanComputing()}});
  }
  return array;
}

std::string ToText(const std::vector<FunctionSummary>& functions,
                   const Remarks& remarks, std::size_t width) {
  if (functions.empty()) return "no calls are remembered\n";
  Table table({{.header = "function", .flexible = true, .keep_end = true},
               {.header = "versions", .flexible = true},
               {.header = "calls", .right = true},
               {.header = "hits", .right = true},
               {.header = "compute", .right = true},
               {.header = "saved", .right = true},
               {.header = "spent", .right = true},
               {.header = "bytes", .right = true}});
  for (const FunctionSummary& function : functions) {
    table.Add({function.name, absl::StrJoin(function.versions, ", "),
               absl::StrCat(function.calls), absl::StrCat(function.hits),
               HumanDuration(function.computed), HumanDuration(function.saved),
               HumanDuration(function.spent), HumanBytes(function.bytes)});
  }
  Sheet below;
  AddRemarks(remarks, below);
  const std::string text = below.ToString(width);
  return absl::StrCat(table.ToString(width), text.empty() ? "" : "\n", text);
}

absl::Status Run(Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<FunctionSummary> functions,
                          session.store.Functions());
  if (session.json) {
    session.out.Write(ToJsonText(ToJson(functions)));
    return absl::OkStatus();
  }
  IRENEO_ASSIGN_OR_RETURN(const Remarks remarks,
                          FindRemarks(session.store, functions));
  session.out.Write(ToText(functions, remarks, session.out.width()));
  return absl::OkStatus();
}

}  // namespace

void AddFunctionsCommand(CLI::App& app, Command& command) {
  app.add_subcommand("functions", "List functions and what they saved.")
      ->footer(
          "A line shows the name, the versions (oldest first), calls, hits, "
          "the time to\ncompute the results, the time saved by hits, the time "
          "spent on remembering, and\nthe size of the results. Remarks below "
          "name functions whose calls had different\nresults, and those for "
          "which remembering costs more than computing.\n\n"
          "Example: ireneo --store results functions")
      ->callback([&command] { command.run = Run; });
}

}  // namespace ireneo::tools

// `ireneo graph`

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/lineage.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/dot.h"
#include "ireneo/tools/json_text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::object ToJson(const LineageNode& node, ValueViewer& viewer) {
  json::object object = {{"key", node.key.ToString()},
                         {"forgotten", !node.record.has_value()}};
  if (!node.record.has_value()) return object;
  const CallRecord& record = *node.record;
  object["function"] = record.function;
  object["version"] = record.version;
  object["seed"] = nullptr;
  if (record.seed.has_value()) object["seed"] = *record.seed;
  json::array arguments;
  for (const ArgumentRecord& argument : record.arguments) {
    json::object member = {{"name", nullptr},
                           {"type", argument.type},
                           {"digest", argument.digest.ToString()},
                           {"value", nullptr}};
    if (!argument.name.empty()) member["name"] = argument.name;
    // Nothing large is read for a picture.
    if (argument.small_value.has_value()) {
      std::optional<json::value> value =
          FullValue(viewer.LookAtArgument(argument), viewer.registry());
      if (value.has_value()) member["value"] = *std::move(value);
    }
    arguments.push_back(std::move(member));
  }
  object["arguments"] = std::move(arguments);
  object["result"] = json::object{{"type", record.result_type},
                                  {"digest", record.result.ToString()}};
  object["elapsed_seconds"] = absl::ToDoubleSeconds(record.elapsed);
  object["created_at"] = Rfc3339(record.created_at);
  return object;
}

json::object ToJson(const LineageEdge& edge, const Lineage& lineage) {
  const LineageNode& from = lineage.nodes[edge.from];
  const LineageNode& to = lineage.nodes[edge.to];
  const bool is_data = edge.kind == LineageEdge::Kind::kData;
  json::object object = {{"kind", is_data ? "data" : "call"},
                         {"from", from.key.ToString()},
                         {"to", to.key.ToString()}};
  if (is_data) {
    const std::string& name = to.record->arguments[edge.argument].name;
    object["argument"] = nullptr;
    if (!name.empty()) object["argument"] = name;
    object["position"] = edge.argument;  // From 0, as in "arguments".
    object["others"] = edge.others;
  }
  return object;
}

json::value ToJson(const Lineage& lineage, ValueViewer& viewer) {
  json::array nodes;
  for (const LineageNode& node : lineage.nodes) {
    nodes.push_back(ToJson(node, viewer));
  }
  json::array edges;
  for (const LineageEdge& edge : lineage.edges) {
    edges.push_back(ToJson(edge, lineage));
  }
  return json::object{{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

absl::Status Run(const std::string& function, Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const Lineage lineage,
                          FindLineage(session.store, {.function = function}));
  ValueViewer viewer(session.store, session.registry, Attention::kGlance);
  session.out.Write(session.json ? ToJsonText(ToJson(lineage, viewer))
                                 : ToDot(lineage, viewer));
  return absl::OkStatus();
}

}  // namespace

void AddGraphCommand(CLI::App& app, Command& command) {
  CLI::App* const graph = app.add_subcommand(
      "graph", "Draw where results come from, for Graphviz.");
  const auto function = std::make_shared<std::string>();
  graph
      ->add_option("FUNCTION", *function,
                   "only those whose names start so, and what they come from")
      ->type_name("");
  graph->footer(
      "A node is a call. A solid arrow leads to a call that was made inside "
      "of it, a\ndashed one to a call that took its result as an argument. "
      "Calls that were made\nand are no longer remembered are gray.\n\n"
      "Example: ireneo graph acme.Solve | dot -Tsvg -o solve.svg");
  graph->callback([&command, function] {
    command.run = [function](Session& session) {
      return Run(*function, session);
    };
  });
}

}  // namespace ireneo::tools

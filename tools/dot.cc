#include "ireneo/tools/dot.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/record.h"
#include "ireneo/serializers/type_label.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/text.h"
#include "ireneo/tools/value_label.h"

namespace ireneo::tools {
namespace {

// A longer line of a label is cut, so that nodes stay small.
constexpr std::size_t kLabelWidth = 48;

// "a=f64[?x?] tolerance=1e-08": values where they stand in the record, types
// elsewhere, so that nothing large is read for a picture.
std::string ArgumentsText(const CallRecord& record, ValueViewer& viewer) {
  std::string text;
  for (const ArgumentRecord& argument : record.arguments) {
    absl::StrAppend(&text, text.empty() ? "" : " ", argument.name,
                    argument.name.empty() ? "" : "=",
                    argument.small_value.has_value()
                        ? ValueLabel(viewer.LookAtArgument(argument))
                        : TypeLabel(argument.type));
  }
  return text;
}

std::string NodeText(const LineageNode& node, ValueViewer& viewer) {
  const std::string name = DotString({node.key.ToString()});
  if (!node.record.has_value()) {
    return absl::StrCat(
        name, " [label=", DotString({"forgotten", ShortHex(node.key)}),
        ", tooltip=", name, ", style=dashed, color=gray, fontcolor=gray]");
  }
  const CallRecord& record = *node.record;
  std::vector<std::string> label = {
      ShortenStart(Escape(record.function), kLabelWidth), ShortHex(node.key)};
  if (record.seed.has_value()) {
    label.push_back(absl::StrCat("seed ", *record.seed));
  }
  const std::string arguments = ArgumentsText(record, viewer);
  if (!arguments.empty()) {
    label.push_back(Shorten(Escape(arguments), kLabelWidth));
  }
  return absl::StrCat(
      name, " [label=", DotString(label), ", tooltip=",
      DotString({record.key.ToString(), record.function,
                 absl::StrCat("version ", record.version),
                 absl::StrCat(HumanTime(record.created_at), ", took ",
                              HumanDuration(record.elapsed))}),
      "]");
}

std::string EdgeText(const LineageEdge& edge, const Lineage& lineage) {
  const LineageNode& from = lineage.nodes[edge.from];
  const LineageNode& to = lineage.nodes[edge.to];
  std::string text = absl::StrCat(DotString({from.key.ToString()}), " -> ",
                                  DotString({to.key.ToString()}));
  if (edge.kind == LineageEdge::Kind::kCall) return text;
  absl::StrAppend(&text, " [style=dashed, label=",
                  DotString({ArgumentName(*to.record, edge.argument)}));
  if (edge.others > 0) {
    absl::StrAppend(&text, ", tooltip=",
                    DotString({absl::StrCat("also the result of ",
                                            Count(edge.others, "other call"),
                                            " of ", from.record->function)}));
  }
  return text + "]";
}

}  // namespace

std::string DotString(const std::vector<std::string>& lines) {
  std::string text = "\"";
  const char* separator = "";
  for (const std::string& line : lines) {
    text += separator;
    separator = "\\n";
    for (const char c : Escape(line)) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
      // Graphviz knows the entities of HTML.
      if (c == '&') text += "amp;";
    }
  }
  return text + '"';
}

std::string ToDot(const Lineage& lineage, ValueViewer& viewer) {
  std::string text =
      "// A solid arrow leads from a call to one that was made inside of it, a "
      "dashed one\n// from a call to one that took its result as the argument "
      "named.\ndigraph lineage {\n  node [shape=box, fontname=\"sans-serif\"];"
      "\n  edge [fontname=\"sans-serif\", fontsize=10];\n";
  if (lineage.nodes.empty()) text += "  // No such calls are remembered.\n";
  for (const LineageNode& node : lineage.nodes) {
    absl::StrAppend(&text, "  ", NodeText(node, viewer), ";\n");
  }
  for (const LineageEdge& edge : lineage.edges) {
    absl::StrAppend(&text, "  ", EdgeText(edge, lineage), ";\n");
  }
  return text + "}\n";
}

}  // namespace ireneo::tools

#ifndef IRENEO_TOOLS_DOT_H_
#define IRENEO_TOOLS_DOT_H_

// Lineage in the language of Graphviz, for `dot`.

#include <string>
#include <vector>

#include "ireneo/memo/lineage.h"
#include "ireneo/memo/value_view.h"

namespace ireneo::tools {

// What Graphviz shows as these lines, in quotes, for a label or a tooltip. What
// a terminal would obey, or is not UTF-8, is escaped (tools/text.h).
std::string DotString(const std::vector<std::string>& lines);

// A digraph with a node for each call, whose name is its key, and an edge for
// each of the lineage's: solid from a call to those made inside of it, dashed
// from a call to those that took its result, with the name of the argument.
std::string ToDot(const Lineage& lineage, ValueViewer& viewer);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_DOT_H_

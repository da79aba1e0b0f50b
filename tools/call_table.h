#ifndef IRENEO_TOOLS_CALL_TABLE_H_
#define IRENEO_TOOLS_CALL_TABLE_H_

// Calls as people read them, a line each.

#include <cstddef>
#include <string>
#include <vector>

#include "ireneo/memo/call_view.h"
#include "ireneo/memo/record.h"

namespace ireneo::tools {

struct CallTableOptions {
  bool function_column = true;
  std::size_t max_width = 80;
};

// A line is short, so where arguments have names, those that differ between
// the listed calls of a function stand first; there is a column of versions
// only where they differ, and one of seeds if a call has one. `viewer` reports
// damage.
std::string CallTable(std::vector<CallRecord> records, CallViewer& viewer,
                      const CallTableOptions& options);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_CALL_TABLE_H_

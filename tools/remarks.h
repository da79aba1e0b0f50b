#ifndef IRENEO_TOOLS_REMARKS_H_
#define IRENEO_TOOLS_REMARKS_H_

// What is amiss with functions, though nothing is damaged: calls of them had
// different results, or remembering costs more than it can save.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {

// A function some of whose calls had different results.
struct Nondeterministic {
  std::string function;
  std::vector<Digest> keys;  // Of those calls, newest first.
};

struct Remarks {
  std::vector<Nondeterministic> nondeterministic;
  std::vector<std::string> costly;  // Names, sorted.
};

// Looks at the calls of functions that have conflicts. Errors: those of the
// store.
absl::StatusOr<Remarks> FindRemarks(
    const MemoStore& store, const std::vector<FunctionSummary>& functions);

// Adds lines that say it, and what to do.
void AddRemarks(const Remarks& remarks, Sheet& sheet);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_REMARKS_H_

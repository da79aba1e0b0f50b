#include "ireneo/tools/blob_uses.h"

#include <cstddef>
#include <set>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::tools {
namespace {

// As a rule there are none, and nothing else must be looked at.
absl::StatusOr<std::set<std::string>> FunctionsWithConflicts(
    const MemoStore& store) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<FunctionSummary> functions,
                          store.Functions());
  std::set<std::string> names;
  for (const FunctionSummary& function : functions) {
    if (function.conflicts > 0) names.insert(function.name);
  }
  return names;
}

}  // namespace

absl::StatusOr<std::vector<BlobUse>> FindBlobUses(const MemoStore& store,
                                                  const Digest& digest) {
  IRENEO_ASSIGN_OR_RETURN(const std::set<std::string> with_conflicts,
                          FunctionsWithConflicts(store));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<CallRecord> records, store.Calls());
  std::vector<BlobUse> uses;
  for (const CallRecord& record : records) {
    if (record.result == digest) {
      uses.push_back(
          {record.key, record.function, "result", record.result_type});
    }
    for (std::size_t i = 0; i < record.arguments.size(); ++i) {
      if (record.arguments[i].digest != digest) continue;
      uses.push_back({record.key, record.function,
                      absl::StrCat("argument ", ArgumentName(record, i)),
                      record.arguments[i].type});
    }
    if (!with_conflicts.contains(record.function)) continue;
    IRENEO_ASSIGN_OR_RETURN(const std::vector<ConflictRecord> conflicts,
                            store.Conflicts(record.key));
    for (const ConflictRecord& conflict : conflicts) {
      if (conflict.result != digest) continue;
      uses.push_back(
          {record.key, record.function, "other result", record.result_type});
    }
  }
  return uses;
}

}  // namespace ireneo::tools

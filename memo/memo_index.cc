#include "ireneo/memo/memo_index.h"

#include <utility>

#include "ireneo/store/status_macros.h"

namespace ireneo::internal {

absl::StatusOr<std::vector<CallRecord>> MemoIndex::Records(
    const CallFilter& filter) const {
  std::vector<CallRecord> records;
  IRENEO_RETURN_IF_ERROR(ForEachRecord(filter, [&](CallRecord&& record) {
    records.push_back(std::move(record));
    return true;
  }));
  return records;
}

}  // namespace ireneo::internal

#include "ireneo/memo/memo_index.h"

#include <span>
#include <utility>
#include <vector>

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

void DropVanished(NewCall& call, const StagingBlobStore& store) {
  for (NewCall::Argument& argument : call.arguments) {
    if (argument.kept.has_value() && store.HasVanished(*argument.kept)) {
      argument.kept.reset();
    }
  }
}

absl::Status SyncBlobsOf(std::span<const NewCall> calls,
                         StagingBlobStore& store) {
  std::vector<StagedBlob> unsynced;
  const auto add = [&](const StagedBlob& blob) {
    if (blob.unsynced) unsynced.push_back(blob);
  };
  for (const NewCall& call : calls) {
    add(call.result);
    for (const NewCall::Argument& argument : call.arguments) {
      if (argument.kept.has_value()) add(*argument.kept);
    }
  }
  if (unsynced.empty()) return absl::OkStatus();
  std::vector<StagedBlob*> blobs;
  for (StagedBlob& blob : unsynced) blobs.push_back(&blob);
  return store.SyncStaged(blobs);
}

}  // namespace ireneo::internal

#include "ireneo/memo/memo_store.h"

#include <utility>

#include "ireneo/memo/store_state.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {

absl::StatusOr<MemoStore> MemoStore::Open(
    const std::filesystem::path& directory, MemoStoreOptions options) {
  IRENEO_ASSIGN_OR_RETURN(
      std::shared_ptr<internal::StoreState> state,
      internal::StoreState::Open(directory, std::move(options)));
  return MemoStore(std::move(state));
}

const std::filesystem::path& MemoStore::directory() const {
  return state_->directory();
}

BlobStore& MemoStore::blobs() const { return state_->blobs(); }

std::filesystem::path MemoStore::BlobPath(const Digest& digest) const {
  return state_->blobs().PathOf(digest);
}

// Queries first write down the hits of this process. If that fails, the answer
// lacks them, which is no reason to refuse it.

absl::StatusOr<StoreStats> MemoStore::Stats() const {
  (void)state_->FlushHits();
  IRENEO_ASSIGN_OR_RETURN(StoreStats stats, state_->index().Stats());
  stats.faults = state_->faults();
  return stats;
}

absl::StatusOr<std::vector<FunctionSummary>> MemoStore::Functions() const {
  (void)state_->FlushHits();
  return state_->index().Functions();
}

absl::StatusOr<std::vector<CallRecord>> MemoStore::Calls(
    const CallFilter& filter) const {
  (void)state_->FlushHits();
  return state_->index().Records(filter);
}

absl::StatusOr<CallRecord> MemoStore::FindCall(const Digest& key) const {
  (void)state_->FlushHits();
  return state_->index().Record(key);
}

absl::Status MemoStore::Forget(const Digest& key) const {
  return state_->index().Forget(key);
}

absl::StatusOr<std::vector<PrefixMatch>> MemoStore::FindByPrefix(
    std::string_view hex, int limit) const {
  return state_->index().FindByPrefix(hex, limit);
}

}  // namespace ireneo

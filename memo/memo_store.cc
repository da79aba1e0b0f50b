#include "ireneo/memo/memo_store.h"

#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/memo/verifier.h"
#include "ireneo/store/process_id.h"
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

absl::StatusOr<Blob> MemoStore::Get(const Digest& digest) const {
  state_->FlushAll();
  absl::StatusOr<Blob> blob = state_->blobs().Get(digest);
  if (!absl::IsNotFound(blob.status())) return blob;
  absl::StatusOr<Blob> argument = state_->index().FindSmallArgument(digest);
  // That there is no such blob says more than that there is no such argument.
  return absl::IsNotFound(argument.status()) ? blob : argument;
}

absl::StatusOr<Blob> MemoStore::ArgumentBytes(
    const ArgumentRecord& argument) const {
  if (!argument.kept) {
    return absl::NotFoundError(
        absl::StrCat("argument ", argument.digest.ToString(),
                     " was not kept: memoize with keep_arguments = kAll"));
  }
  if (!argument.small_value.has_value()) {
    return state_->blobs().Get(argument.digest);
  }
  if (Digest::Of(*argument.small_value) != argument.digest) {
    return absl::DataLossError(absl::StrCat(
        "argument ", argument.digest.ToString(),
        " is damaged: its bytes in the database are not those stored"));
  }
  return Blob::Copy(std::as_bytes(std::span(*argument.small_value)));
}

std::filesystem::path MemoStore::BlobPath(const Digest& digest) const {
  return state_->blobs().PathOf(digest);
}

// Queries first write down the hits and the batch of this process. If that
// fails, the answer lacks them, which is no reason to refuse it.

absl::StatusOr<StoreStats> MemoStore::Stats() const {
  state_->FlushAll();
  IRENEO_ASSIGN_OR_RETURN(StoreStats stats, state_->index().Stats());
  stats.faults = state_->faults();
  return stats;
}

absl::StatusOr<VerifyReport> MemoStore::Verify(
    const VerifyOptions& options) const {
  return internal::VerifyStore(*state_, options);
}

absl::StatusOr<std::vector<FunctionSummary>> MemoStore::Functions() const {
  state_->FlushAll();
  return state_->index().Functions();
}

absl::StatusOr<std::vector<CallRecord>> MemoStore::Calls(
    const CallFilter& filter) const {
  state_->FlushAll();
  return state_->index().Records(filter);
}

absl::StatusOr<CallRecord> MemoStore::FindCall(const Digest& key) const {
  state_->FlushAll();
  return state_->index().Record(key);
}

absl::Status MemoStore::Forget(const Digest& key) const {
  return state_->Forget(key);
}

absl::StatusOr<std::vector<ConflictRecord>> MemoStore::Conflicts(
    const Digest& key) const {
  state_->FlushAll();
  return state_->index().Conflicts(key);
}

WriteBatch MemoStore::Batch() const { return WriteBatch(*this); }

WriteBatch::WriteBatch(MemoStore store)
    : store_(std::move(store)), pid_(ProcessId()) {
  store_.state().OpenBatch();
}

WriteBatch::~WriteBatch() {
  if (pid_ == ProcessId()) (void)store_.state().CloseBatch();
}

absl::Status WriteBatch::Flush() const { return store_.state().FlushBatch(); }

absl::StatusOr<std::vector<PrefixMatch>> MemoStore::FindByPrefix(
    std::string_view hex, int limit) const {
  state_->FlushAll();
  return state_->index().FindByPrefix(hex, limit);
}

}  // namespace ireneo

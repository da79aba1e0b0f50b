#include "ireneo/memo/memo_store.h"

#include <span>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/recompressor.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/memo/verifier.h"
#include "ireneo/serializers/utf8.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// What stands in the record of a call.
absl::StatusOr<Blob> SmallValue(std::string_view what, const std::string& bytes,
                                const Digest& digest) {
  if (Digest::Of(bytes) != digest) {
    return absl::DataLossError(absl::StrCat(
        std::string(what), " ", digest.ToString(),
        " is damaged: its bytes in the database are not those stored"));
  }
  return Blob::Copy(std::as_bytes(std::span(bytes)));
}

}  // namespace

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
  absl::StatusOr<Blob> small = state_->index().FindSmallValue(digest);
  // That there is no such blob says more than that there is no such value.
  return absl::IsNotFound(small.status()) ? blob : small;
}

bool MemoStore::is_archive() const { return state_->archive() != nullptr; }

absl::StatusOr<Blob> MemoStore::ResultBytes(const CallRecord& call) const {
  if (!call.small_result.has_value()) return state_->blobs().Get(call.result);
  return SmallValue("result", *call.small_result, call.result);
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
  return SmallValue("argument", *argument.small_value, argument.digest);
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
  IRENEO_ASSIGN_OR_RETURN(stats.disk, state_->index().DiskUsage());
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, Pins());
  stats.pins = static_cast<std::int64_t>(pins.size());
  const std::filesystem::path quarantine = directory() / "quarantine";
  if (const auto names = state_->file_system().List(quarantine); names.ok()) {
    for (const std::string& name : *names) {
      const absl::StatusOr<FileInfo> info =
          state_->file_system().Stat(quarantine / name);
      if (!info.ok()) continue;
      ++stats.quarantined;
      stats.quarantined_bytes += info->size;
    }
  }
  return stats;
}

const absl::Status& MemoStore::Recovered() const { return state_->recovered(); }

absl::StatusOr<VerifyReport> MemoStore::Verify(
    const VerifyOptions& options) const {
  return internal::VerifyStore(*state_, options);
}

absl::StatusOr<RecompressReport> MemoStore::Recompress(
    const RecompressOptions& options) const {
  IRENEO_RETURN_IF_ERROR(state_->CheckWritable());
  state_->FlushAll();
  return internal::RecompressStore(*state_, options);
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

absl::StatusOr<CollectReport> MemoStore::Collect(
    const CollectOptions& options) const {
  return state_->Collect(options);
}

absl::Status MemoStore::Pin(const Digest& digest, std::string_view name) const {
  IRENEO_RETURN_IF_ERROR(state_->CheckWritable());
  if (name.empty() || internal::Utf8PrefixSize(name) < name.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot pin ", digest.ToString(), " as '",
        absl::CHexEscape(std::string(name)), "': give a name in UTF-8"));
  }
  state_->FlushAll();
  return state_->index().AddPin(
      {.name = std::string(name), .digest = digest, .created_at = absl::Now()});
}

absl::StatusOr<std::int64_t> MemoStore::Unpin(
    std::string_view name, std::optional<Digest> digest) const {
  IRENEO_RETURN_IF_ERROR(state_->CheckWritable());
  return state_->index().RemovePins(name, digest);
}

absl::StatusOr<std::vector<PinRecord>> MemoStore::Pins() const {
  return state_->index().Pins();
}

WriteBatch MemoStore::Batch() const { return WriteBatch(*this); }

WriteBatch::WriteBatch(MemoStore store)
    : store_(std::move(store)), pid_(ProcessId()) {
  store_.state().OpenBatch();
}

WriteBatch::~WriteBatch() {
  if (pid_ == ProcessId()) (void)store_.state().CloseBatch();
}

absl::Status WriteBatch::Flush() const {
  return store_.state().FlushBatchOfUser();
}

absl::StatusOr<std::vector<PrefixMatch>> MemoStore::FindByPrefix(
    std::string_view hex, int limit) const {
  state_->FlushAll();
  return state_->index().FindByPrefix(hex, limit);
}

}  // namespace ireneo

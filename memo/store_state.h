#ifndef IRENEO_MEMO_STORE_STATE_H_
#define IRENEO_MEMO_STORE_STATE_H_

// What the copies of a MemoStore share: the open parts of a store and what this
// process has yet to write down. Internal to Ireneo.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/call_batch.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/flight.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memory_tier.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/scratch_directory.h"
#include "ireneo/memo/size_limit.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

class ArchiveFile;

// Thread-safe.
class StoreState {
 public:
  static absl::StatusOr<std::shared_ptr<StoreState>> Open(
      const std::filesystem::path& directory, MemoStoreOptions options);
  // Writes the hit counts down.
  ~StoreState();
  StoreState(const StoreState&) = delete;
  StoreState& operator=(const StoreState&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  const FileSystem& file_system() const { return file_system_; }
  // Set if the store is an archive.
  const ArchiveFile* archive() const { return parts_.archive.get(); }
  StagingBlobStore& blobs() { return *parts_.blobs; }
  // For reading, and for what changes no result: the members below keep the
  // memory tier and the batch in step.
  MemoIndex& index() { return *parts_.index; }
  FlightTable& flights() { return flights_; }

  // What is remembered of `key`: in memory, in the batch or in the index; with
  // the bytes of its result if `load`. What was made before `oldest` is not
  // found.
  absl::StatusOr<std::optional<FoundCall>> Find(
      const Digest& key, bool load, absl::Time oldest = absl::InfinitePast());

  // Remembers a call, now or with the batch. Returns whether the key had
  // another result, as MemoIndex::Insert; not known in a batch.
  // `call` is left as it was if that fails.
  absl::StatusOr<bool> Insert(NewCall& call);

  // As those of MemoIndex.
  absl::Status Forget(const Digest& key);
  absl::Status ForgetFunction(const Digest& function_digest);
  absl::Status ForgetResult(const Digest& key, const Digest& result, bool lost);

  // See MemoStore.
  absl::StatusOr<CollectReport> Collect(const CollectOptions& options);

  // If the store is limited in size: to be called when a call was remembered
  // that brought about so many bytes, and when nobody waits for it any more.
  // Collects if it is time and the store is too large.
  // Errors: those of Collect; ResourceExhausted if the limit cannot be kept.
  absl::Status KeepWithinLimit(std::uint64_t written);

  // DataLoss if the index was damaged when the store was opened, with what was
  // done about it.
  const absl::Status& recovered() const { return parts_.recovered; }
  // The same for the first who asks; OK for others.
  absl::Status TakeRecovered() {
    if (!untold_.load(std::memory_order_relaxed) || !untold_.exchange(false)) {
      return absl::OkStatus();
    }
    return parts_.recovered;
  }

  // While at least one batch is open, calls are written in groups.
  void OpenBatch() { batch_.Open(); }
  bool has_open_batch() const { return batch_.is_open(); }
  absl::Status CloseBatch();
  // Writes what the batch has. Errors: those of the index.
  absl::Status FlushBatch();
  // The same. Errors: also why calls were dropped before, about which nobody
  // was told.
  absl::Status FlushBatchOfUser();

  using Clock = std::chrono::steady_clock;

  // Counts a hit that took `spent`. It reaches the database with others, about
  // once a second and at the end: after a crash, counts of the last second are
  // lost.
  void CountHit(const Digest& key, absl::Duration spent, Clock::time_point now);

  // Writes down what CountHit gathered, so that queries see it; some thousands
  // at most if nobody is to wait. What cannot be written is kept for the next
  // time.
  absl::Status FlushHits(IfBusy if_busy = IfBusy::kWait);

  // Writes down all that waits, for a query.
  void FlushAll() {
    (void)FlushBatch();
    (void)FlushHits();
  }

  // PermissionDenied if this process may not write to the store.
  absl::Status CheckWritable() const;

  // Writes a copy of the index, to which a later opening can go back. One that
  // is a directory has none: what damages a file leaves the others.
  absl::Status Snapshot() const;

  void CountFault() { faults_.fetch_add(1, std::memory_order_relaxed); }
  std::int64_t faults() const {
    return faults_.load(std::memory_order_relaxed) + batch_.dropped();
  }

  const CallObserver& observer() const { return observer_; }

 private:
  // What differs between a store with a database and one without.
  struct Parts {
    std::unique_ptr<ScratchDirectory> scratch = nullptr;  // Of the database.
    std::unique_ptr<Database> database = nullptr;         // If it has one.
    std::unique_ptr<StagingBlobStore> blobs = nullptr;
    std::unique_ptr<MemoIndex> index = nullptr;
    absl::Status recovered;
    bool read_only = false;
    std::shared_ptr<const ArchiveFile> archive = nullptr;  // If it is one.
  };
  static absl::StatusOr<Parts> OpenDirectory(const std::filesystem::path& path,
                                             const MemoStoreOptions& options);
  static absl::StatusOr<Parts> OpenDatabase(
      const std::filesystem::path& directory, const MemoStoreOptions& options);
  static absl::StatusOr<Parts> OpenFiles(const std::filesystem::path& directory,
                                         const MemoStoreOptions& options);

  static absl::StatusOr<Parts> OpenArchive(const std::filesystem::path& file,
                                           const MemoStoreOptions& options);

  StoreState(std::filesystem::path directory, MemoStoreOptions options,
             Parts parts);

  absl::StatusOr<CollectReport> Collect(const CollectOptions& options,
                                        bool thorough);

  // With `hits_mutex_` held.
  void DropHitsOfParent();

  struct Hits {
    std::int64_t count = 0;
    absl::Duration spent;
    Clock::time_point last;
  };

  const std::filesystem::path directory_;
  const CallObserver observer_;
  const FileSystem& file_system_;
  const Parts parts_;
  std::atomic<bool> untold_;  // That it was recovered.
  MemoryTier memory_;
  CallBatch batch_;
  FlightTable flights_;
  SizeLimit limit_;
  std::atomic<std::int64_t> faults_ = 0;

  std::mutex hits_mutex_;
  absl::flat_hash_map<Digest, Hits> hits_;
  Clock::time_point hits_flushed_;
  bool hits_refused_ = false;  // At the last flushing.
  pid_t hits_pid_;  // Whose hits these are: a forked child has none yet.
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_STORE_STATE_H_

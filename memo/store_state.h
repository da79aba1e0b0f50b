#ifndef IRENEO_MEMO_STORE_STATE_H_
#define IRENEO_MEMO_STORE_STATE_H_

// What the copies of a MemoStore share: the open parts of a store and what this
// process has yet to write down. Internal to Ireneo.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/observer.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo::internal {

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
  LocalBlobStore& blobs() { return *blobs_; }
  MemoIndex& index() { return index_; }
  // JSON: where this process computes.
  const std::string& environment() const { return environment_; }

  // Counts a hit. It reaches the database with others, about once a second and
  // at the end: after a crash, counts of the last second are lost.
  void CountHit(const Digest& key);

  // Writes down what CountHit gathered, so that queries see it. What cannot be
  // written is kept for the next time.
  absl::Status FlushHits(Wait wait = Wait::kYes);

  void CountFault() { faults_.fetch_add(1, std::memory_order_relaxed); }
  std::int64_t faults() const {
    return faults_.load(std::memory_order_relaxed);
  }

  const CallObserver& observer() const { return observer_; }

 private:
  StoreState(std::filesystem::path directory, CallObserver observer,
             std::unique_ptr<Database> database,
             std::unique_ptr<LocalBlobStore> blobs);

  // With `hits_mutex_` held.
  void DropHitsOfParent();

  struct Hits {
    std::int64_t count = 0;
    absl::Time last;
  };

  const std::filesystem::path directory_;
  const CallObserver observer_;
  const std::string environment_;
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<LocalBlobStore> blobs_;
  MemoIndex index_;
  std::atomic<std::int64_t> faults_ = 0;

  std::mutex hits_mutex_;
  absl::flat_hash_map<Digest, Hits> hits_;
  absl::Time hits_flushed_;
  pid_t hits_pid_;  // Whose hits these are: a forked child has none yet.
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_STORE_STATE_H_

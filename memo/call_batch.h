#ifndef IRENEO_MEMO_CALL_BATCH_H_
#define IRENEO_MEMO_CALL_BATCH_H_

// The calls that a process will write together: what `MemoStore::Batch` opens.
// Internal to Ireneo.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

// Thread-safe. Nobody waits here for the database but who flushes.
class CallBatch {
 public:
  // Called for a key whose call, when it was written, was found to have another
  // result already.
  using ConflictFn = absl::FunctionRef<void(const Digest& key)>;

  // `index` and `blobs` must outlive the batch.
  CallBatch(MemoIndex& index, const StagingBlobStore& blobs);
  CallBatch(const CallBatch&) = delete;
  CallBatch& operator=(const CallBatch&) = delete;

  // Batches nest, and may be opened by several threads; a forked child starts
  // with none.
  void Open();
  // What could not be written at the last closing, because another process held
  // the database for a minute or for worse, is dropped. Errors: those of the
  // index.
  absl::Status Close(ConflictFn conflict);
  bool is_open() const;

  enum class Added {
    kYes,
    kNotOpen,
    kPresent,   // The call is there already, with the same result,
    kConflict,  // or with another one.
  };

  // Takes the call, if the outcome is kYes. `full` is set if it is time to
  // flush.
  Added Add(NewCall& call, bool& full);

  // What waits or is being written, by its key, unless it was made before
  // `oldest`. `use` is called with the lock held.
  bool Find(const Digest& key, absl::Time oldest,
            absl::FunctionRef<void(const NewCall&)> use);

  // Writes what waits. If the database is locked, it stays; else a call that
  // cannot be written is dropped, and the others are written.
  absl::Status Flush(ConflictFn conflict);

  // Why a call was dropped, if one was since the last time.
  absl::Status TakeLoss();

  // How many calls were dropped so far.
  std::int64_t dropped() const { return dropped_.load(); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Group {
    std::vector<NewCall> calls;
    absl::flat_hash_map<Digest, std::size_t> by_key;  // Into `calls`.
  };

  // With `mutex_` held.
  void DropThatOfParent();
  static const NewCall* FindIn(const Group& group, const Digest& key);
  // With `flush_mutex_` held.
  absl::Status WriteGroup(ConflictFn conflict);

  MemoIndex& index_;
  const StagingBlobStore& blobs_;
  std::mutex flush_mutex_;  // Taken before the other one.
  std::mutex mutex_;
  pid_t pid_;
  int open_ = 0;
  int closing_ = 0;  // Who will flush what is left.
  // Whether there is anything to find or to add to.
  std::atomic<bool> active_ = false;
  Group waiting_;
  Clock::time_point waiting_since_;
  Group writing_;  // What is being flushed; changed with both mutexes held.
  std::atomic<std::int64_t> dropped_ = 0;
  absl::Status loss_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_CALL_BATCH_H_

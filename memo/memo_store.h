#ifndef IRENEO_MEMO_MEMO_STORE_H_
#define IRENEO_MEMO_MEMO_STORE_H_

// A directory in which the results of functions are remembered. Programs open
// one, hand it to `Memoize` (memo/memoize.h), and may look at what it holds.
//
// A store grows until it is told to collect (memo/collection.h), or to keep
// within a size. It does not protect against other programs that write into its
// directory; damage there is noticed on reading and counts as a miss.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/index_engine.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/recompression.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/verification.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"

namespace ireneo {

namespace internal {
class StoreState;
}  // namespace internal

struct MemoStoreOptions {
  // Sees every memoized call. If the environment variable IRENEO_VERBOSE is
  // set, and not to 0, PrintCalls(stderr) does too.
  CallObserver observer = nullptr;
  // If false, `Open` fails with NotFound unless the store exists.
  bool create = true;
  // What the store's files, except its SQLite database, go through. Must
  // outlive the store.
  const FileSystem* file_system = &FileSystem::Posix();
  // How much memory this process uses for small results that it used last, of
  // at most 64 KiB each, and some 250 bytes for each of them. 0: each call
  // looks into the index. A result that is here is served even if another
  // process forgets it meanwhile.
  std::uint64_t memory_bytes = 64 << 20;
  // What is left of finished work after a power cut: kCache, that is never
  // wrong, or kDurable, all.
  Durability durability = Durability::kCache;
  // How much is checked when a result is read.
  VerifyReads verify = VerifyReads::kOnce;
  // Whether equal digests are enough to take two results for equal.
  DedupCheck dedup_check = DedupCheck::kDigest;
  // How results are stored, unless a function says otherwise.
  Compression compression = Compression::kDefault;
  // How many bytes of disk the store may use, as far as this process can see to
  // it. A call that is remembered here and finds it larger collects, after its
  // result is there for others: the least recently used calls are forgotten
  // down to nine tenths. That takes about a second for
  // each 100,000 calls that the store has. What is looked at is the size some
  // hundredths of a second ago, so a burst can go beyond. A result that alone
  // is larger is remembered, and is the first to be forgotten. Unset: the store
  // grows.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
  // What keeps the records. A store keeps what it was created with, and is
  // refused if another one is asked for.
  IndexEngine index = IndexEngine::kAuto;
  // Whether to use a store whose directory belongs to another user: whoever
  // owns it decides what the results in it are.
  bool trust_owner = false;
};

class WriteBatch;

// A handle: cheap to copy, all copies are one store, which stays open while a
// copy or a function memoized in it lives. Thread-safe; many processes may use
// one directory at once.
//
// One that this process may not write to is opened all the same: what it has is
// used, and what is computed is not remembered, which each such call tells the
// observer as its fault.
//
// Errors, of all members: Unavailable if other processes kept the store locked
// for longer than five seconds; DataLoss if it is damaged; ResourceExhausted
// if the disk is full; PermissionDenied.
class MemoStore {
 public:
  // Opens the store in `directory`, made with its parents if it does not
  // exist. If that is a file, it is an archive, which is read; see
  // memo/archive.h.
  //
  // Errors: FailedPrecondition if `directory` has other things in it than a
  // store, a store of another format, of another user or with another index
  // than is asked for, and for an index in SQLite on a network file system;
  // NotFound as `options.create` says.
  static absl::StatusOr<MemoStore> Open(const std::filesystem::path& directory,
                                        MemoStoreOptions options = {});

  const std::filesystem::path& directory() const;

  // Whether it is an archive (memo/archive.h) and not a directory: its blobs
  // have files for as long as it is open.
  bool is_archive() const;

  // The store's blobs, results of calls and others.
  BlobStore& blobs() const;

  // The bytes of what `digest` names: a blob, or a result or an argument that
  // is so small, of at most 255 bytes, that it stands in the index. Errors:
  // NotFound; DataLoss.
  absl::StatusOr<Blob> Get(const Digest& digest) const;

  // The bytes of the result of a call. Errors: NotFound if it was removed;
  // DataLoss.
  absl::StatusOr<Blob> ResultBytes(const CallRecord& call) const;

  // The bytes of an argument of a call. Errors: NotFound if it was not kept;
  // DataLoss.
  absl::StatusOr<Blob> ArgumentBytes(const ArgumentRecord& argument) const;

  // Where the payload of a blob is as a file of its own; small ones, of at most
  // 4096 bytes, have none.
  std::filesystem::path BlobPath(const Digest& digest) const;

  absl::StatusOr<StoreStats> Stats() const;

  // Reads all that the store has; sets damage aside (memo/verification.h).
  absl::StatusOr<VerifyReport> Verify(const VerifyOptions& options = {}) const;

  // Compresses anew what the store has as files (memo/recompression.h).
  //
  // Errors: also Unavailable if another recompression is running.
  absl::StatusOr<RecompressReport> Recompress(
      const RecompressOptions& options = {}) const;

  // Sorted by name.
  absl::StatusOr<std::vector<FunctionSummary>> Functions() const;

  // The remembered calls that `filter` selects, newest first.
  absl::StatusOr<std::vector<CallRecord>> Calls(
      const CallFilter& filter = {}) const;

  // Errors: NotFound.
  absl::StatusOr<CallRecord> FindCall(const Digest& key) const;

  // The other results that a call had, oldest first.
  absl::StatusOr<std::vector<ConflictRecord>> Conflicts(
      const Digest& key) const;

  // Drops the record of a call, so that the next one computes. Absent is fine.
  absl::Status Forget(const Digest& key) const;

  // Forgets what the options say, and removes what nothing refers to; see
  // memo/collection.h. May be called while all processes work with the store;
  // other processes may serve what is forgotten from memory for a while.
  //
  // Errors: also Unavailable if another collection is running;
  // InvalidArgument.
  absl::StatusOr<CollectReport> Collect(
      const CollectOptions& options = {}) const;

  // Keeps what `digest` names, a blob or (its key) a call with all that it
  // refers to, from being collected, under a name: as "paper-2026". Forgetting
  // and recomputing the call are not prevented. Pinning twice is fine.
  //
  // Errors: NotFound if there is no such call or blob; InvalidArgument if the
  // name is empty or not UTF-8.
  absl::Status Pin(const Digest& digest, std::string_view name) const;

  // Removes the pins of that name, or the one of `digest`. Returns how many
  // there were.
  absl::StatusOr<std::int64_t> Unpin(
      std::string_view name, std::optional<Digest> digest = std::nullopt) const;

  // Sorted by name, then by digest.
  absl::StatusOr<std::vector<PinRecord>> Pins() const;

  // From now on, and until the last of these batches is destroyed, this process
  // writes what its calls remember in groups: for many fast calls.
  //
  //     {
  //       const ireneo::WriteBatch batch = store->Batch();
  //       for (double x : grid) f(x);
  //     }  // Written.
  WriteBatch Batch() const;

  // The calls and blobs whose hex digits start with `hex`, at most `limit` of
  // each kind. Errors: InvalidArgument unless `hex` is 1 to 32 lowercase hex
  // digits.
  absl::StatusOr<std::vector<PrefixMatch>> FindByPrefix(std::string_view hex,
                                                        int limit = 16) const;

  // DataLoss if the index was damaged or lost when the store was opened, with
  // what was done about it; the first call has it as its fault. OK if all was
  // well.
  const absl::Status& Recovered() const;

  // For Ireneo's own use.
  internal::StoreState& state() const { return *state_; }

 private:
  explicit MemoStore(std::shared_ptr<internal::StoreState> state)
      : state_(std::move(state)) {}

  std::shared_ptr<internal::StoreState> state_;
};

// While it lives, calls of this process are written in groups, some five times
// as fast as one by one: some thousands at once; or, when the next one comes,
// those of the last 100 ms; or at once after a call that took so long to
// compute. This process sees them immediately, others when they are written;
// until then others do not wait for them either, and a kill loses them. A group
// waits while another process keeps the store locked, a minute at the end. What
// cannot be written is counted as faults of the store.
//
// Thread-safe. A forked child has no batch but those that it makes itself.
class [[nodiscard]] WriteBatch {
 public:
  explicit WriteBatch(MemoStore store);
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;
  // Writes what there is.
  ~WriteBatch();

  // Writes what there is. Errors: those of MemoStore; also those for which a
  // call was dropped since the last time, when it was written because there
  // were many or because it had taken long.
  absl::Status Flush() const;

 private:
  MemoStore store_;
  const pid_t pid_;  // Whose it is.
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_MEMO_STORE_H_

#ifndef IRENEO_MEMO_MEMO_INDEX_H_
#define IRENEO_MEMO_MEMO_INDEX_H_

// The table of remembered calls: from keys to results. Internal to Ireneo;
// users see it through MemoStore. It holds what the blobs cannot tell, so it is
// what must not be lost.
//
// Two engines: SQLite (memo/sqlite_index.h), and a file for each record
// (memo/directory_index.h) where SQLite must not be used. Their formats are
// specified in store/FORMAT.md.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/found_call.h"  // IWYU pragma: export
#include "ireneo/memo/key.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

// A call to be remembered, its blobs staged.
struct NewCall {
  struct Argument {
    Digest digest;
    std::optional<StagedBlob> kept = std::nullopt;
  };

  Digest key;
  Digest function_digest;
  const FunctionIdentity* function = nullptr;
  const std::vector<std::string>* argument_names = nullptr;
  std::vector<Argument> arguments = {};
  StagedBlob result;
  std::optional<std::uint64_t> seed = std::nullopt;
  absl::Duration elapsed;
  absl::Duration spent;
  absl::Time created;
  std::string_view environment;
  std::vector<Digest> callees = {};
  // A record that was made earlier is replaced.
  absl::Time replace_before = absl::InfinitePast();
  // The function's row may be missing, or have old argument names.
  bool describe_function = true;
  // What the pointers and views above point into.
  std::shared_ptr<const void> owner = nullptr;
};

// Puts those blobs of `calls` on the disk that were staged to be synced
// together, in a durable store.
absl::Status SyncBlobsOf(std::span<const NewCall> calls,
                         StagingBlobStore& store);

// What choosing what to collect needs of a call.
struct CallUse {
  Digest key;
  std::string_view function;
  std::string_view version;
  Digest result;
  std::uint64_t result_size = 0;  // Bytes.
  bool result_is_blob = true;     // Not in the record.
  absl::Duration elapsed;
  absl::Time created;
  absl::Time last_use;
  // The other blobs that it refers to: kept arguments, other results it had.
  std::span<const Digest> others;
};

// Files that are of no blob and no record.
struct StrayFiles {
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
};

// Hits of a call.
struct KeyUse {
  Digest key;
  std::int64_t hits = 0;
  absl::Duration spent;
  absl::Time last;
};

// Does not keep arguments whose blobs have gone since they were staged.
void DropVanished(NewCall& call, const StagingBlobStore& store);

// Thread-safe; of many processes. Errors are those of store/database.h.
class MemoIndex {
 public:
  // Results and kept arguments of at most so many bytes may stand in the record
  // of their call, and are no blobs then.
  static constexpr std::uint64_t kSmallValue = 255;

  // What a file takes of the disk beyond its bytes, on average: half a block.
  static constexpr std::uint64_t kFileOverhead = 2048;

  MemoIndex() = default;
  MemoIndex(const MemoIndex&) = delete;
  MemoIndex& operator=(const MemoIndex&) = delete;
  virtual ~MemoIndex() = default;

  // The call of that key, if there is one, with the bytes of its result if
  // `load`.
  virtual absl::StatusOr<std::optional<FoundCall>> Find(const Digest& key,
                                                        bool load) const = 0;

  // The results of the calls that have these keys, where there are such.
  virtual absl::StatusOr<std::vector<std::optional<Digest>>> ResultsOf(
      std::span<const Digest> keys) const = 0;

  // Remembers `call` and its blobs, at once or not at all. If the key has a
  // record already, that one stays, but for `replace_before`. Returns whether
  // its result was another one; then both are kept, and the conflict counted.
  virtual absl::StatusOr<bool> Insert(const NewCall& call) = 0;

  // The same for many: `conflict` is called for each whose result was another
  // one. If it fails, those that are not in the index can be inserted again.
  virtual absl::Status InsertAll(
      std::span<const NewCall> calls,
      absl::FunctionRef<void(const Digest& key)> conflict) = 0;

  // Counts that the result of `key` came out as `result` instead.
  virtual absl::Status AddConflict(const Digest& key,
                                   const StagedBlob& result) = 0;

  // Drops the records of `keys`. Absent is fine. Blobs stay, for the collector.
  virtual absl::Status Forget(std::span<const Digest> keys) = 0;

  // Drops the records of all calls of a function.
  virtual absl::Status ForgetFunction(const Digest& function_digest) = 0;

  // As `Forget`, if its result is still `result`; and, if that was `lost`,
  // unless the blob is in the store again.
  virtual absl::Status ForgetResult(const Digest& key, const Digest& result,
                                    bool lost) = 0;

  // Adds to the hit counts.
  virtual absl::Status AddUses(const std::vector<KeyUse>& uses,
                               IfBusy if_busy) = 0;

  // Errors: NotFound.
  virtual absl::StatusOr<CallRecord> Record(const Digest& key) const = 0;

  // Newest first.
  absl::StatusOr<std::vector<CallRecord>> Records(
      const CallFilter& filter) const;

  // The same one by one, until `visit` returns false.
  virtual absl::Status ForEachRecord(
      const CallFilter& filter,
      absl::FunctionRef<bool(CallRecord&&)> visit) const = 0;

  // Visits the calls of those functions that `select` wants, which is asked
  // once for each, in the order of their keys, until `visit` returns false.
  // They are as they stand in archives: without hits, and the names of
  // arguments as the engine has them.
  virtual absl::Status ForEachLine(
      absl::FunctionRef<bool(const FunctionIdentity& function)> select,
      absl::FunctionRef<bool(CallLine&& line)> visit) const = 0;

  // The conflicts of a call, oldest first.
  virtual absl::StatusOr<std::vector<ConflictRecord>> Conflicts(
      const Digest& key) const = 0;

  // Sorted by name.
  virtual absl::StatusOr<std::vector<FunctionSummary>> Functions() const = 0;

  // The result types under which a function of that name and version has ever
  // been remembered, newest first.
  virtual absl::StatusOr<std::vector<std::string>> ResultTypes(
      std::string_view name, std::string_view version) const = 0;

  virtual absl::StatusOr<StoreStats> Stats() const = 0;

  // The bytes of a small result or argument of some call. Looks at all calls.
  // Errors: NotFound.
  virtual absl::StatusOr<Blob> FindSmallValue(const Digest& digest) const = 0;

  // Calls and blobs whose digest starts with `hex`, at most `limit` of each.
  // Errors: InvalidArgument unless `hex` is 1 to 32 lowercase hex digits.
  virtual absl::StatusOr<std::vector<PrefixMatch>> FindByPrefix(
      std::string_view hex, int limit) const = 0;

  // Adds a pin; one that is there is fine.
  virtual absl::Status AddPin(const PinRecord& pin) = 0;
  // Removes the pins of that name, of `digest` alone if it is given. Returns
  // how many there were.
  virtual absl::StatusOr<std::int64_t> RemovePins(
      std::string_view name, std::optional<Digest> digest) = 0;
  // Sorted by name, then by digest.
  virtual absl::StatusOr<std::vector<PinRecord>> Pins() const = 0;

  // For collecting garbage (memo/collection.h).

  // Visits every call, in no order (but calls of one function and version one
  // after the other if that costs nothing), until `visit` returns false. What
  // it is given is valid during the visit.
  virtual absl::Status ForEachUse(
      absl::FunctionRef<bool(const CallUse&)> visit) const = 0;

  // Visits every blob that a record refers to: results, kept arguments, other
  // results that calls had. A digest may be visited more than once.
  virtual absl::Status ForEachReference(
      absl::FunctionRef<void(const Digest&)> visit) const = 0;

  // As `Forget`, but for calls that are pinned or whose result is. Returns how
  // many records it dropped.
  virtual absl::StatusOr<std::int64_t> ForgetUnpinned(
      std::span<const Digest> keys) = 0;

  // For how long after they were put `Sweep` leaves blobs in any case.
  virtual absl::Duration SweepGrace() const { return absl::ZeroDuration(); }

  // From now on, and until EndSweep, references that are added are noted, so
  // that `Sweep` sees those of all processes. One collection at a time.
  virtual absl::Status BeginSweep() = 0;
  virtual absl::Status EndSweep() = 0;

  // Of `candidates`, blobs that nothing referred to after BeginSweep, removes
  // those that nothing refers to now and that were last put before `limit`.
  // `removed` is called for each.
  virtual absl::Status Sweep(
      std::span<const Digest> candidates, absl::Time limit,
      absl::FunctionRef<void(const BlobInfo&)> removed) = 0;

  // Files where blobs are that no record can lead to, as killed writers leave
  // them, and that were last changed before `limit`. Removes them if `remove`.
  // An engine without such files has none.
  virtual absl::StatusOr<StrayFiles> FindStrays(absl::Time limit, bool remove) {
    (void)limit, (void)remove;
    return StrayFiles();
  }

  // Reads all records, and sets aside or forgets those that are damaged.
  // Errors: DataLoss if there are some, with what becomes of them.
  virtual absl::Status Check() = 0;

  // How much of the disk the store uses, blobs and records, in bytes: about,
  // and at once.
  virtual absl::StatusOr<std::uint64_t> DiskUsage() const = 0;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_MEMO_INDEX_H_

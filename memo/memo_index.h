#ifndef IRENEO_MEMO_MEMO_INDEX_H_
#define IRENEO_MEMO_MEMO_INDEX_H_

// The table of remembered calls, in SQLite: from keys to results. Internal to
// Ireneo; users see it through MemoStore. The tables are specified in
// store/FORMAT.md. It holds what the blobs cannot tell, so it is what must not
// be lost.

#include <cstdint>
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
#include "ireneo/memo/key.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo::internal {

// What the index says of a key.
struct FoundCall {
  Digest key;
  Digest result;
  std::uint64_t result_size = 0;
  absl::Duration elapsed;  // What computing took.
  absl::Time created;
  // The type of the result if that is an older one than the function's; valid
  // as long as its FunctionState.
  const std::string* old_type = nullptr;
  // The result's bytes, or DataLoss if they are damaged. Unset unless asked.
  absl::StatusOr<Blob> blob = absl::UnknownError("not loaded");
};

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

// Hits of a call.
struct KeyUse {
  Digest key;
  std::int64_t hits = 0;
  absl::Duration spent;
  absl::Time last;
};

// Thread-safe; of many processes. Errors are those of store/database.h.
class MemoIndex {
 public:
  // Kept arguments of at most so many bytes stand in the row of their call.
  static constexpr std::uint64_t kSmallArgument = 255;

  // Both must outlive the index.
  MemoIndex(Database& database, LocalBlobStore& blobs)
      : database_(database), blobs_(blobs) {}

  // The call of that key, if there is one, with the bytes of its result if
  // `load`.
  absl::StatusOr<std::optional<FoundCall>> Find(const Digest& key,
                                                bool load) const;

  // Remembers `call` and its blobs, in one transaction. If the key has a record
  // already, that one stays, but for `replace_before`. Returns whether its
  // result was another one; then both are kept, and the conflict counted.
  absl::StatusOr<bool> Insert(const NewCall& call);

  // The same for many: `conflict` is called for each whose result was another
  // one. If it fails, none was inserted.
  absl::Status InsertAll(std::span<const NewCall> calls,
                         absl::FunctionRef<void(const Digest& key)> conflict);

  // Counts that the result of `key` came out as `result` instead.
  absl::Status AddConflict(const Digest& key, const StagedBlob& result);

  // Drops the record of `key`. Absent is fine. Blobs stay, for the collector.
  absl::Status Forget(const Digest& key);

  // Drops the records of all calls of a function.
  absl::Status ForgetFunction(const Digest& function_digest);

  // As `Forget`, if its result is still `result`; and, if that was `lost`,
  // unless the blob is in the store again.
  absl::Status ForgetResult(const Digest& key, const Digest& result, bool lost);

  // Adds to the hit counts, in one transaction.
  absl::Status AddUses(const std::vector<KeyUse>& uses, IfBusy if_busy);

  // Errors: NotFound.
  absl::StatusOr<CallRecord> Record(const Digest& key) const;

  // Newest first.
  absl::StatusOr<std::vector<CallRecord>> Records(
      const CallFilter& filter) const;

  // The same one by one, until `visit` returns false.
  absl::Status ForEachRecord(const CallFilter& filter,
                             absl::FunctionRef<bool(CallRecord&&)> visit) const;

  // The conflicts of a call, oldest first.
  absl::StatusOr<std::vector<ConflictRecord>> Conflicts(
      const Digest& key) const;

  // Sorted by name.
  absl::StatusOr<std::vector<FunctionSummary>> Functions() const;

  // The result types under which a function of that name and version has ever
  // been remembered, newest first.
  absl::StatusOr<std::vector<std::string>> ResultTypes(
      std::string_view name, std::string_view version) const;

  absl::StatusOr<StoreStats> Stats() const;

  // The bytes of a small argument of some call. Looks at all calls. Errors:
  // NotFound.
  absl::StatusOr<Blob> FindSmallArgument(const Digest& digest) const;

  // Calls and blobs whose digest starts with `hex`, at most `limit` of each.
  // Errors: InvalidArgument unless `hex` is 1 to 32 lowercase hex digits.
  absl::StatusOr<std::vector<PrefixMatch>> FindByPrefix(std::string_view hex,
                                                        int limit) const;

 private:
  absl::StatusOr<bool> InsertInto(const NewCall& call, Connection& connection);
  // The same for one whose result has its row.
  absl::StatusOr<bool> InsertBehindResult(const NewCall& call,
                                          Connection& connection);
  // False if the key has a record, or the function or the environment has
  // none.
  static absl::StatusOr<bool> InsertCall(const NewCall& call,
                                         Connection& connection);
  // The rows that InsertCall refers to.
  static absl::Status InsertFunction(const NewCall& call,
                                     Connection& connection);
  // For a key that has a record.
  static absl::StatusOr<bool> Replace(const NewCall& call,
                                      Connection& connection);
  static absl::Status CountConflict(const Digest& key, const Digest& result,
                                    Connection& connection);
  // Stops when `visit` returns false.
  absl::Status ForEachSmallArgument(
      absl::FunctionRef<bool(const Digest&, std::span<const std::byte>)> visit)
      const;
  // The row at which a select from the view `records` stands.
  static absl::StatusOr<CallRecord> ReadRecord(const Statement& select);

  Database& database_;
  LocalBlobStore& blobs_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_MEMO_INDEX_H_

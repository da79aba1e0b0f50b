#ifndef IRENEO_MEMO_MEMO_INDEX_H_
#define IRENEO_MEMO_MEMO_INDEX_H_

// The table of remembered calls, in SQLite: from keys to results. Internal to
// Ireneo; users see it through MemoStore. The tables are specified in
// store/FORMAT.md. It holds what the blobs cannot tell, so it is what must not
// be lost.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  absl::Duration elapsed;
  std::string environment;
  // The function's row may be missing, or have old argument names.
  bool describe_function = true;
};

struct KeyUse {
  Digest key;
  std::int64_t hits = 0;
  absl::Time last;
};

// Thread-safe; of many processes. Errors are those of store/database.h.
class MemoIndex {
 public:
  static std::string Schema();

  // Both must outlive the index.
  MemoIndex(Database& database, LocalBlobStore& blobs)
      : database_(database), blobs_(blobs) {}

  // The call of that key, if there is one, with the bytes of its result if
  // `load`.
  absl::StatusOr<std::optional<FoundCall>> Find(const Digest& key,
                                                bool load) const;

  // Remembers `call` and its blobs, in one transaction. If the key has a
  // record already, that one stays.
  absl::Status Insert(const NewCall& call);

  // Drops the record of `key`. Absent is fine. Blobs stay, for the collector.
  absl::Status Forget(const Digest& key);

  // The same, if its result is still `result`; and, if that was `lost`, unless
  // the blob is in the store again.
  absl::Status ForgetResult(const Digest& key, const Digest& result, bool lost);

  // Adds to the hit counts, in one transaction.
  absl::Status AddUses(const std::vector<KeyUse>& uses, Wait wait);

  // Errors: NotFound.
  absl::StatusOr<CallRecord> Record(const Digest& key) const;

  // Newest first.
  absl::StatusOr<std::vector<CallRecord>> Records(
      const CallFilter& filter) const;

  // Sorted by name.
  absl::StatusOr<std::vector<FunctionSummary>> Functions() const;

  // The result types under which a function of that name and version has ever
  // been remembered, newest first.
  absl::StatusOr<std::vector<std::string>> ResultTypes(
      std::string_view name, std::string_view version) const;

  absl::StatusOr<StoreStats> Stats() const;

  // Calls and blobs whose digest starts with `hex`, at most `limit` of each.
  // Errors: InvalidArgument unless `hex` is 1 to 32 lowercase hex digits.
  absl::StatusOr<std::vector<PrefixMatch>> FindByPrefix(std::string_view hex,
                                                        int limit) const;

 private:
  // False if the key has a record, or the function or the environment has
  // none.
  static absl::StatusOr<bool> InsertCall(const NewCall& call,
                                         Connection& connection);
  // The rows that InsertCall refers to.
  static absl::Status InsertFunction(const NewCall& call,
                                     Connection& connection);
  // All rows of a select from the view `records`.
  static absl::StatusOr<std::vector<CallRecord>> ReadRecords(Statement& select);

  Database& database_;
  LocalBlobStore& blobs_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_MEMO_INDEX_H_

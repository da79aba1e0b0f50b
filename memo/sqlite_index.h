#ifndef IRENEO_MEMO_SQLITE_INDEX_H_
#define IRENEO_MEMO_SQLITE_INDEX_H_

// The index of calls as tables of SQLite. Internal to Ireneo.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo::internal {

class SqliteIndex final : public MemoIndex {
 public:
  // Both must outlive the index.
  SqliteIndex(Database& database, LocalBlobStore& blobs)
      : database_(database), blobs_(blobs) {}

  absl::StatusOr<std::optional<FoundCall>> Find(const Digest& key,
                                                bool load) const override;
  absl::StatusOr<std::vector<std::optional<Digest>>> ResultsOf(
      std::span<const Digest> keys) const override;
  absl::StatusOr<bool> Insert(const NewCall& call) override;
  absl::Status InsertAll(
      std::span<const NewCall> calls,
      absl::FunctionRef<void(const Digest& key)> conflict) override;
  absl::Status AddConflict(const Digest& key,
                           const StagedBlob& result) override;
  absl::Status Forget(std::span<const Digest> keys) override;
  absl::Status ForgetFunction(const Digest& function_digest) override;
  absl::Status ForgetResult(const Digest& key, const Digest& result,
                            bool lost) override;
  absl::Status AddUses(const std::vector<KeyUse>& uses,
                       IfBusy if_busy) override;
  absl::StatusOr<CallRecord> Record(const Digest& key) const override;
  absl::Status ForEachRecord(
      const CallFilter& filter,
      absl::FunctionRef<bool(CallRecord&&)> visit) const override;
  absl::Status ForEachLine(
      absl::FunctionRef<bool(const FunctionIdentity& function)> select,
      absl::FunctionRef<bool(CallLine&& line)> visit) const override;
  absl::StatusOr<std::vector<ConflictRecord>> Conflicts(
      const Digest& key) const override;
  absl::StatusOr<std::vector<FunctionSummary>> Functions() const override;
  absl::StatusOr<std::vector<std::string>> ResultTypes(
      std::string_view name, std::string_view version) const override;
  absl::StatusOr<StoreStats> Stats() const override;
  absl::StatusOr<Blob> FindSmallValue(const Digest& digest) const override;
  absl::StatusOr<std::vector<PrefixMatch>> FindByPrefix(
      std::string_view hex, int limit) const override;
  absl::Status AddPin(const PinRecord& pin) override;
  absl::StatusOr<std::int64_t> RemovePins(
      std::string_view name, std::optional<Digest> digest) override;
  absl::StatusOr<std::vector<PinRecord>> Pins() const override;
  absl::Status ForEachUse(
      absl::FunctionRef<bool(const CallUse&)> visit) const override;
  absl::Status ForEachReference(
      absl::FunctionRef<void(const Digest&)> visit) const override;
  absl::StatusOr<std::int64_t> ForgetUnpinned(
      std::span<const Digest> keys) override;
  absl::Status BeginSweep() override;
  absl::Status EndSweep() override;
  absl::Status Sweep(std::span<const Digest> candidates, absl::Time limit,
                     absl::FunctionRef<void(const BlobInfo&)> removed) override;
  absl::Status Check() override;
  absl::StatusOr<StrayFiles> FindStrays(absl::Time limit, bool remove) override;
  absl::StatusOr<std::uint64_t> DiskUsage() const override;

 private:
  // Writes the row of the result, unless it will stand in that of its call.
  absl::Status CommitResult(const NewCall& call, Connection& connection);
  // Inserts one whose result has its row.
  absl::StatusOr<bool> InsertBehindResult(const NewCall& call,
                                          Connection& connection);
  // False if the key has a record, which `replace` puts in its place, or the
  // function or the environment has none.
  static absl::StatusOr<bool> InsertCall(const NewCall& call, bool replace,
                                         Connection& connection);
  // The rows that InsertCall refers to.
  static absl::Status InsertFunction(const NewCall& call,
                                     Connection& connection);
  // For a key that has a record.
  absl::StatusOr<bool> Replace(const NewCall& call, Connection& connection);
  static absl::Status CountConflict(const Digest& key, const Digest& result,
                                    Connection& connection);
  // `Find`, but for the bytes of a result that is a file: where that is.
  absl::StatusOr<std::optional<FoundCall>> FindRow(
      const Digest& key, bool load, std::optional<BlobPlace>& file) const;
  // A blob to which nothing referred when the sweep began, if that is still so
  // and it is old.
  static absl::StatusOr<std::optional<BlobInfo>> FindGarbage(
      const Digest& digest, absl::Time limit, Connection& connection);
  // The calls of which a value that stands in their row is not what it was.
  absl::StatusOr<std::vector<Digest>> WithBadValues() const;
  // Stops when `visit` returns false.
  using SmallValueFn = absl::FunctionRef<bool(
      const Digest& key, const Digest& digest, std::span<const std::byte>)>;
  absl::Status ForEachSmallValue(SmallValueFn visit) const;
  // The row at which a select from the view `records` stands.
  static absl::StatusOr<CallRecord> ReadRecord(const Statement& select);

  Database& database_;
  LocalBlobStore& blobs_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SQLITE_INDEX_H_

#ifndef IRENEO_MEMO_DIRECTORY_INDEX_H_
#define IRENEO_MEMO_DIRECTORY_INDEX_H_

// The index of calls as a file for each record, for file systems of networks,
// where SQLite must not be used. The files are specified in store/FORMAT.md,
// "The index as files". Internal to Ireneo.
//
// Against the index in SQLite, from a local disk: a hit reads two files, the
// record and the result, and takes some four times as long; what asks for more
// than one call reads all records, some thirty thousand in a second; a call
// takes two blocks of the disk; hit counts are approximate; nothing is grouped,
// so that InsertAll is no faster than as many Inserts.
//
// A record that is damaged, or of another call than its name says, is moved to
// quarantine/ and is none.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/directory_uses.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/record_files.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/directory_blob_store.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

class DirectoryIndex final : public MemoIndex {
 public:
  // Blobs are collected only if they were last put so long before. No lock
  // tells the collector who is about to refer to a blob, but a put of one that
  // is there makes its file new, and no call takes so long between the put of
  // its result and its record: it is git's rule. An argument is put before its
  // call computes; one that goes meanwhile is not kept.
  static constexpr absl::Duration kGrace = absl::Hours(1);

  // `blobs` and `file_system` must outlive the index. If it is durable, records
  // are on the disk when they are acknowledged.
  //
  // Errors: PermissionDenied and others if the folders cannot be made.
  static absl::StatusOr<std::unique_ptr<DirectoryIndex>> Open(
      const std::filesystem::path& directory, DirectoryBlobStore& blobs,
      const FileSystem& file_system, Durability durability);

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
  // Those of calls that are remembered still.
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
  absl::Duration SweepGrace() const override { return kGrace; }
  absl::Status BeginSweep() override;
  absl::Status EndSweep() override;
  // Whatever `limit` is, blobs are as old as `kGrace` says.
  absl::Status Sweep(std::span<const Digest> candidates, absl::Time limit,
                     absl::FunctionRef<void(const BlobInfo&)> removed) override;
  absl::Status Check() override;
  // Of some seconds ago at most.
  absl::StatusOr<std::uint64_t> DiskUsage() const override;

 private:
  DirectoryIndex(const std::filesystem::path& directory,
                 DirectoryBlobStore& blobs, const FileSystem& file_system,
                 Durability durability)
      : files_(directory, file_system, durability),
        blobs_(blobs),
        uses_(files_) {}

  absl::StatusOr<bool> InsertSynced(const NewCall& call);
  // The record of a key, if it has a good one.
  absl::StatusOr<std::optional<CallLine>> ReadCall(const Digest& key) const;
  // All good records, in the order of their keys, until `visit` returns false.
  absl::Status ForEachLine(absl::FunctionRef<bool(CallLine&&)> visit) const;
  // The keys that have conflicts.
  absl::StatusOr<absl::flat_hash_set<Digest>> WithConflicts() const;
  absl::Status CountConflict(const Digest& key, const Digest& result) const;
  // Of a key that has the record `before`.
  absl::StatusOr<bool> Replace(const NewCall& call, CallLine line,
                               const CallLine& before) const;
  // With the hits of `uses`, if they are those of this record.
  static void SetUses(CallLine& line, const CallUses& uses);

  const RecordFiles files_;
  DirectoryBlobStore& blobs_;
  mutable DirectoryUses uses_;

  mutable std::mutex mutex_;
  // What records refer to, found out during this sweep.
  std::optional<absl::flat_hash_set<Digest>> referred_;
  mutable std::uint64_t disk_usage_ = 0;
  mutable absl::Time disk_usage_until_ = absl::InfinitePast();
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_DIRECTORY_INDEX_H_

#ifndef IRENEO_STORE_LOCAL_BLOB_STORE_H_
#define IRENEO_STORE_LOCAL_BLOB_STORE_H_

// Blobs in a directory: small ones in the database, larger ones as read-only
// files that are exactly the payload or, if that is smaller, what a usual tool
// unpacks to it. The layout is specified in store/FORMAT.md, the protocol at
// the top of local_blob_store.cc and of blob_files.cc.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "ireneo/store/blob_files.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/database.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/shard_locks.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo {

// How a removal of garbage ended.
struct Removal {
  // Writers were at work in the shard all the time: the rest was left.
  bool busy = false;
  // The first failure to remove a file: its row has gone, so that it is
  // garbage, to be removed by the next call that names it.
  absl::Status files = absl::OkStatus();
};

// Thread-safe; many processes may use one directory at once.
class LocalBlobStore final : public StagingBlobStore {
 public:
  // The tables that the database of a blob store must have.
  static std::string Schema();
  // SQL from the tables that an index of version 2 had.
  static std::string UpgradeTo3();

  // `database` and `file_system` must outlive the store.
  //
  // Errors: PermissionDenied and others if the folders cannot be made;
  // InvalidArgument if the store shall be durable and the database is not.
  static absl::StatusOr<std::unique_ptr<LocalBlobStore>> Open(
      const std::filesystem::path& directory, Database& database,
      const FileSystem& file_system, const BlobStoreOptions& options = {});

  using StagingBlobStore::Put;
  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write,
                                const StageOptions& options) override;
  absl::StatusOr<Blob> Get(const Digest& digest) const override;
  absl::StatusOr<bool> Contains(const Digest& digest) const override;
  // Errors: also Unavailable if the blob was being stored all the time.
  absl::Status Remove(const Digest& digest) override;
  absl::Status ForEach(
      absl::FunctionRef<bool(const BlobInfo&)> visit) const override;

  using StagingBlobStore::Stage;
  absl::StatusOr<StagedBlob> Stage(absl::FunctionRef<void(Sink&)> write,
                                   const StageOptions& options) override;
  absl::StatusOr<StagedBlob> StagePresent(const Digest& digest,
                                          std::uint64_t size) override;
  absl::Status SyncStaged(std::span<StagedBlob* const> blobs) override;
  bool HasVanished(const StagedBlob& blob) const override;

  // The end of a put, for a caller that adds rows of its own to the
  // transaction: writes the row of a staged blob, inside the caller's
  // transaction, and returns whether it is new. One that is still unsynced is
  // synced, alone.
  //
  // Errors: as `Put`; also Aborted if the blob was removed since it was
  // staged: stage it again.
  absl::StatusOr<bool> Commit(const StagedBlob& blob, Connection& connection);

  // What four columns of a row of `blobs` say, from the one with number
  // `column` on: size, data, codec, stored. Valid until the statement's next
  // step. Errors: DataLoss if there is no such codec.
  static absl::StatusOr<BlobPlace> PlaceAt(const Statement& row, int column);

  using StagingBlobStore::Load;
  absl::StatusOr<Blob> Load(const Digest& digest,
                            const BlobPlace& place) const override;

  absl::Status Check(const Digest& digest) const override;
  std::filesystem::path PathOf(const Digest& digest) const override;

  using StagingBlobStore::Recompress;
  absl::Status Recompress(const Digest& digest, const Compression& compression,
                          const PayloadHint& hint) override;

  // Removes blobs of one shard, by groups: for each, keeps writers out of the
  // shard; deletes, in one transaction, the rows of those that are garbage
  // still, as `is_garbage` says, which may read and write through the
  // connection; and then removes their files. `removed` is called for each that
  // had a row. A digest that has none and is garbage loses its files too.
  //
  // Waits for writers for at most `patience`.
  //
  // Errors: those of the database and of `is_garbage`. Groups that were done
  // before stay removed.
  using IsGarbageFn = absl::FunctionRef<absl::StatusOr<bool>(
      const Digest& digest, Connection& connection)>;
  absl::StatusOr<Removal> RemoveGarbage(
      std::uint8_t shard, std::span<const Digest> digests,
      IsGarbageFn is_garbage, absl::FunctionRef<void(const BlobInfo&)> removed,
      absl::Duration patience = absl::Seconds(5));

  // Visits the files that were last changed before `limit` and that no row
  // names: those that killed processes left, and those beside the one that a
  // row names. With `remove`, removes and then visits them. Waits for writers
  // for at most `patience` in all; strays in shards that are busy stay.
  absl::Status FindStrays(
      absl::Time limit, bool remove,
      absl::FunctionRef<void(const BlobFiles::Found&)> visit,
      absl::Duration patience = absl::Seconds(5));

  // After the database was replaced by an older copy of itself: a good file
  // without a row gets one, a bad one goes to quarantine/, and a row without
  // its file is dropped. Reads all files that have no row.
  absl::Status Rescan();

 private:
  LocalBlobStore(std::unique_ptr<BlobFiles> files, Database& database);

  // The row of a blob that is a file; nothing if it is in its row.
  struct Row {
    std::optional<BlobFile> file;
    std::uint64_t size = 0;
    absl::Time created;
  };
  static absl::StatusOr<std::optional<Row>> RowOf(const Digest& digest,
                                                  Connection& connection);
  absl::StatusOr<std::optional<Row>> RowOf(const Digest& digest) const;

  // The columns codec and stored, as the parameters `index` and the next.
  static void BindCodec(BlobCodec codec, std::uint64_t stored, int index,
                        Statement& statement);

  // `Stage`; `settled` is set if it found all done, but for the row.
  absl::StatusOr<StagedBlob> StageAs(absl::FunctionRef<void(Sink&)> write,
                                     const StageOptions& options,
                                     bool& settled);
  // Whether the blob has its row, which says that it was put just now.
  static absl::StatusOr<bool> IsFresh(const StagedBlob& blob,
                                      Connection& connection);
  // Lets the row say so, inside a transaction.
  static absl::Status Freshen(const Digest& digest, Connection& connection);
  // Fails if the row has other bytes of the same digest.
  absl::Status CompareWithRow(const StagedBlob& blob,
                              Connection& connection) const;
  // Whether this process has seen to it that the row is on the disk, or need
  // not.
  bool IsRowSynced(const Digest& digest) const;
  void SetRowSynced(const Digest& digest);

  absl::StatusOr<bool> IsStray(const BlobFile& file) const;
  absl::Status AddRowsOf(std::uint8_t shard,
                         std::span<const BlobFiles::Found> files);
  absl::Status DropRowsWithoutFile();

  absl::Status NoBlob(const Digest& digest) const;
  absl::Status BusyError(const Digest& digest, const char* what) const;
  absl::Status RemoveGroup(std::span<const Digest> digests,
                           IsGarbageFn is_garbage,
                           absl::FunctionRef<void(const BlobInfo&)> removed,
                           absl::Status& files);

  // With that many attempts left, should the blob change meanwhile.
  absl::StatusOr<Blob> GetAgain(const Digest& digest, VerifyReads verify,
                                int attempts) const;
  absl::StatusOr<Blob> LoadAgain(const Digest& digest, const BlobPlace& place,
                                 VerifyReads verify, int attempts) const;
  absl::StatusOr<Blob> LoadFile(const BlobFile& file, VerifyReads verify,
                                int attempts) const;
  // Sets a file aside that was found bad in the state `observed`, if there was
  // one, and drops its row; inside a transaction, which keeps other processes
  // from committing the blob meanwhile. Does nothing and returns false if the
  // row or the file is no longer what it was.
  absl::StatusOr<bool> SetAside(const BlobFile& file,
                                const std::optional<FileInfo>& observed,
                                std::string& message) const;
  // Returns DataLoss. `bytes` are the payload.
  absl::Status DropRow(const Digest& digest,
                       std::span<const std::byte> bytes) const;

  const std::unique_ptr<BlobFiles> files_;
  Database& database_;
  const ShardLocks locks_;

  mutable std::mutex mutex_;
  // What has its row on the disk, at kDurable.
  absl::flat_hash_set<Digest> synced_rows_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_LOCAL_BLOB_STORE_H_

#ifndef IRENEO_STORE_LOCAL_BLOB_STORE_H_
#define IRENEO_STORE_LOCAL_BLOB_STORE_H_

// Blobs in a directory: small ones in the database, larger ones as read-only
// files that are exactly the payload. The layout is specified in
// store/FORMAT.md, the protocol at the top of local_blob_store.cc.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/database.h"
#include "ireneo/store/file_system.h"

namespace ireneo {

// A blob whose bytes are safe and whose row is not written yet: what `Stage`
// returns and `Commit` takes.
struct StagedBlob {
  Digest digest;
  std::uint64_t size = 0;
  // The payload of a small blob; a larger one is in its file already.
  std::string inline_bytes = {};
  // A larger blob was in the store, with its row, when it was staged.
  bool present = false;
};

// What became of a group of blobs that were to be removed.
struct RemovedBlobs {
  std::int64_t blobs = 0;
  std::uint64_t size = 0;    // Bytes of their payloads.
  std::uint64_t stored = 0;  // Bytes that they took.
  // The first failure to remove a file.
  absl::Status files = absl::OkStatus();
};

// Thread-safe; many processes may use one directory at once.
//
// Bytes are checked against their digest when a blob is read: a file the first
// time that this process reads it in its present state (but for one so new that
// its change time may not tell it from a later one), a small blob always.
class LocalBlobStore final : public BlobStore {
 public:
  // Payloads of at most this many bytes live in the database.
  static constexpr std::uint64_t kInlineLimit = 4096;

  // The tables that the database of a blob store must have.
  static std::string Schema();

  // `database` and `file_system` must outlive the store.
  //
  // Errors: PermissionDenied and others if the folders cannot be made.
  static absl::StatusOr<std::unique_ptr<LocalBlobStore>> Open(
      const std::filesystem::path& directory, Database& database,
      const FileSystem& file_system);

  using BlobStore::Put;
  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write) override;
  absl::StatusOr<Blob> Get(const Digest& digest) const override;
  absl::StatusOr<bool> Contains(const Digest& digest) const override;
  absl::Status Remove(const Digest& digest) override;
  absl::Status ForEach(
      absl::FunctionRef<bool(const BlobInfo&)> visit) const override;

  // `Get` without the bytes.
  absl::Status Check(const Digest& digest) const {
    return Get(digest).status();
  }

  // `Put` in two steps, for a caller that adds rows of its own to the
  // transaction: `Stage` does all that is slow and takes no lock; `Commit`
  // writes the row, inside the caller's transaction, and returns whether it is
  // new. A blob that is never committed is a file without a row, left to
  // garbage collection.
  //
  // Errors: as `Put`; `Commit` also Aborted if the file was removed since
  // it was staged: stage it again.
  absl::StatusOr<StagedBlob> Stage(absl::FunctionRef<void(Sink&)> write);
  absl::StatusOr<bool> Commit(const StagedBlob& blob, Connection& connection);

  // `Get` for a caller that has read the row already; `inline_bytes` is the
  // payload of a small blob. Errors: DataLoss, as `Get`.
  absl::StatusOr<Blob> Load(
      const Digest& digest, std::uint64_t size,
      std::optional<std::span<const std::byte>> inline_bytes) const;

  // Removes blobs of one shard, in groups: those that are garbage still, as
  // `is_garbage` says, which may read through the connection, in the
  // transaction that deletes their rows.
  //
  // Errors: those of the database and of `is_garbage`. Groups that were done
  // before stay removed.
  using IsGarbageFn = absl::FunctionRef<absl::StatusOr<bool>(
      const Digest& digest, Connection& connection)>;
  absl::StatusOr<RemovedBlobs> RemoveGarbage(std::uint8_t shard,
                                             std::span<const Digest> digests,
                                             IsGarbageFn is_garbage);

  // Where the file of a blob is, if it is not small.
  std::filesystem::path PathOf(const Digest& digest) const;

 private:
  LocalBlobStore(std::filesystem::path directory, Database& database,
                 const FileSystem& file_system);

  // A file name that no one else chooses: no other store, process (of a fork
  // either) or host.
  std::string UniqueName() const;

  absl::StatusOr<bool> IsPresent(const Digest& digest,
                                 std::uint64_t size) const;
  // Whether the blob has its row, which then says that it was put just now.
  static absl::StatusOr<bool> IsPresentAndFresh(const StagedBlob& blob,
                                                Connection& connection);
  absl::Status WriteFile(const StagedBlob& blob,
                         absl::FunctionRef<void(Sink&)> write);
  absl::Status Publish(const std::filesystem::path& temporary,
                       const Digest& digest);
  absl::StatusOr<Blob> LoadFile(const Digest& digest, std::uint64_t size) const;
  // Whether the bytes were found good when the file was in that state.
  bool IsVerified(const Digest& digest, const FileInfo& info) const;
  // Hashes what was read at `read_at`, and remembers if it is good.
  bool Verify(const Digest& digest, const FileContents& file,
              absl::Time read_at) const;
  // Both return DataLoss. `observed` is the state of the file that was found
  // bad, if there was one; `bytes` the payload.
  absl::Status SetAsideFile(const Digest& digest, const std::string& why,
                            const std::optional<FileInfo>& observed) const;
  absl::Status DropRow(const Digest& digest,
                       std::span<const std::byte> bytes) const;

  const std::filesystem::path directory_;
  Database& database_;
  const FileSystem& file_system_;
  const std::string unique_;
  mutable std::atomic<std::uint64_t> unique_count_ = 0;

  mutable std::mutex verified_mutex_;
  // The state in which each file was when its bytes were found good.
  mutable absl::flat_hash_map<Digest, FileInfo> verified_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_LOCAL_BLOB_STORE_H_

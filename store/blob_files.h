#ifndef IRENEO_STORE_BLOB_FILES_H_
#define IRENEO_STORE_BLOB_FILES_H_

// The files of blobs in a directory: their names, how they are written,
// checked, synced, set aside and removed. Whether a blob exists, and which of
// its possible files is the one, is for the stores above to say. Internal to
// Ireneo; the layout is specified in store/FORMAT.md.

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/sink.h"

namespace ireneo {

// What one file of a blob must be.
struct BlobFile {
  // What only a compressed file itself can tell.
  static constexpr std::uint64_t kUnknownSize = ~std::uint64_t{0};

  Digest digest;
  std::uint64_t size = 0;  // Bytes of the payload.
  BlobCodec codec = BlobCodec::kRaw;
  // Bytes of the file: of a raw one, `size`; of a compressed one, what it had
  // for whoever wrote it last, and another may have been a bit later.
  std::uint64_t stored = 0;

  friend bool operator==(const BlobFile&, const BlobFile&) = default;
};

// How a file is to be written.
struct WriteOptions {
  Compression compression;
  PayloadHint hint = {};
  // Not synced, even if the store is durable.
  bool defer_sync = false;
  // With the bytes of a file that is there.
  bool compare = false;
};

// AlreadyExists: bytes that are stored in `directory` have the digest of
// others.
absl::Status CollisionError(const Digest& digest,
                            const std::filesystem::path& directory);

// Thread-safe.
class BlobFiles {
 public:
  static constexpr int kShards = 256;
  // The names that a blob's file may have, those first that are likely.
  static constexpr std::array kAllCodecs = {
      BlobCodec::kRaw, BlobCodec::kZstd, BlobCodec::kBlosc, BlobCodec::kZlib};

  // Makes the folders, and removes what killed processes left in tmp/.
  // `file_system` must outlive this. Errors: PermissionDenied and others if the
  // folders cannot be made, or not synced.
  static absl::StatusOr<std::unique_ptr<BlobFiles>> Open(
      const std::filesystem::path& directory, const FileSystem& file_system,
      const BlobStoreOptions& options);

  const std::filesystem::path& directory() const { return directory_; }
  const BlobStoreOptions& options() const { return options_; }

  static std::uint8_t ShardOf(const Digest& digest) {
    return digest.bytes()[0];
  }
  std::filesystem::path PathOf(const Digest& digest,
                               BlobCodec codec = BlobCodec::kRaw) const;

  // Whether the file is there and not short; errors that leave it open.
  absl::StatusOr<bool> Exists(const BlobFile& file) const;

  // A file of that blob, looked for under each of its names, and its state.
  struct Found {
    BlobFile file;  // `size` is kUnknownSize unless it is raw.
    FileInfo info;
  };
  absl::StatusOr<std::optional<Found>> Find(const Digest& digest) const;

  // Bytes of the payload, read from the file if it is compressed. Errors:
  // NotFound, DataLoss.
  absl::StatusOr<std::uint64_t> SizeOf(const BlobFile& file) const;

  // What `Ensure` did.
  struct Ensured {
    BlobFile file;
    // `known` was good.
    bool present = false;
    // It must be synced, or `SyncAll` called, before it is relied on.
    bool unsynced = false;
    // It was synced before: nothing was to be done.
    bool was_synced = false;
  };
  // Makes sure that there is a good file of the payload that `write` writes:
  // `known`, which the caller believes to be there, or a new one.
  //
  // Errors: as BlobStore::Put.
  absl::StatusOr<Ensured> Ensure(const Digest& digest, std::uint64_t size,
                                 const std::optional<BlobFile>& known,
                                 absl::FunctionRef<void(Sink&)> write,
                                 const WriteOptions& options);

  // A complete file that has no name yet; removed unless it is published.
  class Unpublished {
   public:
    Unpublished(Unpublished&& other) noexcept
        : files_(std::exchange(other.files_, nullptr)),
          path_(std::move(other.path_)),
          file_(other.file_),
          synced_(other.synced_),
          info_(other.info_) {}
    Unpublished& operator=(Unpublished&&) = delete;
    ~Unpublished();
    const BlobFile& file() const { return file_; }

   private:
    friend class BlobFiles;
    Unpublished(const BlobFiles& files, std::filesystem::path path)
        : files_(&files), path_(std::move(path)) {}

    const BlobFiles* files_;  // Null after it has got its name.
    std::filesystem::path path_;
    BlobFile file_;
    bool synced_ = false;
    std::optional<FileInfo> info_;  // Its state then, if it could be had.
  };
  absl::StatusOr<Unpublished> Write(const Digest& digest, std::uint64_t size,
                                    absl::FunctionRef<void(Sink&)> write,
                                    const WriteOptions& options);
  absl::Status Publish(Unpublished& file);

  // Puts the file and its name on the disk, unless this process has done so.
  // Errors: a failure is final. A second call for a file that could not be
  // synced fails as well, and `Ensure` writes another one.
  absl::Status Sync(const BlobFile& file);
  // The same for many files at once.
  absl::Status SyncAll(std::span<const BlobFile> files);

  // The payload, checked as `verify` says.
  //
  // Errors: NotFound if there is no such file; DataLoss if it is damaged, with
  // the state that it was found in, if any, in `observed`; Unknown if the disk
  // fails.
  absl::StatusOr<Blob> Read(const BlobFile& file, VerifyReads verify,
                            std::optional<FileInfo>& observed) const;

  // Moves a file that was found damaged, in the state `found` if there was one,
  // to quarantine/. What has its name by now and is another file keeps it.
  // Returns what to add to an error about it.
  std::string SetAside(const BlobFile& file,
                       const std::optional<FileInfo>& found) const;

  // The state of a file, if it can be had.
  std::optional<FileInfo> StateOf(const BlobFile& file) const;

  absl::Status Touch(const BlobFile& file) const;

  // Removes one file, or all that the blob may have. Absent is fine.
  absl::Status Remove(const Digest& digest, BlobCodec codec);
  absl::Status RemoveAll(const Digest& digest);

  // Visits the files in the folder of a shard, until `visit` returns false;
  // those that have no name of ours are left out.
  absl::Status ForEach(std::uint8_t shard,
                       absl::FunctionRef<bool(const Found&)> visit) const;

 private:
  BlobFiles(std::filesystem::path directory, const FileSystem& file_system,
            const BlobStoreOptions& options);

  // A file name that no one else chooses: no other store, process (of a fork
  // either) or host.
  std::string UniqueName() const;

  // The payload of a file that was read.
  absl::StatusOr<Blob> PayloadOf(const BlobFile& file,
                                 FileContents contents) const;
  bool IsGood(const BlobFile& file) const;
  // Whether the file has the bytes that `write` writes; false if it is damaged.
  // Errors: AlreadyExists if it has others and the same digest.
  absl::StatusOr<bool> HasBytesOf(const BlobFile& file,
                                  absl::FunctionRef<void(Sink&)> write) const;
  absl::Status SyncFolder(std::uint8_t shard);
  // Calls `sync` if one of them was not synced yet, and remembers what came of
  // it.
  absl::Status SyncEach(std::span<const BlobFile> files,
                        absl::FunctionRef<absl::Status()> sync);

  // Whether the bytes were found good when the file was in that state.
  bool IsVerified(const Digest& digest, const FileInfo& info) const;
  // Whether what was read at `read_at` is good, which is remembered. Errors:
  // Unknown if a part of it cannot be read.
  absl::StatusOr<bool> Verify(const BlobFile& file, const FileInfo& info,
                              const Blob& payload, absl::Time read_at) const;

  const std::filesystem::path directory_;
  const FileSystem& file_system_;
  const BlobStoreOptions options_;
  const std::string unique_;
  mutable std::atomic<std::uint64_t> unique_count_ = 0;

  mutable std::mutex mutex_;
  // The state in which each file was when its bytes were found good,
  mutable absl::flat_hash_map<Digest, FileInfo> verified_;
  // was put on the disk,
  absl::flat_hash_map<Digest, FileInfo> synced_;
  // and could not be put there.
  absl::flat_hash_map<Digest, FileInfo> sync_failed_;
  // Whether the folder of a shard is in blobs/ on the disk.
  std::array<std::atomic<bool>, kShards> shard_synced_ = {};
};

}  // namespace ireneo

#endif  // IRENEO_STORE_BLOB_FILES_H_

#ifndef IRENEO_STORE_DIRECTORY_BLOB_STORE_H_
#define IRENEO_STORE_DIRECTORY_BLOB_STORE_H_

// Blobs in a directory without a database: every blob, a small one too, is a
// file. For file systems on which a database must not be, those of networks;
// elsewhere a LocalBlobStore is faster and smaller. The layout is specified in
// store/FORMAT.md.
//
// Nothing keeps a collector from removing a blob that is about to be used but
// its age: whatever is put counts as new.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "absl/functional/function_ref.h"
#include "ireneo/store/blob_files.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo {

// Thread-safe; many processes, of many machines, may use one directory at once.
//
// `PutResult::inserted` is true for each of those who put a new blob at once.
// `BlobInfo::created_at` is when it was last put.
class DirectoryBlobStore final : public StagingBlobStore {
 public:
  // A put of what is there makes it new again if it is older than this: a
  // collector must leave what is not much older.
  static constexpr absl::Duration kFresh = absl::Minutes(10);

  // `file_system` must outlive the store. Errors: PermissionDenied and others
  // if the folders cannot be made.
  static absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> Open(
      const std::filesystem::path& directory, const FileSystem& file_system,
      const BlobStoreOptions& options = {});

  using StagingBlobStore::Put;
  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write,
                                const StageOptions& options) override;
  absl::StatusOr<Blob> Get(const Digest& digest) const override;
  absl::StatusOr<bool> Contains(const Digest& digest) const override;
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

  using StagingBlobStore::Load;
  absl::StatusOr<Blob> Load(const Digest& digest,
                            const BlobPlace& place) const override;

  absl::Status Check(const Digest& digest) const override;
  std::filesystem::path PathOf(const Digest& digest) const override;

  // What the files take of a disk that has blocks of so many bytes.
  absl::StatusOr<std::uint64_t> DiskUsage(std::uint64_t block) const;

  using StagingBlobStore::Recompress;
  absl::Status Recompress(const Digest& digest, const Compression& compression,
                          const PayloadHint& hint) override;

  const BlobFiles& files() const { return *files_; }

 private:
  explicit DirectoryBlobStore(std::unique_ptr<BlobFiles> files)
      : files_(std::move(files)) {}

  absl::Status NoBlob(const Digest& digest) const;
  absl::StatusOr<Blob> LoadFile(const Digest& digest, VerifyReads verify) const;

  const std::unique_ptr<BlobFiles> files_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_DIRECTORY_BLOB_STORE_H_

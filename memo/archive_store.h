#ifndef IRENEO_MEMO_ARCHIVE_STORE_H_
#define IRENEO_MEMO_ARCHIVE_STORE_H_

// An archive as a store that is read: its records in an index of a scratch
// directory, its blobs unpacked there, a layer at a time, when one is asked
// for. Internal to Ireneo.

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/scratch_directory.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/database.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

// Destroyed in reverse, so that what others refer to goes last.
struct ArchiveStore {
  std::unique_ptr<ScratchDirectory> scratch;
  std::shared_ptr<const ArchiveFile> archive;
  std::unique_ptr<Database> database;
  std::unique_ptr<StagingBlobStore> blobs;
  std::unique_ptr<MemoIndex> index;
};

// Reads all records, which are checked, and no blob. Errors: as ImportArchive.
absl::StatusOr<ArchiveStore> OpenArchiveStore(const std::filesystem::path& file,
                                              const FileSystem& files,
                                              VerifyReads verify);

// PermissionDenied: nothing can be written to an archive.
absl::Status ArchiveIsReadOnly(const std::filesystem::path& file);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_STORE_H_

#include "ireneo/memo/read_only_index.h"

#include <cerrno>
#include <cstdlib>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/store_directory.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace fs = std::filesystem;

// Of SQLite: its log, and the index of that, which is there while someone has
// the database open.
constexpr char kLog[] = "-wal";
constexpr char kShared[] = "-shm";

absl::Status CopyIfThere(const fs::path& from, const fs::path& to,
                         const FileSystem& files) {
  const absl::StatusOr<FileContents> contents = files.Read(from);
  if (absl::IsNotFound(contents.status())) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(contents.status());
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file,
                          FileSystem::Posix().Create(to));
  IRENEO_RETURN_IF_ERROR(file->Append(contents->blob.bytes()));
  IRENEO_RETURN_IF_ERROR(file->Close());
  std::error_code error;
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, error);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make() {
  std::error_code error;
  std::string name =
      (fs::temp_directory_path(error) / "ireneo-XXXXXX").native();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return absl::ErrnoToStatus(
        error ? error.value() : errno,
        absl::StrCat("cannot create the temporary directory ", name));
  }
  return std::unique_ptr<ScratchDirectory>(
      new ScratchDirectory(std::move(name)));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

absl::StatusOr<ReadOnlyIndex> OpenReadOnlyIndex(const fs::path& directory,
                                                const FileSystem& files) {
  const fs::path path = directory / kIndexFile;
  const auto version = static_cast<std::int64_t>(IndexUpgrades().size()) + 1;
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    ReadOnlyIndex index;
    absl::StatusOr<std::unique_ptr<Database>> in_place =
        Database::OpenReadOnly(path, version);
    if (in_place.ok()) {
      index.database = *std::move(in_place);
      return index;
    }
    IRENEO_RETURN_IF_ERROR(files.Stat(path).status());
    IRENEO_ASSIGN_OR_RETURN(index.scratch, ScratchDirectory::Make());
    const fs::path copy = index.scratch->path() / kIndexFile;
    for (const char* suffix : {"", kLog}) {
      IRENEO_RETURN_IF_ERROR(
          CopyIfThere(path.native() + suffix, copy.native() + suffix, files));
    }
    // If someone has begun to write, the two may not belong together.
    if (files.Stat(path.native() + kShared).ok() && attempt < kAttempts) {
      continue;
    }
    // Takes up the log, and upgrades it.
    IRENEO_RETURN_IF_ERROR(
        Database::Open(copy, LocalBlobStore::Schema() + IndexSchema(),
                       IndexUpgrades())
            .status());
    // What was written to the copy would be lost.
    IRENEO_ASSIGN_OR_RETURN(index.database,
                            Database::OpenReadOnly(copy, version));
    return index;
  }
}

}  // namespace ireneo::internal

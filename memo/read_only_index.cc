#include "ireneo/memo/read_only_index.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/store_directory.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace fs = std::filesystem;

constexpr char kLog[] = "-wal";  // Of SQLite.

// What tells whether a file was written to. A clock that was set back must not
// make it new for ever.
struct State {
  std::optional<FileInfo> info;
  bool is_new = false;
};

State StateOf(const fs::path& path, const FileSystem& files) {
  const absl::Time now = absl::Now();
  const absl::StatusOr<FileInfo> info = files.Stat(path);
  if (!info.ok()) return {};
  const absl::Duration age = now - absl::FromUnixNanos(info->mtime_ns);
  return {.info = *info, .is_new = age < kClockTick && age > -absl::Seconds(1)};
}

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

absl::StatusOr<ReadOnlyIndex> OpenReadOnlyIndex(const fs::path& directory,
                                                const FileSystem& files) {
  const fs::path path = directory / kIndexFile;
  const auto version = static_cast<std::int64_t>(IndexUpgrades().size()) + 1;
  const fs::path log = path.native() + kLog;
  // Half a second, together.
  constexpr int kAttempts = 10;
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
    const State database_before = StateOf(path, files);
    const State log_before = StateOf(log, files);
    IRENEO_RETURN_IF_ERROR(CopyIfThere(path, copy, files));
    IRENEO_RETURN_IF_ERROR(CopyIfThere(log, copy.native() + kLog, files));
    // If someone writes, the two may not belong together.
    if (database_before.is_new || log_before.is_new ||
        StateOf(path, files).info != database_before.info ||
        StateOf(log, files).info != log_before.info) {
      if (attempt == kAttempts) {
        return absl::UnavailableError(absl::StrCat(
            path.native(), " is in use, and cannot be read meanwhile (",
            in_place.status().message(),
            "): try again when nobody writes to it"));
      }
      absl::SleepFor(attempt * absl::Milliseconds(10));
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

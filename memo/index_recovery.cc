// Replacing a damaged index, with locks/index held exclusively, which every
// opening holds shared:
//
//   1. Whoever waited for the lock looks whether another has done it.
//   2. The newest snapshot is copied to tmp/, upgraded and checked; if it is
//      damaged, the one before it.
//   3. The file `rescan` is made: it says that the rows of blobs and their
//      files may differ.
//   4. index.db, its -wal and its -shm are moved to quarantine/, in this order:
//      who has it open sees that it has moved before it writes to a new log. A
//      log that is left without its database is damage to the next opening.
//   5. The copy is renamed to index.db. If there is no snapshot that is whole,
//      the opening that follows makes an empty index.
//   6. memo/store_state.cc brings rows and files in line and removes `rescan`.
//
// A crash before 4 leaves the damaged index; between 4 and 5 no index but
// snapshots or blobs, which the next opening takes for the same; after 5 a
// `rescan` to be done. No row of a damaged database is taken over: what it says
// of a result could be wrong.
//
// A page that is damaged is met when it is read, not when the database is
// opened. Whoever meets one leaves the file `suspect`, and the next opening
// reads all of the index before it is used.

#include "ireneo/memo/index_recovery.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/store_directory.h"
#include "ireneo/store/file_lock.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = "locks/index";
constexpr char kRescan[] = "rescan";
constexpr char kSnapshots[] = "snapshots";
constexpr char kSuspect[] = "suspect";
constexpr char kReserve[] = "reserve";
constexpr std::size_t kReserveSize = 128 << 10;
constexpr std::size_t kKeptSnapshots = 2;
constexpr absl::Duration kPatience = absl::Seconds(30);

// A check that cannot read a page says so in its answer, with SQLite's code:
// trouble that may pass, but for a file that is too short.
bool IsReadError(const std::string& answer) {
  // "error code=266", "returns error code 266".
  constexpr std::string_view kCode = "error code";
  const std::size_t at = answer.find(kCode);
  if (at == std::string::npos) return false;
  const int code = std::atoi(answer.c_str() + at + kCode.size() + 1);
  constexpr int kError = 10;      // SQLITE_IOERR
  constexpr int kTooShort = 522;  // SQLITE_IOERR_SHORT_READ
  return (code & 0xff) == kError && code != kTooShort;
}

// Statements that need each column, view and trigger to be what it is called:
// SQLite believes a name that has changed. They are prepared, and never run.
constexpr const char* kProbes[] = {
    "SELECT digest, size, created, data, codec, stored FROM blobs",
    "SELECT id, blobs, size, stored FROM blob_files",
    "SELECT key, result, created, times FROM conflicts",
    "SELECT key, function, environment, arguments, result, result_size, "
    "result_value, kept_size, elapsed, created, spent, seed, callees, "
    "argument_values FROM calls",
    "SELECT key, function, elapsed, hits, spent, last_use FROM uses",
    "SELECT name, digest, created FROM pins",
    "SELECT started FROM sweeps",
    "SELECT digest FROM referred",
    "SELECT * FROM records",
    "SELECT key, position, digest, kept FROM arguments",
    "SELECT * FROM functions",
    "SELECT * FROM environments",
    "INSERT INTO blobs SELECT * FROM blobs",
    "UPDATE blobs SET data = NULL",
    "DELETE FROM blobs",
    "INSERT INTO calls SELECT * FROM calls",
    "DELETE FROM calls",
    "INSERT INTO conflicts SELECT * FROM conflicts",
    "INSERT INTO pins SELECT * FROM pins",
};

absl::Status CheckNames(Connection& connection) {
  for (const char* probe : kProbes) {
    const absl::Status status = connection.Prepare(probe).status();
    if (absl::IsInternal(status)) return absl::DataLossError(status.message());
    IRENEO_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(
    const fs::path& path, Durability durability = Durability::kCache) {
  return Database::Open(path, LocalBlobStore::Schema() + IndexSchema(),
                        IndexUpgrades(), durability);
}

std::string Now() {
  return absl::FormatTime("%Y%m%dT%H%M%E6SZ", absl::Now(), absl::UTCTimeZone());
}

fs::path Temporary(const fs::path& directory) {
  return directory / "tmp" / absl::StrCat("index-", ProcessId(), "-", Now());
}

// Makes an empty file, if it is not there.
absl::Status Mark(const fs::path& path, const FileSystem& files) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = files.Create(path);
  if (absl::IsAlreadyExists(file.status())) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(file.status());
  return (*file)->Close();
}

absl::Status Unmark(const fs::path& path, const FileSystem& files) {
  absl::Status status = files.Remove(path);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

bool IsThere(const fs::path& path, const FileSystem& files) {
  return files.Stat(path).ok();
}

// What is neither a file nor a link. A link is how people keep the index on
// another disk: it may point to nothing because that disk is not there.
bool IsNoFile(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  return type == fs::file_type::directory || type == fs::file_type::fifo ||
         type == fs::file_type::socket;
}

bool IsEmpty(const fs::path& path, const FileSystem& files) {
  const absl::StatusOr<FileInfo> info = files.Stat(path);
  return info.ok() ? info->size == 0 : absl::IsNotFound(info.status());
}

// Newest first: their names are times. None if there is no such folder; errors
// if it cannot be told.
absl::StatusOr<std::vector<fs::path>> Snapshots(const fs::path& directory,
                                                const FileSystem& files) {
  const auto names = files.List(directory / kSnapshots);
  std::vector<fs::path> snapshots;
  std::error_code error;
  if (!names.ok()) {
    const fs::file_type type = fs::status(directory / kSnapshots, error).type();
    const bool is_none = absl::IsNotFound(names.status()) ||
                         error == std::errc::too_many_symbolic_link_levels ||
                         (!error && type != fs::file_type::directory);
    if (is_none) return snapshots;
    return names.status();
  }
  for (const std::string& name : *names) {
    if (!name.starts_with("index-") || !name.ends_with(".db")) continue;
    const fs::path path = directory / kSnapshots / name;
    const fs::file_type type = fs::symlink_status(path, error).type();
    // A folder, say, or a link, which is none of ours.
    if (!error && type != fs::file_type::regular) continue;
    snapshots.push_back(path);
  }
  std::sort(snapshots.rbegin(), snapshots.rend());
  return snapshots;
}

absl::Status CopyFile(const fs::path& from, const fs::path& to,
                      const FileSystem& files) {
  IRENEO_ASSIGN_OR_RETURN(const FileContents contents, files.Read(from));
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(to));
  IRENEO_RETURN_IF_ERROR(file->Append(contents.blob.bytes()));
  IRENEO_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

void RemoveDatabase(const fs::path& path, const FileSystem& files) {
  for (const char* suffix : {"-wal", "-shm", ""}) {
    (void)files.Remove(path.native() + suffix);
  }
}

// A copy of `snapshot` in one file at `path`, of the present version.
absl::Status Restore(const fs::path& snapshot, const fs::path& path,
                     const FileSystem& files) {
  IRENEO_RETURN_IF_ERROR(CopyFile(snapshot, path, files));
  std::error_code error;
  fs::permissions(path, fs::status(snapshot, error).permissions(), error);
  {
    IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            OpenDatabase(path));
    IRENEO_RETURN_IF_ERROR(CheckIndex(*database));
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database->Acquire());
    IRENEO_RETURN_IF_ERROR(
        connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    (void)files.Remove(path.native() + suffix);
  }
  return absl::OkStatus();
}

// Moves index.db and what belongs to it to quarantine/, those that are there.
absl::Status SetIndexAside(const fs::path& directory, const FileSystem& files,
                           const std::string& kept) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    absl::Status moved =
        files.Rename((directory / kIndexFile).native() + suffix, kept + suffix);
    if (!moved.ok() && !absl::IsNotFound(moved)) return moved;
  }
  return absl::OkStatus();
}

// Whether there are files of blobs, which only an index can have led to.
bool HasBlobs(const fs::path& directory, const FileSystem& files) {
  const auto shards = files.List(directory / "blobs");
  return shards.ok() && !shards->empty();
}

// Steps 1 to 5. `recovered` as of OpenIndex.
absl::StatusOr<std::unique_ptr<Database>> Replace(
    const fs::path& directory, const FileSystem& files, Durability durability,
    const std::function<absl::StatusOr<std::unique_ptr<Database>>()>& open,
    absl::Status& recovered) {
  const absl::StatusOr<FileLock> lock = FileLock::Acquire(
      directory / kLock, FileLock::Mode::kExclusive, kPatience);
  if (absl::IsUnavailable(lock.status())) return lock.status();
  absl::StatusOr<std::unique_ptr<Database>> damaged = open();
  if (!absl::IsDataLoss(damaged.status())) return damaged;
  for (const char* folder : {"tmp", "quarantine"}) {
    IRENEO_RETURN_IF_ERROR(files.CreateDirectory(directory / folder));
  }
  const fs::path copy = Temporary(directory);
  const std::string kept =
      (directory / "quarantine" / absl::StrCat("index-", Now(), ".db"))
          .native();
  bool restored = false;
  std::string from;
  IRENEO_ASSIGN_OR_RETURN(const std::vector<fs::path> snapshots,
                          Snapshots(directory, files));
  for (const fs::path& snapshot : snapshots) {
    const absl::Status status = Restore(snapshot, copy, files);
    restored = status.ok();
    if (restored) {
      from = snapshot.native();
      break;
    }
    RemoveDatabase(copy, files);
    // A full disk, say, is no reason to start with less. NotFound: another
    // process has dropped it.
    if (!absl::IsDataLoss(status) && !absl::IsFailedPrecondition(status) &&
        !absl::IsNotFound(status)) {
      return status;
    }
  }
  const auto put_in_place = [&]() -> absl::Status {
    IRENEO_RETURN_IF_ERROR(Mark(directory / kRescan, files));
    IRENEO_RETURN_IF_ERROR(SetIndexAside(directory, files, kept));
    if (restored) {
      IRENEO_RETURN_IF_ERROR(files.Rename(copy, directory / kIndexFile));
    }
    // If it stays, what is there now is read once more.
    (void)Unmark(directory / kSuspect, files);
    return absl::OkStatus();
  };
  if (absl::Status status = put_in_place(); !status.ok()) {
    RemoveDatabase(copy, files);
    return status;
  }
  recovered = absl::DataLossError(absl::StrCat(
      damaged.status().message(), "; what there is of it is kept as ", kept,
      ", and ",
      restored ? absl::StrCat("the snapshot ", from,
                              " took its place: what was remembered since is "
                              "computed anew")
               : "as there is no snapshot that is whole, the index begins "
                 "anew: all is computed anew"));
  // Not by `open`, which takes an index that is missing beside snapshots, all
  // of them damaged, for one that is lost.
  return OpenDatabase(directory / kIndexFile, durability);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenIndex(const fs::path& directory,
                                                    const FileSystem& files,
                                                    Durability durability,
                                                    absl::Status& recovered) {
  const fs::path path = directory / kIndexFile;
  const auto open = [&]() -> absl::StatusOr<std::unique_ptr<Database>> {
    if (IsNoFile(path)) {
      return absl::DataLossError(absl::StrCat(path.native(), " is no file"));
    }
    if (IsEmpty(path, files)) {
      const fs::path log = path.native() + "-wal";
      // SQLite would remove the log, and begin anew.
      if (!IsEmpty(log, files)) {
        return absl::DataLossError(absl::StrCat(
            path.native(), " is missing or empty, and its log is there"));
      }
      IRENEO_ASSIGN_OR_RETURN(const std::vector<fs::path> snapshots,
                              Snapshots(directory, files));
      // Blobs come after the index: unless it has just been made.
      if (!snapshots.empty() ||
          (HasBlobs(directory, files) && IsEmpty(path, files))) {
        return absl::DataLossError(absl::StrCat(path.native(), " is lost"));
      }
    }
    IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                            OpenDatabase(path, durability));
    if (IsThere(directory / kSuspect, files)) {
      IRENEO_RETURN_IF_ERROR(CheckIndex(*database));
      (void)Unmark(directory / kSuspect, files);
    }
    return database;
  };
  absl::StatusOr<std::unique_ptr<Database>> database =
      absl::UnknownError("not opened");
  {
    // Without it, two who find damage at once could get in each other's way.
    const absl::StatusOr<FileLock> lock = FileLock::Acquire(
        directory / kLock, FileLock::Mode::kShared, kPatience);
    if (absl::IsUnavailable(lock.status())) return lock.status();
    database = open();
    // Even who opens a store to make room needs some: SQLite, for the memory
    // that processes share. The newest snapshot stays.
    if (absl::IsResourceExhausted(database.status()) &&
        (DropSnapshots(directory, files, 1) || UseReserve(directory, files))) {
      database = open();
    }
  }
  if (!absl::IsDataLoss(database.status())) return database;
  absl::StatusOr<std::unique_ptr<Database>> replaced =
      Replace(directory, files, durability, open, recovered);
  if (replaced.ok()) return replaced;
  return absl::DataLossError(absl::StrCat(
      database.status().message(),
      "; and it could not be replaced: ", replaced.status().message()));
}

bool NeedsRescan(const fs::path& directory, const FileSystem& files) {
  return IsThere(directory / kRescan, files);
}

absl::Status EndRescan(const fs::path& directory, const FileSystem& files) {
  return Unmark(directory / kRescan, files);
}

absl::Status CheckIndex(Database& database) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database.Acquire());
  std::string answer;
  // Twice, as a read that fails once is no damage.
  for (int attempt = 0; attempt < 2; ++attempt) {
    IRENEO_ASSIGN_OR_RETURN(Statement check,
                            connection.Prepare("PRAGMA integrity_check(1)"));
    IRENEO_ASSIGN_OR_RETURN(const bool row, check.Step());
    answer = row ? std::string(check.ColumnText(0)) : "the check is mute";
    if (answer == "ok") break;
  }
  if (answer == "ok") return CheckNames(connection);
  // The first line names the database, by a name of SQLite's.
  const std::string message = absl::StrCat(
      database.path().native(),
      " is damaged: ", answer.substr(answer.find_last_of('\n') + 1));
  return IsReadError(answer) ? absl::InternalError(message)
                             : absl::DataLossError(message);
}

void SuspectIndex(const fs::path& directory, const FileSystem& files) {
  (void)Mark(directory / kSuspect, files);
}

absl::Status SnapshotIndex(const fs::path& directory, Database& database,
                           const FileSystem& files) {
  IRENEO_RETURN_IF_ERROR(files.CreateDirectory(directory / kSnapshots));
  const fs::path temporary = Temporary(directory);
  const auto write = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database.Acquire());
    // SQLite would make it writable for its owner alone.
    std::ofstream(temporary).close();
    {
      IRENEO_ASSIGN_OR_RETURN(Statement vacuum,
                              connection.Prepare("VACUUM INTO ?"));
      vacuum.Bind(1, std::string_view(temporary.native()));
      IRENEO_RETURN_IF_ERROR(vacuum.Run());
    }
    IRENEO_RETURN_IF_ERROR(files.Sync(temporary));
    IRENEO_RETURN_IF_ERROR(files.Rename(
        temporary,
        directory / kSnapshots / absl::StrCat("index-", Now(), ".db")));
    // Before an older one goes. Some file systems cannot; then its name is as
    // safe as they make it.
    (void)files.Sync(directory / kSnapshots);
    (void)files.Sync(directory);
    return absl::OkStatus();
  };
  if (absl::Status status = write(); !status.ok()) {
    (void)files.Remove(temporary);
    return status;
  }
  DropSnapshots(directory, files, kKeptSnapshots);
  return absl::OkStatus();
}

bool HasSnapshotSince(const fs::path& directory, const FileSystem& files,
                      absl::Time time) {
  const absl::StatusOr<std::vector<fs::path>> snapshots =
      Snapshots(directory, files);
  if (!snapshots.ok() || snapshots->empty()) return false;
  const absl::StatusOr<FileInfo> newest = files.Stat(snapshots->front());
  return newest.ok() && absl::FromUnixNanos(newest->mtime_ns) > time;
}

void KeepReserve(const fs::path& directory, const FileSystem& files) {
  if (IsThere(directory / kReserve, files)) return;
  const absl::StatusOr<std::unique_ptr<WritableFile>> file =
      files.Create(directory / kReserve);
  if (!file.ok()) return;
  const std::vector<std::byte> zeros(kReserveSize);
  // Less is better than nothing.
  (void)(*file)->Append(zeros);
  (void)(*file)->Close();
}

bool UseReserve(const fs::path& directory, const FileSystem& files) {
  return files.Remove(directory / kReserve).ok();
}

bool DropSnapshots(const fs::path& directory, const FileSystem& files,
                   std::size_t keep) {
  const absl::StatusOr<std::vector<fs::path>> snapshots =
      Snapshots(directory, files);
  if (!snapshots.ok()) return false;
  bool dropped = false;
  for (std::size_t i = keep; i < snapshots->size(); ++i) {
    dropped = files.Remove((*snapshots)[i]).ok() || dropped;
  }
  return dropped;
}

}  // namespace ireneo::internal

#ifndef IRENEO_MEMO_RECORD_FILES_H_
#define IRENEO_MEMO_RECORD_FILES_H_

// The files of a directory index: small, complete from the moment that they
// have their name, and never changed but replaced by others. Needs of the file
// system that rename and link are atomic, and no locks. Internal to Ireneo.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

// Paths are below the directory of the store. Thread-safe; of many processes.
//
// Errors, of all members: those of FileSystem.
class RecordFiles {
 public:
  // If it is durable, what is written is on the disk before its function
  // returns. `file_system` must outlive this. The directory must have tmp/ and
  // quarantine/.
  RecordFiles(std::filesystem::path directory, const FileSystem& file_system,
              Durability durability);

  const std::filesystem::path& directory() const { return directory_; }
  const FileSystem& file_system() const { return file_system_; }

  // Makes the file, whose folder may be missing. Errors: AlreadyExists.
  absl::Status Add(const std::filesystem::path& path,
                   std::string_view text) const;
  // Makes the file or puts it in the place of another one.
  absl::Status Replace(const std::filesystem::path& path,
                       std::string_view text) const;

  struct File {
    FileInfo info;
    std::string text;
  };
  // Errors: NotFound; DataLoss if it is no file.
  absl::StatusOr<File> Read(const std::filesystem::path& path) const;

  // Moves a damaged file to quarantine/, unless it was replaced since it was
  // read: `read` is its state then, if there was one.
  void SetAside(const std::filesystem::path& path,
                const std::optional<FileInfo>& read) const;

  // Puts a file on the disk that is there, and that somebody who does not sync
  // may have written. Does nothing unless the store is durable.
  absl::Status Sync(const std::filesystem::path& path) const;

  // How many were found damaged so far.
  std::int64_t damaged() const { return damaged_.load(); }

  // Absent is fine.
  absl::Status Remove(const std::filesystem::path& path) const;

  // Visits the names in a folder until `visit` returns false. A folder that is
  // missing is an empty one.
  absl::Status ForEachName(
      const std::filesystem::path& folder,
      absl::FunctionRef<bool(const std::string& name)> visit) const;

  // What time it is on the clock that stamps the files, which may be another
  // machine's.
  absl::StatusOr<absl::Time> FileTime() const;

  // A name that no one else chooses: no other thread, process or host.
  std::string UniqueName() const;

 private:
  // Writes a file in tmp/, and gives it its name by `publish`.
  absl::Status Write(
      const std::filesystem::path& path, std::string_view text,
      absl::FunctionRef<absl::Status(const std::filesystem::path& from,
                                     const std::filesystem::path& to)>
          publish) const;
  absl::Status SyncFolderOf(const std::filesystem::path& path) const;

  const std::filesystem::path directory_;
  const FileSystem& file_system_;
  const bool durable_;
  const std::string unique_;
  mutable std::atomic<std::uint64_t> unique_count_ = 0;
  mutable std::atomic<std::int64_t> damaged_ = 0;
  mutable std::mutex mutex_;
  // Those whose names are on the disk.
  mutable absl::flat_hash_set<std::string> synced_folders_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_RECORD_FILES_H_

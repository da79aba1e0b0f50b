#ifndef IRENEO_STORE_FILE_SYSTEM_H_
#define IRENEO_STORE_FILE_SYSTEM_H_

// The seam between the store and the operating system: every file that the
// store reads or writes, except the SQLite database, goes through here, so that
// a test can fail, record or slow down any operation.
//
// Errors carry the path and the system's reason. They are mapped from errno as
// by `absl::ErrnoToStatus`: NotFound for ENOENT, AlreadyExists for EEXIST,
// PermissionDenied for EACCES and EPERM, ResourceExhausted for ENOSPC and
// EDQUOT, and so on.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/blob.h"

namespace ireneo {

// Tells one state of a file from another: a change of the contents changes
// `ctime_ns` or the inode.
struct FileInfo {
  std::uint64_t size = 0;  // Bytes.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime_ns = 0;  // Nanoseconds since 1970.
  std::int64_t ctime_ns = 0;
  std::uint32_t owner = 0;  // The user's number.

  friend bool operator==(const FileInfo&, const FileInfo&) = default;
};

struct FileContents {
  FileInfo info;
  Blob blob;  // `blob.size() == info.size`.
};

// A file being written. Not thread-safe. The destructor closes the file if
// `Close` was not called and cannot report a failure.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Append(std::span<const std::byte> bytes) = 0;
  // What was appended is on the disk when this returns, the name of the file
  // not necessarily. A failure is final: what reached the disk is not known,
  // and a second call might report success for bytes that were dropped.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Close() = 0;
};

// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The operating system's files.
  static const FileSystem& Posix();

  // Makes a file that did not exist, readable by all (as far as the umask
  // allows) and writable through the returned object alone.
  // Errors: AlreadyExists.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const std::filesystem::path& path) const = 0;

  // The whole file: small ones are read, and those on network file systems;
  // others are mapped.
  // Errors: NotFound; FailedPrecondition if it is not a regular file.
  virtual absl::StatusOr<FileContents> Read(
      const std::filesystem::path& path) const = 0;

  // Errors: NotFound.
  virtual absl::StatusOr<FileInfo> Stat(
      const std::filesystem::path& path) const = 0;

  // Atomically gives `from` the name `to`, replacing what has it.
  virtual absl::Status Rename(const std::filesystem::path& from,
                              const std::filesystem::path& to) const = 0;

  // Gives `from` the name `to` too, atomically, unless something has it.
  // Errors: AlreadyExists; PermissionDenied or Unimplemented where files cannot
  // have two names.
  virtual absl::Status Link(const std::filesystem::path& from,
                            const std::filesystem::path& to) const = 0;

  // Errors: NotFound.
  virtual absl::Status Remove(const std::filesystem::path& path) const = 0;

  // The names in a directory, in no order, without "." and "..".
  // Errors: NotFound.
  virtual absl::StatusOr<std::vector<std::string>> List(
      const std::filesystem::path& path) const = 0;

  // Makes one directory; OK if it exists already.
  virtual absl::Status CreateDirectory(
      const std::filesystem::path& path) const = 0;

  // The contents of a file, or the names in a directory, are on the disk when
  // this returns. Errors: NotFound. A failure is final, as for a WritableFile.
  virtual absl::Status Sync(const std::filesystem::path& path) const = 0;

  // The same for everything on the file system that has `path`: for many files
  // at once.
  virtual absl::Status SyncAll(const std::filesystem::path& path) const = 0;

  // Sets the time at which a file was last changed to now. Errors: NotFound.
  virtual absl::Status Touch(const std::filesystem::path& path) const = 0;

  // What kind of network file system has `path` ("nfs"), or nothing if it is a
  // local one: on others, memory that processes share and locks may not be
  // what they are here. Errors: NotFound.
  virtual absl::StatusOr<std::optional<std::string>> NetworkKind(
      const std::filesystem::path& path) const = 0;
};

// Larger writes are no faster, and some are several times slower: the kernel
// looks for pages as large as the write.
inline constexpr std::size_t kWritePiece = 256 << 10;

// A multiple of the tick of the clock that stamps files: within one tick two
// states of a file can bear the same time.
inline constexpr absl::Duration kClockTick = absl::Milliseconds(50);

// That both are states of one file with the same contents: renaming may change
// the rest.
bool IsSameFile(const FileInfo& a, const FileInfo& b);

// Gives `from` the name `to`, unless something has it. Where files cannot have
// two names, of two who do so at the same moment the last wins.
// Errors: AlreadyExists; those of Link and Rename.
absl::Status RenameNew(const FileSystem& files,
                       const std::filesystem::path& from,
                       const std::filesystem::path& to);

// `kept` is what was moved away from `path`, where a file in the state `found`
// was to go. If it is another one, which somebody had put there just before,
// gives it its name back, unless something has it. Returns whether it did.
bool PutBackUnless(const FileInfo& found, const FileSystem& files,
                   const std::filesystem::path& kept,
                   const std::filesystem::path& path);

}  // namespace ireneo

#endif  // IRENEO_STORE_FILE_SYSTEM_H_

#ifndef IRENEO_STORE_FILE_LOCK_H_
#define IRENEO_STORE_FILE_LOCK_H_

// A lock between processes: one byte of a file, by fcntl(2), of the open file
// description. The kernel drops it when its holder dies, so that nothing is
// ever left to clean up; the file itself stays, empty.

#include <sys/types.h>

#include <filesystem>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ireneo {

// Excludes other FileLocks on the same file, of other processes, of other
// threads, of the same thread. A child that is forked while it is held does not
// hold it for longer than its parent.
class FileLock {
 public:
  enum class Mode { kShared, kExclusive };

  // Waits for at most `timeout`. Makes the file if it does not exist.
  //
  // Errors: Unavailable if someone else holds it; others if the file cannot be
  // opened or its file system has no locks.
  static absl::StatusOr<FileLock> Acquire(
      const std::filesystem::path& path, Mode mode,
      absl::Duration timeout = absl::ZeroDuration());

  FileLock(FileLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), pid_(other.pid_) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd);

  int fd_;
  pid_t pid_;  // Whose it is.
};

}  // namespace ireneo

#endif  // IRENEO_STORE_FILE_LOCK_H_

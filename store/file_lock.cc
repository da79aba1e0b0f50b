#include "ireneo/store/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/store/process_id.h"

namespace ireneo {

FileLock::FileLock(int fd) : fd_(fd), pid_(ProcessId()) {}

absl::StatusOr<FileLock> FileLock::Acquire(const std::filesystem::path& path,
                                           Mode mode, absl::Duration timeout) {
  // Not through a link, to a file that is none of ours to write to.
  FileLock lock(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (lock.fd_ < 0) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot open ", path.native()));
  }
  struct flock range = {};
  range.l_type = mode == Mode::kShared ? F_RDLCK : F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  const absl::Time deadline = absl::Now() + timeout;
  while (::fcntl(lock.fd_, F_OFD_SETLK, &range) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) {
      return absl::ErrnoToStatus(errno,
                                 absl::StrCat("cannot lock ", path.native()));
    }
    if (absl::Now() >= deadline) {
      return absl::UnavailableError(
          absl::StrCat(path.native(), " is locked by another process"));
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  return lock;
}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  if (pid_ == ProcessId()) {
    // A forked child has the file open as well.
    struct flock range = {};
    range.l_type = F_UNLCK;
    range.l_whence = SEEK_SET;
    range.l_len = 1;
    (void)::fcntl(fd_, F_OFD_SETLK, &range);
  }
  ::close(fd_);
}

}  // namespace ireneo

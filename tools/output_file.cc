#include "ireneo/tools/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace ireneo::tools {
namespace {

absl::Status CannotWrite(int error, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(
    const std::string& path) {
  struct stat info;
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT) return CannotWrite(errno, path);
  if (exists && S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot write ", path, ": it is a directory"));
  }
  // What is read-only stays, although its directory could be changed.
  if (exists && ::access(path.c_str(), W_OK) != 0) {
    return CannotWrite(errno, path);
  }
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return CannotWrite(errno, path);
    return std::unique_ptr<OutputFile>(new OutputFile(path, "", fd));
  }
  std::error_code error;
  const std::string target =
      std::filesystem::weakly_canonical(path, error).native();
  if (error) return CannotWrite(error.value(), path);
  const std::string temporary =
      absl::StrCat(target, ".", ::getpid(), ".ireneo");
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return CannotWrite(errno, path);
  if (exists) (void)::fchmod(fd, info.st_mode & 07777);
  return std::unique_ptr<OutputFile>(new OutputFile(target, temporary, fd));
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::FailWith(int error) { Fail(CannotWrite(error, path_)); }

void OutputFile::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailWith(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

absl::Status OutputFile::Commit() {
  Flush();
  if (::close(std::exchange(fd_, -1)) != 0) FailWith(errno);
  if (ok() && !temporary_.empty()) {
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      FailWith(errno);
    } else {
      temporary_.clear();
    }
  }
  return status();
}

}  // namespace ireneo::tools

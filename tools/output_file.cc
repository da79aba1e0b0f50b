#include "ireneo/tools/output_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace ireneo::tools {
namespace {

absl::Status CannotWrite(int error, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
}

// Where a chain of links ends, whether there is a file or not.
std::filesystem::path Follow(std::filesystem::path path,
                             std::error_code& error) {
  constexpr int kMaxLinks = 40;  // As the system's.
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code none;
    if (!std::filesystem::is_symlink(path, none)) return path;
    path = path.parent_path() / std::filesystem::read_symlink(path, error);
    if (error) return path;
  }
  error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
  return path;
}

// Opens a new file in `folder`; its short name fits whatever the other's
// length. Returns the descriptor, or -1 and an errno.
int OpenTemporary(const std::filesystem::path& folder, std::string& path) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    std::uint64_t random = 0;
    if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) continue;
    path =
        folder / absl::StrCat(".ireneo-", absl::Hex(random, absl::kZeroPad16));
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
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
  const std::filesystem::path target = Follow(path, error);
  if (error) return CannotWrite(error.value(), path);
  std::string temporary;
  const int fd = OpenTemporary(target.parent_path(), temporary);
  if (fd < 0) return CannotWrite(errno, path);
  if (exists) (void)::fchmod(fd, info.st_mode & 07777);
  return std::unique_ptr<OutputFile>(
      new OutputFile(target.native(), temporary, fd));
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

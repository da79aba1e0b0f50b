#include "ireneo/tools/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ireneo::tools {
namespace {

// 0 or an errno. Appends to `text`.
int ReadAll(int fd, std::string& text) {
  constexpr std::size_t kLeast = 64 << 10;
  struct stat info;
  if (::fstat(fd, &info) != 0) return errno;
  // One more than there should be, so that the end is seen at once.
  const std::size_t expected =
      S_ISREG(info.st_mode) ? static_cast<std::size_t>(info.st_size) + 1 : 0;
  std::size_t size = 0;
  text.resize(std::max(expected, kLeast));
  while (true) {
    const ssize_t count = ::read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size == text.size()) text.resize(2 * size);
  }
  text.resize(size);
  return 0;
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& path) {
  const bool standard = path == "-";
  const int fd =
      standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  const int error = fd < 0 ? errno : ReadAll(fd, text);
  if (!standard && fd >= 0) ::close(fd);
  if (error != 0) {
    return absl::ErrnoToStatus(
        error, absl::StrCat("cannot read ",
                            standard ? std::string("standard input") : path));
  }
  return text;
}

}  // namespace ireneo::tools

#include "ireneo/memo/archive_progress.h"

#include <poll.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {

absl::Status TellProgress(const ArchiveProgressFn& progress,
                          std::string_view what, std::uint64_t bytes,
                          std::uint64_t total) {
  if (progress == nullptr ||
      progress({.what = what, .bytes = bytes, .total = total})) {
    return absl::OkStatus();
  }
  return absl::CancelledError(
      absl::StrCat("stopped while ", std::string(what)));
}

bool WaitFor(int fd, short events) {
  constexpr int kPatience = 200;  // Milliseconds.
  struct pollfd waiting = {.fd = fd, .events = events, .revents = 0};
  const int ready = ::poll(&waiting, 1, kPatience);
  return ready > 0 || (ready < 0 && errno != EINTR);
}

}  // namespace ireneo::internal

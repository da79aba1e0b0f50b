#include "ireneo/tools/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

constexpr std::size_t kBufferSize = 64 << 10;

// 0 or an errno.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void Output::Write(std::string_view text) {
  if (buffer_.size() + text.size() <= kBufferSize) {
    buffer_ += text;
    return;
  }
  Flush();
  if (error_ == 0) error_ = WriteAll(fd_, text);
}

void Output::Write(std::span<const std::byte> bytes) {
  Write(std::string_view(reinterpret_cast<const char*>(bytes.data()),
                         bytes.size()));
}

void Output::Flush() {
  if (error_ == 0) error_ = WriteAll(fd_, buffer_);
  buffer_.clear();
}

absl::Status Output::Finish() {
  Flush();
  if (::close(fd_) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write to standard output: ",
                   std::generic_category().message(error_)));
}

bool Output::is_terminal() const { return ::isatty(fd_) == 1; }

std::size_t Output::width() const {
  std::size_t columns = 0;
  const char* const variable = std::getenv("COLUMNS");
  if (variable != nullptr && absl::SimpleAtoi(variable, &columns) &&
      columns > 0) {
    return columns;
  }
  struct winsize size = {};
  if (::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return kUnlimited;
}

}  // namespace ireneo::tools

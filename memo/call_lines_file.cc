#include "ireneo/memo/call_lines_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::size_t kPiece = 1 << 20;

}  // namespace

absl::Status CallLinesFile::Add(std::string_view line) {
  buffer_ += line;
  return buffer_.size() < kPiece ? absl::OkStatus() : Flush();
}

absl::Status CallLinesFile::Flush() {
  if (file_ == nullptr) {
    IRENEO_ASSIGN_OR_RETURN(file_, OpenNameless(scratch_));
  }
  IRENEO_RETURN_IF_ERROR(
      WriteAll(file_->get(), std::as_bytes(std::span(buffer_))));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status CallLinesFile::ForEach(
    absl::FunctionRef<absl::Status(std::string_view line)> visit) {
  IRENEO_RETURN_IF_ERROR(Flush());
  std::string text;  // From the beginning of a line.
  std::vector<char> piece(kPiece);
  for (off_t at = 0;;) {
    const ssize_t size = ::pread(file_->get(), piece.data(), piece.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "cannot read lines again");
    if (size == 0) return absl::OkStatus();
    at += size;
    text.append(piece.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != text.npos;
         end = text.find('\n', begin)) {
      IRENEO_RETURN_IF_ERROR(
          visit(std::string_view(text).substr(begin, end + 1 - begin)));
      begin = end + 1;
    }
    text.erase(0, begin);
  }
}

}  // namespace ireneo::internal

#include "ireneo/memo/archive_payload.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "absl/status/statusor.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::uint64_t kMemory = 32 << 20;
constexpr std::size_t kPiece = 1 << 20;

}  // namespace

absl::Status ArchivePayload::Gather(std::uint64_t size, TarReader& tar) {
  size_ = size;
  file_.reset();
  if (size > kMemory) {
    IRENEO_ASSIGN_OR_RETURN(file_, OpenNameless(scratch_));
  } else if (memory_.size() < size) {
    // Room that is there is not cleared again.
    memory_.resize(size);
  }
  std::uint64_t position = 0;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, tar.Read());
    if (bytes.empty()) return absl::OkStatus();
    if (file_ == nullptr) {
      std::memcpy(memory_.data() + position, bytes.data(), bytes.size());
    } else {
      IRENEO_RETURN_IF_ERROR(WriteAll(file_->get(), bytes));
    }
    position += bytes.size();
  }
}

void ArchivePayload::WriteTo(Sink& sink) const {
  if (file_ == nullptr) {
    sink.Write(std::span(memory_).first(size_));
    return;
  }
  std::vector<std::byte> buffer(kPiece);
  for (std::uint64_t at = 0; at < size_ && sink.ok();) {
    const ssize_t size = ::pread(file_->get(), buffer.data(), buffer.size(),
                                 static_cast<off_t>(at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      sink.Fail(absl::ErrnoToStatus(size < 0 ? errno : EIO,
                                    "cannot read a blob that was gathered"));
      return;
    }
    sink.Write(std::span(buffer).first(static_cast<std::size_t>(size)));
    at += static_cast<std::uint64_t>(size);
  }
}

}  // namespace ireneo::internal

#include "ireneo/memo/archive_payload.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::uint64_t kMemory = 32 << 20;

}  // namespace

absl::StatusOr<std::span<const std::byte>> ArchivePayload::Read(
    std::uint64_t size, TarReader& tar) {
  if (size > kMemory) return ReadToFile(size, tar);
  // Room that is there is not cleared first.
  if (memory_.size() < size) memory_.resize(size);
  std::size_t position = 0;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, tar.Read());
    if (bytes.empty()) break;
    std::memcpy(memory_.data() + position, bytes.data(), bytes.size());
    position += bytes.size();
  }
  return std::span<const std::byte>(memory_).first(size);
}

absl::StatusOr<std::span<const std::byte>> ArchivePayload::ReadToFile(
    std::uint64_t size, TarReader& tar) {
  Unmap();
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<OpenFd> file,
                          OpenNameless(scratch_));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, tar.Read());
    if (bytes.empty()) break;
    IRENEO_RETURN_IF_ERROR(WriteAll(file->get(), bytes));
  }
  void* const mapped =
      ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file->get(), 0);
  if (mapped == MAP_FAILED) {
    return absl::ErrnoToStatus(errno, "cannot map a blob of an archive");
  }
  mapped_ = {static_cast<std::byte*>(mapped), size};
  return std::span<const std::byte>(mapped_);
}

void ArchivePayload::Unmap() {
  if (!mapped_.empty()) ::munmap(mapped_.data(), mapped_.size());
  mapped_ = {};
}

}  // namespace ireneo::internal

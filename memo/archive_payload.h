#ifndef IRENEO_MEMO_ARCHIVE_PAYLOAD_H_
#define IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

// The bytes of a blob in an archive, all at once. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/store/tar.h"

namespace ireneo::internal {

// In memory; one of over 32 MiB in a file that has no name. Not thread-safe.
class ArchivePayload {
 public:
  // Such files are in `scratch`.
  explicit ArchivePayload(std::filesystem::path scratch)
      : scratch_(std::move(scratch)) {}
  ~ArchivePayload() { Unmap(); }
  ArchivePayload(const ArchivePayload&) = delete;
  ArchivePayload& operator=(const ArchivePayload&) = delete;

  // The file of `size` bytes at which `tar` is. Valid until the next call.
  absl::StatusOr<std::span<const std::byte>> Read(std::uint64_t size,
                                                  TarReader& tar);

 private:
  absl::StatusOr<std::span<const std::byte>> ReadToFile(std::uint64_t size,
                                                        TarReader& tar);
  void Unmap();

  const std::filesystem::path scratch_;
  std::vector<std::byte> memory_;
  std::span<std::byte> mapped_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

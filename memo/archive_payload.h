#ifndef IRENEO_MEMO_ARCHIVE_PAYLOAD_H_
#define IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

// The bytes of a blob in an archive, all at once. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/tar.h"

namespace ireneo::internal {

// A payload that can be written more than once: in memory, or, if it has over
// 32 MiB, in a file that has no name. That is not mapped, for it may be larger
// than the address space that a process is allowed. Not thread-safe.
class ArchivePayload {
 public:
  // Such files are in `scratch`.
  explicit ArchivePayload(std::filesystem::path scratch)
      : scratch_(std::move(scratch)) {}

  // Takes the file of `size` bytes at which `tar` is.
  absl::Status Gather(std::uint64_t size, TarReader& tar);

  // Writes what was gathered last.
  void WriteTo(Sink& sink) const;

 private:
  const std::filesystem::path scratch_;
  std::vector<std::byte> memory_;
  std::unique_ptr<OpenFd> file_;
  std::uint64_t size_ = 0;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

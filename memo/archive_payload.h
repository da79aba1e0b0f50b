#ifndef IRENEO_MEMO_ARCHIVE_PAYLOAD_H_
#define IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

// The bytes of a blob in an archive, all at once. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
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

// Lines in a file that has no name. Not thread-safe.
class CallLinesFile {
 public:
  // Is in `scratch`.
  explicit CallLinesFile(std::filesystem::path scratch)
      : scratch_(std::move(scratch)) {}

  // `line` ends in a newline.
  absl::Status Add(std::string_view line);

  // Visits all lines. Errors: also those of `visit`.
  absl::Status ForEach(
      absl::FunctionRef<absl::Status(std::string_view line)> visit);

 private:
  absl::Status Flush();

  const std::filesystem::path scratch_;
  std::unique_ptr<OpenFd> file_;
  std::string buffer_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_PAYLOAD_H_

#ifndef IRENEO_TOOLS_OUTPUT_FILE_H_
#define IRENEO_TOOLS_OUTPUT_FILE_H_

// A file that a command writes: there when it is complete, and not before.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/sink.h"

namespace ireneo::tools {

// Writes a temporary file beside the one that is wanted. `Commit` gives it its
// name, in place of what had it, with that file's mode; the destructor removes
// it if that did not happen. A device or a pipe is written to as it is.
class OutputFile final : public Sink {
 public:
  // Follows symbolic links, to files that are not there as well.
  //
  // Errors: the system's, with the path; FailedPrecondition if it is a
  // directory.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(
      const std::string& path);
  ~OutputFile() override;

  // Once. Errors: the first of all, a full disk as a rule.
  absl::Status Commit();

 private:
  OutputFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

  void Append(std::span<const std::byte> bytes) override;

  // Records the failure that `errno` tells of.
  void FailWith(int error);

  const std::string path_;
  std::string temporary_;  // Empty if there is none (any more).
  int fd_;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_OUTPUT_FILE_H_

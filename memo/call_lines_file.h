#ifndef IRENEO_MEMO_CALL_LINES_FILE_H_
#define IRENEO_MEMO_CALL_LINES_FILE_H_

// Where lines of an archive are kept until all of them are known to be right.
// Internal to Ireneo.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "ireneo/memo/archive_file.h"

namespace ireneo::internal {

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

#endif  // IRENEO_MEMO_CALL_LINES_FILE_H_

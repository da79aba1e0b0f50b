#ifndef IRENEO_TOOLS_INPUT_FILE_H_
#define IRENEO_TOOLS_INPUT_FILE_H_

// All of what a command is given to read.

#include <string>

#include "absl/status/statusor.h"

namespace ireneo::tools {

// The bytes of the file `path`, or of standard input if that is "-", up to
// where it ends when it is read: whatever size the system tells, which is 0
// under /proc, and also if it grows or shrinks meanwhile. A pipe is read until
// nobody writes to it.
//
// Errors: the system's, with the path.
absl::StatusOr<std::string> ReadInput(const std::string& path);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_INPUT_FILE_H_

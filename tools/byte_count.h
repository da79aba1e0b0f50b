#ifndef IRENEO_TOOLS_BYTE_COUNT_H_
#define IRENEO_TOOLS_BYTE_COUNT_H_

// Numbers of bytes as people give them on a command line.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ireneo::tools {

// A number and, if it is not of bytes, a unit, in powers of 1024: "4096",
// "500M", "1.5G", "10GiB", "2 TB". Capitals do not matter.
//
// Errors: InvalidArgument.
absl::StatusOr<std::uint64_t> ParseByteCount(const std::string& text);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_BYTE_COUNT_H_

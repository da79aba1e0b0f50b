#ifndef IRENEO_TOOLS_FORMAT_H_
#define IRENEO_TOOLS_FORMAT_H_

// Quantities as people read them, with three significant digits.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/time/time.h"

namespace ireneo::tools {

// "512 B", "12.0 KiB", "1.50 GiB".
std::string HumanBytes(std::uint64_t bytes);

// "350 ns", "29.3 ms", "1.87 s", "12.5 min", "3.20 h", "2.50 d".
std::string HumanDuration(absl::Duration duration);

// How long ago something was, rounded down: "35 s", "3 min", "5 h", "12 d",
// "3 y". What lies in the future, by a clock that was wrong, is "now".
std::string HumanAge(absl::Duration age);

// "2026-11-23 01:51:47 UTC".
std::string HumanTime(absl::Time time);

// "741 calls", "1 call".
std::string Count(std::int64_t count, const std::string& noun);

// The first `kHexDumpSize` of `bytes`, eight a line, as
// "0000  93 4e 55 4d 50 59 01 00  .NUMPY.."; no newline at the end.
inline constexpr std::size_t kHexDumpSize = 128;
std::string HexDump(std::span<const std::byte> bytes);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_FORMAT_H_

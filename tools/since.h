#ifndef IRENEO_TOOLS_SINCE_H_
#define IRENEO_TOOLS_SINCE_H_

// Ages and points in time as people give them on a command line.

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ireneo::tools {

// A number and a unit (s, m, h, d, w): "90d", "1.5h". Errors: InvalidArgument.
absl::StatusOr<absl::Duration> ParseAge(const std::string& text);

// An age before `now`, a number and a unit (s, m, h, d, w): "90d", "1.5h"; or
// a date or a time of RFC 3339, UTC unless it says otherwise: "2026-11-23",
// "2026-11-23T01:51", "2026-11-23 01:51:47.5+02:00".
//
// Errors: InvalidArgument.
absl::StatusOr<absl::Time> ParseSince(const std::string& text, absl::Time now);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_SINCE_H_

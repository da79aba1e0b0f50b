#ifndef IRENEO_TOOLS_PROGRESS_H_
#define IRENEO_TOOLS_PROGRESS_H_

// How far a long command has come, as one line on standard error that is
// written over; nothing if that is no terminal.

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace ireneo::tools {

// "verifying  37 %  1.2 GB of 3.4 GB  450 MB/s  5 s left", and where nobody
// knows how much there is, "receiving  1.2 GB  450 MB/s". Not thread-safe.
class Progress {
 public:
  enum class Unit { kBytes, kCount };

  // For the user to see.
  Progress(std::string what, Unit unit);
  // For tests: writes to `fd`, terminal or not.
  Progress(std::string what, Unit unit, int fd);
  // Clears the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Some ten times a second at most; other calls cost next to nothing.
  // `already` of `done` were there when this began. 0 in `total`: not known.
  void Show(std::uint64_t done, std::uint64_t total, std::uint64_t already = 0);

 private:
  const std::string what_;
  const Unit unit_;
  const int fd_;  // -1: nothing is shown.
  const absl::Time started_;
  absl::Time shown_ = absl::InfinitePast();
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_PROGRESS_H_

#include "ireneo/tools/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/tools/format.h"

namespace ireneo::tools {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);
// Before that, a rate says little.
constexpr absl::Duration kSettling = absl::Seconds(1);
constexpr char kClearLine[] = "\r\x1b[K";

void WriteTo(int fd, std::string_view text) {
  // What cannot be shown is not missed.
  if (::write(fd, text.data(), text.size()) < 0) return;
}

}  // namespace

Progress::Progress(std::string what, Unit unit)
    : Progress(std::move(what), unit,
               ::isatty(STDERR_FILENO) == 1 ? STDERR_FILENO : -1) {}

Progress::Progress(std::string what, Unit unit, int fd)
    : what_(std::move(what)), unit_(unit), fd_(fd), started_(absl::Now()) {}

Progress::~Progress() {
  if (fd_ >= 0 && shown_ != absl::InfinitePast()) WriteTo(fd_, kClearLine);
}

void Progress::Show(std::uint64_t done, std::uint64_t total,
                    std::uint64_t already) {
  if (fd_ < 0) return;
  const absl::Time now = absl::Now();
  if (now - shown_ < kInterval) return;
  shown_ = now;
  const auto amount = [this](double value) {
    const auto rounded = static_cast<std::uint64_t>(value);
    return unit_ == Unit::kBytes ? HumanBytes(rounded) : absl::StrCat(rounded);
  };
  const std::string amount_done = amount(static_cast<double>(done));
  std::string line = absl::StrCat(kClearLine, what_, "  ");
  if (total == 0) {
    absl::StrAppend(&line, amount_done);
  } else {
    absl::StrAppend(&line, 100 * done / total, " %  ", amount_done, " of ",
                    amount(static_cast<double>(total)));
  }
  const double seconds = absl::ToDoubleSeconds(now - started_);
  if (now - started_ >= kSettling && done > already) {
    const double rate = static_cast<double>(done - already) / seconds;
    absl::StrAppend(&line, "  ", amount(rate), "/s");
    if (total > 0) {
      absl::StrAppend(
          &line, "  ",
          HumanDuration(absl::Seconds(
              static_cast<double>(total - std::min(done, total)) / rate)),
          " left");
    }
  }
  WriteTo(fd_, line);
}

}  // namespace ireneo::tools

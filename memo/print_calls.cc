#include "ireneo/memo/print_calls.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace ireneo {
namespace {

// Three digits: "12.3 us".
std::string DurationText(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  for (const auto& [unit, name] :
       {std::pair(1.0, "s"), std::pair(1e-3, "ms"), std::pair(1e-6, "us")}) {
    if (seconds >= unit)
      return absl::StrFormat("%.3g %s", seconds / unit, name);
  }
  return absl::StrFormat("%.3g ns", seconds / 1e-9);
}

std::string CallText(const CallEvent& event) {
  std::string text = absl::StrCat(
      absl::string_view(event.function.data(), event.function.size()));
  if (event.seed.has_value()) absl::StrAppend(&text, " seed ", *event.seed);
  const CallTimes& times = event.times;
  if (event.hit) {
    absl::StrAppend(&text, " hit, ", DurationText(event.elapsed),
                    " instead of ", DurationText(event.compute));
  } else {
    absl::StrAppend(&text, " computed in ", DurationText(event.compute),
                    " (hashing ", DurationText(times.hashing), ", lookup ",
                    DurationText(times.lookup), ", storing ",
                    DurationText(times.store), ")");
  }
  const bool waited = times.wait > absl::Milliseconds(1);
  if (waited) {
    absl::StrAppend(&text, "; waited ", DurationText(times.wait),
                    " for another that computed it");
  }
  // An audit's time is no cost of remembering either.
  const absl::Duration spent = event.elapsed - times.wait - times.compute;
  if (spent > event.compute) {
    absl::StrAppend(&text, "; remembering costs more than computing");
  }
  if (event.conflict.has_value()) {
    absl::StrAppend(
        &text, "; NOT the same result as before: ", event.conflict->ToString());
  }
  if (!event.fault.ok()) {
    absl::StrAppend(&text, "; fault: ", event.fault.ToString());
  }
  return text;
}

}  // namespace

CallObserver PrintCalls(std::FILE* file) {
  return [file](const CallEvent& event) {
    // One write, so that lines of threads and processes do not mix.
    const std::string line = absl::StrCat("ireneo: ", CallText(event), "\n");
    std::fwrite(line.data(), 1, line.size(), file);
  };
}

}  // namespace ireneo

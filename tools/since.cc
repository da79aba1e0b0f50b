#include "ireneo/tools/since.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ireneo::tools {
namespace {

std::optional<absl::Duration> TryAge(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || end - rest != 1) return std::nullopt;
  switch (*rest) {
    case 's':
      return absl::Seconds(number);
    case 'm':
      return absl::Minutes(number);
    case 'h':
      return absl::Hours(number);
    case 'd':
      return absl::Hours(number * 24);
    case 'w':
      return absl::Hours(number * 24 * 7);
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<absl::Duration> ParseAge(const std::string& text) {
  // from_chars knows words too, as "infinity".
  if (!text.empty() && absl::ascii_isdigit(text[0])) {
    if (const std::optional<absl::Duration> age = TryAge(text)) return *age;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no age such as 90d, 12h or 30m"));
}

absl::StatusOr<absl::Time> ParseSince(const std::string& text, absl::Time now) {
  // absl::ParseTime and from_chars know words too, as "infinite-past".
  if (!text.empty() && absl::ascii_isdigit(text[0])) {
    if (const std::optional<absl::Duration> age = TryAge(text)) {
      return now - *age;
    }
    std::string time = text;
    if (time.size() > 10 && time[10] == ' ') time[10] = 'T';
    absl::Time parsed;
    std::string ignored;
    for (const char* format :
         {"%Y-%m-%d", "%Y-%m-%d%ET%H:%M", "%Y-%m-%d%ET%H:%M:%E*S",
          "%Y-%m-%d%ET%H:%M%Ez", "%Y-%m-%d%ET%H:%M:%E*S%Ez"}) {
      if (absl::ParseTime(format, time, absl::UTCTimeZone(), &parsed,
                          &ignored)) {
        return parsed;
      }
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", text,
                   "' is no age such as 90d, 12h or 30m and no time such as "
                   "2026-11-23 or 2026-11-23T01:51:47Z"));
}

}  // namespace ireneo::tools

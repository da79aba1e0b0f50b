#include "ireneo/tools/format.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ireneo::tools {
namespace {

struct Unit {
  double size;
  const char* name;
};

constexpr Unit kByteUnits[] = {
    {1024., "KiB"},
    {1024. * 1024, "MiB"},
    {1024. * 1024 * 1024, "GiB"},
    {1024. * 1024 * 1024 * 1024, "TiB"},
    {1024. * 1024 * 1024 * 1024 * 1024, "PiB"},
};

// Of nanoseconds.
constexpr Unit kTimeUnits[] = {
    {1e3, "\u00b5s"}, {1e6, "ms"},   {1e9, "s"},
    {60e9, "min"},    {3600e9, "h"}, {24 * 3600e9, "d"},
};

// Rounding decides how many decimals are left: 9.996 is 10.0.
std::string ThreeDigits(double value) {
  if (value < 9.995) return absl::StrFormat("%.2f", value);
  if (value < 99.95) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.0f", value);
}

// In the largest unit in which `value` is 1 or more once it is rounded to three
// digits.
template <std::size_t N>
std::string InUnits(double value, const Unit (&units)[N]) {
  constexpr double kRoundsUp = 0.9995;
  const Unit* unit = std::begin(units);
  while (unit + 1 != std::end(units) && value >= unit[1].size * kRoundsUp) {
    ++unit;
  }
  return absl::StrCat(ThreeDigits(value / unit->size), " ", unit->name);
}

}  // namespace

std::string HumanBytes(std::uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  return InUnits(static_cast<double>(bytes), kByteUnits);
}

std::string HumanDuration(absl::Duration duration) {
  if (duration == absl::ZeroDuration()) return "0 s";
  if (duration < absl::ZeroDuration()) return "-" + HumanDuration(-duration);
  if (duration == absl::InfiniteDuration()) return "for ever";
  const double nanoseconds = absl::ToDoubleNanoseconds(duration);
  if (nanoseconds < 999.5) return absl::StrFormat("%.0f ns", nanoseconds);
  return InUnits(nanoseconds, kTimeUnits);
}

std::string HumanAge(absl::Duration age) {
  if (age < absl::Seconds(1)) return "now";
  constexpr std::int64_t kHoursPerYear = std::int64_t{24} * 365;
  const std::int64_t hours = absl::ToInt64Hours(age);
  if (hours >= kHoursPerYear) {
    return absl::StrCat(hours / kHoursPerYear, " y");
  }
  if (hours >= 48) return absl::StrCat(hours / 24, " d");
  if (hours >= 1) return absl::StrCat(hours, " h");
  if (age >= absl::Minutes(1)) {
    return absl::StrCat(absl::ToInt64Minutes(age), " min");
  }
  return absl::StrCat(absl::ToInt64Seconds(age), " s");
}

std::string HumanTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

std::string Count(std::int64_t count, const std::string& noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string HexDump(std::span<const std::byte> bytes) {
  constexpr std::size_t kBytesPerLine = 8;
  const std::size_t size = std::min(bytes.size(), kHexDumpSize);
  std::string dump;
  for (std::size_t start = 0; start < size; start += kBytesPerLine) {
    absl::StrAppendFormat(&dump, "%s%04x ", start == 0 ? "" : "\n", start);
    std::string text;
    for (std::size_t i = start; i < start + kBytesPerLine; ++i) {
      if (i >= size) {
        dump += "   ";
        continue;
      }
      const char c = static_cast<char>(bytes[i]);
      absl::StrAppendFormat(&dump, " %02x", std::to_integer<int>(bytes[i]));
      text += absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '.';
    }
    absl::StrAppend(&dump, "  ", text);
  }
  return dump;
}

}  // namespace ireneo::tools

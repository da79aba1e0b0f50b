#include "ireneo/tools/byte_count.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ireneo::tools {

absl::StatusOr<std::uint64_t> ParseByteCount(const std::string& text) {
  constexpr std::string_view kUnits = "bkmgtp";
  const std::string lower = absl::AsciiStrToLower(text);
  const auto error = absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is no number of bytes such as 500M, 10G or 1.5T"));
  double number = 0;
  const char* const end = lower.data() + lower.size();
  // from_chars knows words too, as "infinity".
  if (lower.empty() || !absl::ascii_isdigit(lower[0])) return error;
  const auto [rest, failed] =
      std::from_chars(lower.data(), end, number, std::chars_format::fixed);
  if (failed != std::errc{}) return error;
  std::string_view unit(rest, end - rest);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!unit.empty()) {
    const std::size_t power = kUnits.find(unit[0]);
    const std::string_view ending = unit.substr(1);
    if (power == std::string_view::npos ||
        !(ending.empty() || (power > 0 && (ending == "b" || ending == "ib")))) {
      return error;
    }
    number = std::ldexp(number, static_cast<int>(10 * power));
  }
  if (number > 0x1p62) return error;
  return static_cast<std::uint64_t>(number);
}

}  // namespace ireneo::tools

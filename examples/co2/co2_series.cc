#include "ireneo/examples/co2/co2_series.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"

namespace co2 {
namespace {

constexpr std::string_view kHeader = "Date,CO2,adjusted CO2";

// A raw string literal, made from co2-concentration.csv by the genrule
// `co2_concentration`.
constexpr char kEmbeddedCsv[] =
#include "examples/co2/co2_concentration.inc"
    ;

// What stands before the next `delimiter`, which is taken off `text` with it.
std::string_view Next(std::string_view& text, char delimiter) {
  const std::size_t end = text.find(delimiter);
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return field;
}

// The number that all of `text` spells.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// "YYYY-MM-DD" as months since January of year 0.
std::optional<int> ParseMonth(std::string_view date) {
  if (date.size() != 10 || date[4] != '-' || date[7] != '-') {
    return std::nullopt;
  }
  const std::optional<int> year = ParseNumber<int>(date.substr(0, 4));
  const std::optional<int> month = ParseNumber<int>(date.substr(5, 2));
  if (!year || *year < 0 || !month || *month < 1 || *month > 12) {
    return std::nullopt;
  }
  return *year * 12 + *month - 1;
}

absl::Status LineError(int line, std::string_view text,
                       std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "line %d of the CO2 series, \"%s\": %s", line, text, problem));
}

Eigen::VectorXd ToVector(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(
      values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace

absl::StatusOr<Co2Series> ParseCo2Csv(std::string_view csv) {
  int line = 1;
  if (const std::string_view header = Next(csv, '\n'); header != kHeader) {
    return LineError(line, header,
                     "expected the header \"" + std::string(kHeader) + "\"");
  }
  std::vector<double> years;
  std::vector<double> ppm;
  int previous_month = -1;
  while (!csv.empty()) {
    ++line;
    const std::string_view text = Next(csv, '\n');
    std::string_view rest = text;
    const std::string_view date = Next(rest, ',');
    const std::string_view measured = Next(rest, ',');
    if (text.size() <= date.size() + 1 + measured.size()) {
      return LineError(line, text, "expected three columns");
    }
    const std::optional<int> month = ParseMonth(date);
    if (!month) {
      return LineError(line, text, "expected a date such as 2000-01-01");
    }
    if (*month <= previous_month) {
      return LineError(line, text, "expected a month after the line before");
    }
    const std::optional<double> value = ParseNumber<double>(measured);
    if (!value || !std::isfinite(*value) || *value <= 0) {
      return LineError(line, text,
                       "expected a concentration in ppm, above zero");
    }
    const int year = *month / 12;
    years.push_back(year + (*month % 12 + 0.5) / 12);
    ppm.push_back(*value);
    previous_month = *month;
  }
  if (years.empty()) return LineError(line, kHeader, "no months follow");
  return Co2Series{.years = ToVector(years), .ppm = ToVector(ppm)};
}

std::string_view EmbeddedCo2Csv() { return kEmbeddedCsv; }

}  // namespace co2

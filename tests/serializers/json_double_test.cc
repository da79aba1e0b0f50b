// Doubles survive as text to the last bit, which Boost.JSON 1.81 alone does
// not achieve.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/value.hpp"
#include "gtest/gtest.h"
#include "ireneo/serializers/json_text.h"

namespace ireneo {
namespace {

// Writes all of `values` as one array, reads it, and compares the bits.
void ExpectRoundTrip(const std::vector<double>& values) {
  boost::json::array array;
  array.reserve(values.size());
  for (const double value : values) array.emplace_back(value);
  const absl::StatusOr<std::string> text = CanonicalJson(std::move(array));
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<boost::json::value> read = ParseJson(*text);
  ASSERT_TRUE(read.ok()) << read.status();
  const boost::json::array& read_array = read->get_array();
  ASSERT_EQ(read_array.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double* number = read_array[i].if_double();
    ASSERT_NE(number, nullptr) << std::hexfloat << values[i];
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*number),
              std::bit_cast<std::uint64_t>(values[i]))
        << std::hexfloat << values[i] << " came back as " << *number;
  }
}

// The number, its two neighbours, and the negatives of all three, if finite.
void AppendAround(double value, std::vector<double>& values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double near : {value, std::nextafter(value, kInfinity),
                            std::nextafter(value, -kInfinity)}) {
    if (!std::isfinite(near)) continue;
    values.push_back(near);
    values.push_back(-near);
  }
}

double FromText(const std::string& text) {
  return std::strtod(text.c_str(), nullptr);
}

TEST(JsonDoubleTest, AMillionRandomPatternsComeBack) {
  std::mt19937_64 random(20240229);
  std::vector<double> values;
  while (values.size() < 1'000'000) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) values.push_back(value);
  }
  ExpectRoundTrip(values);
}

TEST(JsonDoubleTest, RandomNumbersOfUsualSizesComeBack) {
  std::mt19937_64 random(20240301);
  std::uniform_real_distribution<double> uniform(-1000, 1000);
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(uniform(random));
    values.push_back(std::round(values.back() * 100) / 100);
    values.push_back(static_cast<float>(values.back()));
  }
  ExpectRoundTrip(values);
}

TEST(JsonDoubleTest, SpecialNumbersComeBack) {
  using Limits = std::numeric_limits<double>;
  std::vector<double> values;
  for (const double value :
       {0.0, 0.1, 1.0 / 3, 9007199254740992.0, 9007199254740993.0, 4294967296.0,
        18446744073709551616.0, 123456789012345680.0, 5e-324,
        2.2250738585072011e-308, Limits::min(), Limits::max(),
        Limits::denorm_min(), Limits::epsilon(), 1.7976931348623157e308}) {
    AppendAround(value, values);
  }
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    AppendAround(std::ldexp(1.0, exponent), values);
  }
  for (int exponent = -323; exponent <= 308; ++exponent) {
    AppendAround(FromText("1e" + std::to_string(exponent)), values);
    AppendAround(FromText("9.5e" + std::to_string(exponent - 1)), values);
  }
  ExpectRoundTrip(values);
}

TEST(JsonDoubleTest, RandomDenormalsComeBack) {
  std::mt19937_64 random(20240302);
  std::vector<double> values;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(std::bit_cast<double>(random() >> 12));
  }
  ExpectRoundTrip(values);
}

}  // namespace
}  // namespace ireneo

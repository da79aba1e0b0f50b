// Statistics and the text of descriptions.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

TEST(StatisticsTest, OfNumbersAreThoseOfTheFiniteElements) {
  const absl::StatusOr<Description> description = Describe(
      "vector<f64>",
      Bytes().U64(7).Raw(1.0, kNan, 2.0, kInfinity, 3.0, -kInfinity, 4.0));
  ASSERT_TRUE(description.ok()) << description.status();
  ASSERT_TRUE(description->statistics.has_value());
  const ArrayStatistics& statistics = *description->statistics;
  EXPECT_EQ(statistics.count, 7u);
  EXPECT_EQ(statistics.min, 1);
  EXPECT_EQ(statistics.max, 4);
  EXPECT_EQ(statistics.mean, 2.5);
  EXPECT_DOUBLE_EQ(statistics.standard_deviation, std::sqrt(1.25));
  EXPECT_EQ(statistics.nans, 1u);
  EXPECT_EQ(statistics.infinities, 2u);
  EXPECT_FALSE(statistics.of_magnitudes);
}

TEST(StatisticsTest, OfNothingAreNan) {
  for (const Bytes& bytes : {Bytes().U64(0), Bytes().U64(1).Raw(kNan)}) {
    const ArrayStatistics statistics =
        *Describe("vector<f64>", bytes)->statistics;
    EXPECT_TRUE(std::isnan(statistics.min));
    EXPECT_TRUE(std::isnan(statistics.max));
    EXPECT_TRUE(std::isnan(statistics.mean));
    EXPECT_TRUE(std::isnan(statistics.standard_deviation));
  }
}

TEST(StatisticsTest, OfComplexNumbersAreThoseOfTheirMagnitudes) {
  const ArrayStatistics statistics =
      *Describe("vector<c128>",
                Bytes().U64(4).Zeros(56).Raw(3.0, 4.0, 0.0, -1.0, kInfinity,
                                             kNan, 0.0, -kInfinity))
           ->statistics;
  EXPECT_TRUE(statistics.of_magnitudes);
  EXPECT_EQ(statistics.min, 1);
  EXPECT_EQ(statistics.max, 5);
  EXPECT_EQ(statistics.mean, 3);
  EXPECT_EQ(statistics.nans, 1u);
  EXPECT_EQ(statistics.infinities, 1u);
}

TEST(StatisticsTest, CharactersAndBytesHaveNone) {
  EXPECT_FALSE(Describe("vector<char>", Bytes().String("ab"))->statistics);
  EXPECT_FALSE(Describe("vector<byte>", Bytes().String("ab"))->statistics);
  EXPECT_FALSE(Describe("f64", Bytes().Raw(1.0))->statistics);
}

TEST(StatisticsTest, CanBeTurnedOff) {
  EXPECT_FALSE(
      Describe("vector<f64>", Bytes().U64(1).Raw(1.0), {.statistics = false})
          ->statistics);
}

TEST(StatisticsTest, SurviveLargeOffsetsAndExtremes) {
  // A naive sum of squares has no digit left of this variance.
  constexpr int kCount = 10'000;
  Bytes offset = Bytes().U64(kCount).Zeros(56);
  for (int i = 0; i < kCount; ++i) offset.Raw(1e12 + (i % 2));
  const ArrayStatistics shifted = *Describe("vector<f64>", offset)->statistics;
  EXPECT_DOUBLE_EQ(shifted.mean, 1e12 + 0.5);
  EXPECT_DOUBLE_EQ(shifted.standard_deviation, 0.5);

  // Sums and squares of these overflow a double.
  Bytes extreme = Bytes().U64(kCount).Zeros(56);
  for (int i = 0; i < kCount; ++i) extreme.Raw(i % 2 == 0 ? 1e308 : -1e308);
  const ArrayStatistics wide = *Describe("vector<f64>", extreme)->statistics;
  EXPECT_NEAR(wide.mean, 0, 1e292);
  EXPECT_DOUBLE_EQ(wide.standard_deviation, 1e308);
}

TEST(StatisticsTest, AgreeWithTwoPlainPasses) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> distribution(0, 2);
  for (const std::size_t count : {1, 2, 255, 256, 257, 512, 5'000}) {
    std::vector<double> values(count);
    for (double& value : values) value = distribution(random);
    long double mean = 0, variance = 0;
    for (const double value : values) mean += value / (1.0L * count);
    for (const double value : values) {
      variance += (value - mean) * (value - mean) / (1.0L * count);
    }
    const std::int64_t rows = count;
    Bytes bytes = Bytes().Npy("<f8", false, {rows});
    for (const double value : values) bytes.Raw(value);
    const ArrayStatistics statistics =
        *Describe("eigen<<f8,?,1,F>/1", bytes)->statistics;
    EXPECT_EQ(statistics.count, count);
    EXPECT_DOUBLE_EQ(statistics.mean, static_cast<double>(mean));
    EXPECT_DOUBLE_EQ(statistics.standard_deviation,
                     static_cast<double>(std::sqrt(variance)));
  }
}

TEST(ToTextTest, ValuesWithoutAShapeAreOneLine) {
  EXPECT_EQ(ToText({.preview = 1.5}), "1.5");
  EXPECT_EQ(ToText({}), "null");
  EXPECT_EQ(ToText(*Describe("tuple<f64,string>",
                             Bytes().Raw(kInfinity).String("x"))),
            "[inf, \"x\"]");
}

TEST(ToTextTest, AVectorAndItsStatistics) {
  EXPECT_EQ(
      ToText(*Describe("vector<f64>",
                       Bytes().U64(4).Raw(0.1 + 0.2, 1.0, kNan, 3.0))),
      "[0.30000000000000004, 1, nan, 3]\n"
      "shape 4, min 0.3, max 3, mean 1.43333, standard deviation 1.14407, "
      "1 nan");
  EXPECT_EQ(ToText(*Describe("vector<string>", Bytes().U64(0))), "[]\nshape 0");
  EXPECT_EQ(ToText(*Describe("vector<f64>", Bytes().U64(1).Raw(kInfinity))),
            "[inf]\nshape 1, 1 inf");
}

TEST(ToTextTest, AMatrixIsAGrid) {
  const absl::StatusOr<Description> description = Describe(
      "eigen<<f8,?,?,C>/1", Bytes()
                                .Npy("<f8", false, {2, 3})
                                .Raw(1.0, -2.0 / 3, 1e300, 100.0, kNan, 0.0));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(ToText(*description),
            "[[  1  -0.666667  1e+300]\n"
            " [100        nan       0]]\n"
            "shape 2x3, min -0.666667, max 1e+300, mean 2e+299, "
            "standard deviation 4e+299, 1 nan");
}

TEST(ToTextTest, AGridSaysWhatWasLeftOut) {
  Bytes bytes = Bytes().Npy("<i4", false, {10, 10});
  for (int i = 0; i < 100; ++i) bytes.Raw(std::int32_t{i});
  const absl::StatusOr<Description> description =
      Describe("eigen<<i4,?,?,C>/1", bytes, {.max_elements = 3});
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(ToText(*description),
            "[[ 0   1  \u2026   9]\n"
            " [10  11  \u2026  19]\n"
            " \u2026\n"
            " [90  91  \u2026  99]]\n"
            "shape 10x10, min 0, max 99, mean 49.5, standard deviation "
            "28.8661");
}

TEST(ToTextTest, ComplexElementsReadAsNumbers) {
  EXPECT_EQ(ToText(*Describe("vector<c128>",
                             Bytes().U64(2).Raw(3.0, 4.0, 0.0, -1.0))),
            "[3+4j, 0-1j]\n"
            "shape 2, magnitudes: min 1, max 5, mean 3, standard deviation 2");
  EXPECT_EQ(
      ToText(*Describe(
          "eigen<<c16,?,?,F>/1",
          Bytes().Npy("<c16", true, {2, 1}).Raw(3.0, 4.0, 0.0, -kInfinity))),
      "[[  3+4j]\n"
      " [0-infj]]\n"
      "shape 2x1, magnitudes: min 5, max 5, mean 5, standard deviation "
      "0, 1 inf");
}

TEST(ToTextTest, ControlCharactersAreEscaped) {
  const absl::StatusOr<Description> description =
      Describe("string", Bytes().String("\x1b[31m\x7f\u009b\u00a0\n"));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(ToText(*description), "\"\\u001b[31m\\u007f\\u009b\u00a0\\n\"");
}

}  // namespace
}  // namespace ireneo

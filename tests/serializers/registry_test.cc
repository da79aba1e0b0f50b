#include "ireneo/serializers/registry.h"

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/serialize.hpp"
#include "boost/json/value.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Bytes put together by hand, to be independent of our serializers.
class Bytes {
 public:
  template <typename... T>
  Bytes& Raw(T... values) {
    (text_.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
    return *this;
  }
  Bytes& U64(std::uint64_t value) { return Raw(value); }
  Bytes& Zeros(std::size_t count) {
    text_.append(count, '\0');
    return *this;
  }
  Bytes& Text(std::string_view text) {
    text_ += text;
    return *this;
  }
  Bytes& String(std::string_view text) { return U64(text.size()).Text(text); }
  Bytes& Npy(std::string_view descr, bool fortran_order,
             std::vector<std::int64_t> shape) {
    StringSink sink(text_);
    WriteNpyHeader({.descr = std::string(descr),
                    .fortran_order = fortran_order,
                    .shape = std::move(shape)},
                   sink);
    sink.Flush();
    return *this;
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Blob BlobOf(std::string_view text) {
  return Blob::Copy(std::as_bytes(std::span(text)));
}

const Registry& Builtin() {
  static const Registry& registry = *[] {
    auto* registry = new Registry;
    EXPECT_TRUE(AddBuiltinCodecs(*registry).ok());
    return registry;
  }();
  return registry;
}

absl::StatusOr<Description> Describe(std::string_view type, const Bytes& bytes,
                                     const DescribeOptions& options = {}) {
  return Builtin().Describe(type, BlobOf(bytes.text()), options);
}

// The preview alone, as text.
std::string Preview(std::string_view type, const Bytes& bytes,
                    const DescribeOptions& options = {}) {
  const absl::StatusOr<Description> description =
      Describe(type, bytes, options);
  if (!description.ok()) return description.status().ToString();
  return ToText({.preview = description->preview});
}

std::string Shape(std::string_view type, const Bytes& bytes) {
  const absl::StatusOr<Description> description = Describe(type, bytes);
  return description.ok() ? description->shape
                          : description.status().ToString();
}

absl::Status ErrorOf(std::string_view type, const Bytes& bytes) {
  return Describe(type, bytes).status();
}

void ExpectError(const absl::Status& status, absl::StatusCode code,
                 std::string_view part) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(part));
}

void ExpectDataLoss(std::string_view type, const Bytes& bytes,
                    std::string_view part) {
  ExpectError(ErrorOf(type, bytes), absl::StatusCode::kDataLoss, part);
}

// ---- Scalars and strings ----------------------------------------------------

TEST(BuiltinCodecsTest, Integers) {
  EXPECT_EQ(Preview("i8", Bytes().Raw(std::int8_t{-128})), "-128");
  EXPECT_EQ(Preview("i16", Bytes().Raw(std::int16_t{-2})), "-2");
  EXPECT_EQ(Preview("i32", Bytes().Raw(std::int32_t{-3})), "-3");
  EXPECT_EQ(Preview("i64", Bytes().Raw(std::int64_t{1} << 62)),
            "4611686018427387904");
  EXPECT_EQ(Preview("u8", Bytes().Raw(std::uint8_t{255})), "255");
  EXPECT_EQ(Preview("u16", Bytes().Raw(std::uint16_t{65535})), "65535");
  EXPECT_EQ(Preview("u32", Bytes().Raw(~std::uint32_t{0})), "4294967295");
  EXPECT_EQ(Preview("u64", Bytes().Raw(~std::uint64_t{0})),
            "18446744073709551615");
  EXPECT_EQ(Preview("byte", Bytes().Text("\xff")), "255");
}

TEST(BuiltinCodecsTest, FloatsInTheirShortestForm) {
  EXPECT_EQ(Preview("f64", Bytes().Raw(0.1)), "0.1");
  EXPECT_EQ(Preview("f64", Bytes().Raw(0.1 + 0.2)), "0.30000000000000004");
  EXPECT_EQ(Preview("f64", Bytes().Raw(100000.0)), "100000");
  EXPECT_EQ(Preview("f64", Bytes().Raw(-0.0)), "-0");
  EXPECT_EQ(Preview("f64", Bytes().Raw(5e-324)), "5e-324");
  EXPECT_EQ(Preview("f32", Bytes().Raw(0.1f)), "0.1");
  EXPECT_EQ(Preview("f32", Bytes().Raw(16777217.0f)), "16777216");
  EXPECT_EQ(Describe("f64", Bytes().Raw(0.1))->preview, 0.1);
}

TEST(BuiltinCodecsTest, NonFiniteNumbersAreStrings) {
  EXPECT_EQ(Describe("f64", Bytes().Raw(kNan))->preview, "nan");
  EXPECT_EQ(Describe("f64", Bytes().Raw(kInfinity))->preview, "inf");
  EXPECT_EQ(Describe("f64", Bytes().Raw(-kInfinity))->preview, "-inf");
  EXPECT_EQ(
      Describe("f32", Bytes().Raw(-static_cast<float>(kInfinity)))->preview,
      "-inf");
  EXPECT_EQ(Preview("f64", Bytes().Raw(kNan)), "nan");
}

TEST(BuiltinCodecsTest, ComplexNumbersArePairs) {
  EXPECT_EQ(Preview("c64", Bytes().Raw(0.1f, -2.0f)), "[0.1, -2]");
  EXPECT_EQ(Preview("c128", Bytes().Raw(1.5, kNan)), "[1.5, nan]");
}

TEST(BuiltinCodecsTest, BoolsAreZeroOrOne) {
  EXPECT_EQ(Preview("bool", Bytes().Text(std::string_view("\0", 1))), "false");
  EXPECT_EQ(Preview("bool", Bytes().Text("\1")), "true");
  ExpectDataLoss("bool", Bytes().Text("\2"),
                 "1 bytes are not a 'bool': a bool is 0 or 1, found 2 at "
                 "offset 0");
}

TEST(BuiltinCodecsTest, CharactersAreStrings) {
  EXPECT_EQ(Preview("char", Bytes().Text("A")), "\"A\"");
  EXPECT_EQ(Describe("char", Bytes().Text("\xe9"))->preview, "\\xe9");
  EXPECT_EQ(Describe("char8", Bytes().Text("\x80"))->preview, "\\x80");
  EXPECT_EQ(Describe("char16", Bytes().Raw(u'\u00e9'))->preview, "\u00e9");
  EXPECT_EQ(Describe("char16", Bytes().Raw(u'\u20ac'))->preview, "\u20ac");
  EXPECT_EQ(Describe("char16", Bytes().Raw(char16_t{0xd800}))->preview,
            "\\u{d800}");
  EXPECT_EQ(Describe("char32", Bytes().Raw(U'\U0001f40d'))->preview,
            "\U0001f40d");
  EXPECT_EQ(Describe("char32", Bytes().Raw(char32_t{0x110000}))->preview,
            "\\u{110000}");
}

TEST(BuiltinCodecsTest, StringsAreCutAtACharacter) {
  EXPECT_EQ(Preview("string", Bytes().String("")), "\"\"");
  EXPECT_EQ(Preview("string", Bytes().String("a\"b")), "\"a\\\"b\"");
  const Bytes accents = Bytes().String("\u00e9\u00e9\u00e9");
  EXPECT_EQ(Describe("string", accents, {.max_string = 6})->preview,
            "\u00e9\u00e9\u00e9");
  EXPECT_EQ(Describe("string", accents, {.max_string = 5})->preview,
            "\u00e9\u00e9\u2026");
  EXPECT_EQ(Describe("string", accents, {.max_string = 0})->preview, "\u2026");
}

TEST(BuiltinCodecsTest, StringPreviewsAreUtf8WhateverTheBytes) {
  const auto preview = [](std::string_view text) {
    return Describe("string", Bytes().String(text))->preview;
  };
  EXPECT_EQ(preview("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(preview("\xc0\x80"), "\\xc0\\x80");           // Overlong.
  EXPECT_EQ(preview("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf");  // Overlong.
  EXPECT_EQ(preview("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // A surrogate.
  EXPECT_EQ(preview("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // Too large.
  EXPECT_EQ(preview("\xf0\x9f\x90\x8d"), "\U0001f40d");
}

// ---- Containers -------------------------------------------------------------

TEST(BuiltinCodecsTest, ShortVectorsAreAlignedForTheirElements) {
  EXPECT_EQ(Preview("vector<f64>", Bytes().U64(2).Raw(1.5, 2.0)), "[1.5, 2]");
  EXPECT_EQ(Shape("vector<f64>", Bytes().U64(2).Raw(1.5, 2.0)), "2");
  EXPECT_EQ(Preview("vector<f64>", Bytes().U64(0)), "[]");
  EXPECT_EQ(Preview("tuple<u8,vector<u16>>",
                    Bytes().Text("\7").U64(1).Zeros(1).Raw(std::uint16_t{9})),
            "[7, [9]]");
  EXPECT_EQ(Preview("tuple<u8,vector<c64>>",
                    Bytes().Text("\7").U64(1).Zeros(3).Raw(1.0f, 2.0f)),
            "[7, [[1, 2]]]");
  EXPECT_EQ(
      Preview("tuple<u8,vector<c128>,u8>",
              Bytes().Text("\7").U64(1).Zeros(7).Raw(1.0, 2.0).Text("\5")),
      "[7, [[1, 2]], 5]");
  // Nothing follows an empty vector, padding least of all.
  EXPECT_EQ(
      Preview("tuple<u8,vector<f64>,u8>", Bytes().Text("\7").U64(0).Text("\5")),
      "[7, [], 5]");
}

TEST(BuiltinCodecsTest, LongVectorsAreAlignedForViews) {
  Bytes seven = Bytes().U64(7);
  for (int i = 0; i < 7; ++i) seven.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", seven), "[0, 1, 2, 3, 4, 5, 6]");
  Bytes eight = Bytes().U64(8).Zeros(56);
  for (int i = 0; i < 8; ++i) eight.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", eight), "[0, 1, 2, 3, 4, 5, 6, 7]");
  EXPECT_EQ(Preview("vector<char>",
                    Bytes().U64(64).Zeros(56).Text(std::string(64, 'x'))),
            "[\"x\", \"x\", \"x\", \"x\", \u2026, \"x\", \"x\", \"x\", "
            "\"x\"]");
  ExpectDataLoss("vector<f64>", Bytes().U64(8).Text("x").Zeros(55 + 64),
                 "padding at offset 8 is not zero");
}

TEST(BuiltinCodecsTest, VectorsOfBoolAreNotAligned) {
  const Bytes bools = Bytes().U64(3).Text(std::string_view("\1\0\1", 3));
  EXPECT_EQ(Preview("vector<bool>", bools), "[true, false, true]");
  Bytes many = Bytes().U64(100);
  for (int i = 0; i < 100; ++i) many.Raw(std::uint8_t{1});
  EXPECT_EQ(Describe("vector<bool>", many)->statistics->mean, 1);
  ExpectDataLoss("vector<bool>", Bytes().U64(2).Text("\1\3"),
                 "found 3 at offset 9");
}

TEST(BuiltinCodecsTest, VectorsOfOtherThings) {
  EXPECT_EQ(Preview("vector<string>", Bytes().U64(2).String("a").String("")),
            "[\"a\", \"\"]");
  EXPECT_EQ(Preview("vector<tuple<f64,string>>",
                    Bytes().U64(2).Raw(1.0).String("a").Raw(kNan).String("b")),
            "[[1, \"a\"], [nan, \"b\"]]");
  EXPECT_EQ(Preview("vector<vector<i32>>",
                    Bytes().U64(3).U64(0).U64(1).Raw(std::int32_t{5}).U64(0)),
            "[[], [5], []]");
  EXPECT_FALSE(Describe("vector<string>", Bytes().U64(0))->statistics);
}

TEST(BuiltinCodecsTest, LongArraysAreElided) {
  Bytes numbers = Bytes().U64(9).Zeros(56);
  for (int i = 0; i < 9; ++i) numbers.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", numbers),
            "[0, 1, 2, 3, \u2026, 5, 6, 7, 8]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 3}),
            "[0, 1, \u2026, 8]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 1}),
            "[0, \u2026]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 0}), "[\u2026]");
  EXPECT_EQ(Preview("vector<f64>", numbers,
                    {.max_elements = std::numeric_limits<std::size_t>::max()}),
            "[0, 1, 2, 3, 4, 5, 6, 7, 8]");

  Bytes strings = Bytes().U64(100);
  for (int i = 0; i < 100; ++i) strings.String(std::to_string(i));
  EXPECT_EQ(Preview("vector<string>", strings, {.max_elements = 4}),
            "[\"0\", \"1\", \u2026, \"98\", \"99\"]");
  EXPECT_EQ(Shape("vector<string>", strings), "100");
}

TEST(BuiltinCodecsTest, NestedArraysShowHalfAsMany) {
  Bytes bytes = Bytes().U64(5);
  for (int i = 0; i < 5; ++i) {
    bytes.U64(5).Text("abcde");
  }
  EXPECT_EQ(Preview("vector<vector<char>>", bytes, {.max_elements = 4}),
            "[[\"a\", \u2026, \"e\"], [\"a\", \u2026, \"e\"], \u2026, "
            "[\"a\", \u2026, \"e\"], [\"a\", \u2026, \"e\"]]");
}

TEST(BuiltinCodecsTest, PairsTuplesAndOptionals) {
  EXPECT_EQ(Preview("pair<u8,string>", Bytes().Text("\1").String("x")),
            "[1, \"x\"]");
  EXPECT_EQ(Preview("tuple<>", Bytes()), "[]");
  EXPECT_EQ(Preview("optional<f64>", Bytes().Zeros(1)), "null");
  EXPECT_EQ(Preview("optional<f64>", Bytes().Text("\1").Raw(2.5)), "2.5");
  ExpectDataLoss("optional<f64>", Bytes().Text("\2").Raw(2.5),
                 "an optional starts with 0 or 1, found 2 at offset 0");
  // What an optional holds is described as if it stood alone.
  const Bytes held = Bytes().Text("\1").U64(1).Zeros(7).Raw(2.5);
  EXPECT_EQ(Shape("optional<vector<f64>>", held), "1");
  EXPECT_TRUE(Describe("optional<vector<f64>>", held)->statistics);
}

TEST(RegistryTest, AStructIsDescribedFromItsName) {
  const Registry empty;
  EXPECT_EQ(empty.Describe("acme.Empty/1{}", Blob())->preview,
            boost::json::array());
  EXPECT_EQ(Preview("co2.KernelParams/1{f64,f64}", Bytes().Raw(1e-9, 66.0)),
            "[1e-09, 66]");
  EXPECT_EQ(Preview("vector<acme.A/1{u8,acme.B/2{string}}>",
                    Bytes().U64(1).Text("\3").String("b")),
            "[[3, [\"b\"]]]");
}

// ---- Eigen ------------------------------------------------------------------

TEST(BuiltinCodecsTest, MatricesAreRowsWhateverTheirStorageOrder) {
  const Bytes columns =
      Bytes().Npy("<f8", true, {2, 3}).Raw(1.0, 4.0, 2.0, 5.0, 3.0, 6.0);
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", columns), "[[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(Preview("eigen.array<<f8,2,?4,F>/1", columns),
            "[[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(Shape("eigen<<f8,?,?,F>/1", columns), "2x3");
  const Bytes rows =
      Bytes().Npy("<f8", false, {2, 3}).Raw(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
  EXPECT_EQ(Preview("eigen<<f8,?,3,C>/1", rows), "[[1, 2, 3], [4, 5, 6]]");
}

TEST(BuiltinCodecsTest, VectorsHaveOneDimension) {
  const Bytes three = Bytes().Npy("<f8", false, {3}).Raw(1.0, 2.0, 3.0);
  EXPECT_EQ(Preview("eigen<<f8,?,1,F>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Preview("eigen<<f8,1,3,C>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Preview("eigen<<f8,?4,1,F>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Shape("eigen<<f8,?,1,F>/1", three), "3");
  // One column at most is not a vector.
  ExpectDataLoss("eigen<<f8,?4,?1,F>/1", three, "found <f8 (3,) C order");
  ExpectDataLoss("eigen<<f8,?,?,F>/1", three,
                 "npy: expected eigen<<f8,?,?,F>/1, found <f8 (3,) C order");
}

TEST(BuiltinCodecsTest, EveryElementTypeOfNpy) {
  const auto preview = [](std::string_view descr, auto... values) {
    const std::string type = "eigen<" + std::string(descr) + ",?,1,F>/1";
    const std::int64_t count = sizeof...(values);
    return Preview(type, Bytes().Npy(descr, false, {count}).Raw(values...));
  };
  EXPECT_EQ(preview("|b1", true, false), "[true, false]");
  EXPECT_EQ(preview("|i1", std::int8_t{-1}), "[-1]");
  EXPECT_EQ(preview("|u1", std::uint8_t{200}), "[200]");
  EXPECT_EQ(preview("<i2", std::int16_t{-300}), "[-300]");
  EXPECT_EQ(preview("<i4", std::int32_t{-70000}), "[-70000]");
  EXPECT_EQ(preview("<i8", std::int64_t{-1} << 40), "[-1099511627776]");
  EXPECT_EQ(preview("<u2", std::uint16_t{60000}), "[60000]");
  EXPECT_EQ(preview("<u4", std::uint32_t{4000000000}), "[4000000000]");
  EXPECT_EQ(preview("<u8", ~std::uint64_t{0}), "[18446744073709551615]");
  EXPECT_EQ(preview("<f4", 0.1f), "[0.1]");
  EXPECT_EQ(preview("<f8", 0.1), "[0.1]");
  EXPECT_EQ(preview("<c8", std::complex<float>(1, 2)), "[[1, 2]]");
  EXPECT_EQ(preview("<c16", std::complex<double>(1, kInfinity)), "[[1, inf]]");
}

TEST(BuiltinCodecsTest, HalfPrecision) {
  const auto preview = [](std::uint16_t bits) {
    return Preview("eigen<<f2,?,1,F>/1",
                   Bytes().Npy("<f2", false, {1}).Raw(bits));
  };
  EXPECT_EQ(preview(0x3c00), "[1]");
  EXPECT_EQ(preview(0xc000), "[-2]");
  EXPECT_EQ(preview(0x2e66), "[0.1]");        // As NumPy's float16(0.1).
  EXPECT_EQ(preview(0x3555), "[0.3333]");     // 1 / 3.
  EXPECT_EQ(preview(0x7bff), "[65500]");      // The largest, 65504.
  EXPECT_EQ(preview(0x0001), "[6e-08]");      // The smallest, 2^-24.
  EXPECT_EQ(preview(0x0400), "[6.104e-05]");  // The smallest normal, 2^-14.
  EXPECT_EQ(preview(0x8000), "[-0]");
  EXPECT_EQ(preview(0x7c00), "[inf]");
  EXPECT_EQ(preview(0xfc00), "[-inf]");
  EXPECT_EQ(preview(0x7e00), "[nan]");
}

TEST(BuiltinCodecsTest, AnArrayThatContradictsItsTypeNameIsDataLoss) {
  const Bytes matrix = Bytes().Npy("<f8", true, {2, 2}).Raw(1.0, 2.0, 3.0, 4.0);
  for (const std::string_view type :
       {"eigen<<f4,?,?,F>/1", "eigen<<f8,?,?,C>/1", "eigen<<f8,3,?,F>/1",
        "eigen<<f8,?,?1,F>/1", "eigen<<f8,?,1,F>/1"}) {
    ExpectDataLoss(type, matrix, "found <f8 (2, 2) F order");
  }
  ExpectDataLoss("eigen<<f8,?,?,F>/1",
                 Bytes().Npy("<f8", true, {1, 1, 1}).Raw(1.0),
                 "found <f8 (1, 1, 1) F order");
  // NumPy calls an array with a single row or column C-ordered.
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1",
                    Bytes().Npy("<f8", false, {2, 1}).Raw(1.0, 2.0)),
            "[[1], [2]]");
}

TEST(BuiltinCodecsTest, EmptyMatrices) {
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", Bytes().Npy("<f8", false, {0, 3})),
            "[]");
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", Bytes().Npy("<f8", false, {2, 0})),
            "[[], []]");
  const Bytes huge = Bytes().Npy("<f8", false, {std::int64_t{1} << 62, 0});
  EXPECT_EQ(Shape("eigen<<f8,?,?,F>/1", huge), "4611686018427387904x0");
}

TEST(BuiltinCodecsTest, AMatrixInsideOfAnotherValueNeedsNoAlignment) {
  const Bytes bytes =
      Bytes().Text("\7").Npy("<f8", false, {2}).Raw(1.0, 2.0).String("after");
  EXPECT_EQ(Preview("tuple<u8,eigen<<f8,?,1,F>/1,string>", bytes),
            "[7, [1, 2], \"after\"]");
}

TEST(BuiltinCodecsTest, LargeMatricesAreElidedBothWays) {
  Bytes bytes = Bytes().Npy("<i4", true, {10, 5});
  for (int j = 0; j < 5; ++j) {
    for (int i = 0; i < 10; ++i) bytes.Raw(std::int32_t{10 * i + j});
  }
  EXPECT_EQ(Preview("eigen<<i4,?,?,F>/1", bytes, {.max_elements = 2}),
            "[[0, \u2026, 4], \u2026, [90, \u2026, 94]]");
}

// ---- Statistics -------------------------------------------------------------

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

// ---- The registry -----------------------------------------------------------

absl::Status VisitMesh(const ParsedTypeName& type, ValueWalk& walk) {
  EXPECT_EQ(type.head, "acme.Mesh");
  const absl::StatusOr<ParsedTypeName> vertices = ParseTypeName("vector<f32>");
  if (!vertices.ok()) return vertices.status();
  return walk.Visit(*vertices);
}

TEST(RegistryTest, CodecsAreFoundByHeadAndFormat) {
  Registry registry;
  ASSERT_TRUE(
      registry.Add({.name = "acme.Mesh/1", .visit = VisitMesh}).ok());
  const auto found = [&](std::string_view name) {
    return registry.Find(*ParseTypeName(name)) != nullptr;
  };
  EXPECT_TRUE(found("acme.Mesh/1"));
  EXPECT_TRUE(found("acme.Mesh<f32>/1{u8}"));
  EXPECT_FALSE(found("acme.Mesh"));
  EXPECT_FALSE(found("acme.Mesh/2"));
}

TEST(RegistryTest, AddedCodecsServeInsideOfOtherTypes) {
  Registry registry;
  ASSERT_TRUE(AddBuiltinCodecs(registry).ok());
  ASSERT_TRUE(
      registry.Add({.name = "acme.Mesh/1", .visit = VisitMesh}).ok());
  const Bytes mesh = Bytes().U64(1).U64(1).Raw(0.1f);
  const absl::StatusOr<Description> description =
      registry.Describe("vector<acme.Mesh/1>", BlobOf(mesh.text()));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(boost::json::serialize(description->preview), "[[1E-1]]");
}

TEST(RegistryTest, RefusesUnusableCodecs) {
  Registry registry;
  const auto add = [&](std::string name) {
    return registry.Add({.name = std::move(name), .visit = VisitMesh});
  };
  ExpectError(add(""), absl::StatusCode::kInvalidArgument, "expected a name");
  ExpectError(add("vector<f64>"), absl::StatusCode::kInvalidArgument,
              "codec 'vector<f64>' must be named for all its types: 'vector'");
  ExpectError(add("a.B/1{}"), absl::StatusCode::kInvalidArgument, "'a.B/1'");
  ExpectError(registry.Add({.name = "a.B/1"}),
              absl::StatusCode::kInvalidArgument, "no function");
  ASSERT_TRUE(add("a.B/1").ok());
  EXPECT_TRUE(add("a.B/2").ok());
  ExpectError(add("a.B/1"), absl::StatusCode::kAlreadyExists, "'a.B/1'");
}

TEST(RegistryTest, BuiltinCodecsAreAddedOnce) {
  Registry registry;
  ASSERT_TRUE(AddBuiltinCodecs(registry).ok());
  ExpectError(AddBuiltinCodecs(registry), absl::StatusCode::kAlreadyExists,
              "'i8'");
}

TEST(RegistryTest, UnknownTypesAreNamedFromTheInside) {
  ExpectError(
      ErrorOf("vector<tuple<u8,acme.Mesh/2>>", Bytes().U64(1).Zeros(9)),
      absl::StatusCode::kNotFound,
      "cannot show a 'vector<tuple<u8,acme.Mesh/2>>': there is no codec for "
      "'acme.Mesh/2'");
  ExpectError(ErrorOf("eigen<<f8,?,?,F>/2", Bytes()),
              absl::StatusCode::kNotFound,
              "no codec for 'eigen<<f8,?,?,F>/2', only for eigen/1;");
  ExpectError(ErrorOf("f64/1", Bytes().Raw(1.0)), absl::StatusCode::kNotFound,
              "'f64/1'");
  // What is not there need not be known.
  EXPECT_EQ(Preview("vector<acme.Mesh/2>", Bytes().U64(0)), "[]");
}

TEST(RegistryTest, TypeNamesThatMakeNoSenseAreInvalid) {
  for (const std::string_view type : {"vector",
                                      "vector<f64,f64>",
                                      "pair<f64>",
                                      "optional<>",
                                      "f64<f64>",
                                      "f64{f64}",
                                      "tuple<f64>{f64}",
                                      "string<char>",
                                      "eigen/1",
                                      "eigen<<f8,?,?>/1",
                                      "eigen<<f8,?,?,X>/1",
                                      "eigen<<f3,?,?,F>/1",
                                      "eigen<f64,?,?,F>/1",
                                      "eigen<<f8,x,?,F>/1",
                                      "eigen<<f8,?,3x,F>/1",
                                      "eigen<<f8,?,3<f64>,F>/1",
                                      "eigen<<f8,?,?,F/1>/1",
                                      "eigen<<f8,?99999999999999999999,?,F>/1",
                                      "vector<",
                                      ""}) {
    EXPECT_EQ(ErrorOf(type, Bytes().Zeros(64)).code(),
              absl::StatusCode::kInvalidArgument)
        << type;
  }
}

TEST(RegistryTest, LeftOverBytesAreDataLoss) {
  ExpectDataLoss("f64", Bytes().Raw(1.0).Text("x"),
                 "9 bytes are not a 'f64': 1 bytes left over at offset 8");
}

TEST(RegistryTest, HugeCountsDoNotAllocate) {
  for (const std::uint64_t count :
       {std::uint64_t{1} << 63, ~std::uint64_t{0}, std::uint64_t{1} << 61,
        std::uint64_t{1} << 33}) {
    for (const std::string_view type :
         {"vector<f64>", "vector<c128>", "vector<string>", "vector<bool>",
          "vector<vector<u8>>", "vector<tuple<>>", "string"}) {
      EXPECT_EQ(ErrorOf(type, Bytes().U64(count).Zeros(64)).code(),
                absl::StatusCode::kDataLoss)
          << type << " " << count;
    }
  }
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  for (const std::int64_t columns : {1, 2, 4, 8}) {
    ExpectDataLoss("eigen<<f8,?,?,F>/1",
                   Bytes().Npy("<f8", true, {kHuge, columns}).Zeros(64), "");
  }
}

// ---- Damage -----------------------------------------------------------------

struct Sample {
  std::string_view type;
  Bytes bytes;
};

std::vector<Sample> Samples() {
  Bytes numbers = Bytes().U64(9).Zeros(56);
  for (int i = 0; i < 9; ++i) numbers.Raw(1.0 * i);
  return {
      {"f64", Bytes().Raw(1.5)},
      {"c64", Bytes().Raw(1.0f, 2.0f)},
      {"bool", Bytes().Text("\1")},
      {"char32", Bytes().Raw(U'x')},
      {"string", Bytes().String("caf\u00e9")},
      {"vector<f64>", numbers},
      {"vector<bool>", Bytes().U64(2).Text("\1\1")},
      {"vector<tuple<f64,string>>",
       Bytes().U64(2).Raw(1.0).String("a").Raw(kNan).String("b")},
      {"optional<pair<u8,vector<u16>>>",
       Bytes().Text("\1\7").U64(1).Raw(std::uint16_t{9})},
      {"acme.P/1{f64,vector<vector<i32>>}",
       Bytes().Raw(1.0).U64(2).U64(1).Raw(std::int32_t{1}).U64(0)},
      {"eigen<<f8,?,?,F>/1",
       Bytes().Npy("<f8", true, {2, 2}).Raw(1.0, 2.0, 3.0, 4.0)},
      {"vector<eigen.array<|b1,?,1,F>/1>",
       Bytes().U64(1).Npy("|b1", false, {2}).Text("\1\1")},
  };
}

TEST(DamageTest, SamplesAreWhole) {
  for (const Sample& sample : Samples()) {
    EXPECT_TRUE(ErrorOf(sample.type, sample.bytes).ok())
        << ErrorOf(sample.type, sample.bytes);
  }
}

TEST(DamageTest, EveryTruncationIsDataLoss) {
  for (const Sample& sample : Samples()) {
    const std::string& whole = sample.bytes.text();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const absl::Status status = ErrorOf(
          sample.type, Bytes().Text(std::string_view(whole).substr(0, size)));
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss)
          << sample.type << " cut to " << size << ": " << status;
    }
  }
}

TEST(DamageTest, EveryFlippedByteIsShownOrDataLoss) {
  for (const Sample& sample : Samples()) {
    for (std::size_t at = 0; at < sample.bytes.text().size(); ++at) {
      for (int flip = 1; flip < 256; ++flip) {
        std::string damaged = sample.bytes.text();
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const absl::StatusOr<Description> description =
            Describe(sample.type, Bytes().Text(damaged));
        if (description.ok()) {
          EXPECT_FALSE(ToText(*description).empty());
        } else {
          EXPECT_EQ(description.status().code(), absl::StatusCode::kDataLoss)
              << sample.type << " at " << at << ": " << description.status();
        }
      }
    }
  }
}

// ---- Text -------------------------------------------------------------------

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

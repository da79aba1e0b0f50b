// Codecs of scalars and strings.

#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

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

TEST(BuiltinCodecsTest, IntegersOf128Bits) {
  const std::uint64_t ones = ~std::uint64_t{0}, zero = 0, one = 1;
  EXPECT_EQ(Preview("i128", Bytes().U64(ones).U64(ones)), "-1");
  EXPECT_EQ(Preview("u128", Bytes().U64(ones).U64(zero)),
            "18446744073709551615");
  // What does not fit 64 bits.
  EXPECT_EQ(Preview("u128", Bytes().U64(ones).U64(ones)),
            "\"340282366920938463463374607431768211455\"");
  EXPECT_EQ(Preview("i128", Bytes().U64(zero).U64(one << 63)),
            "\"-170141183460469231731687303715884105728\"");
  EXPECT_EQ(Json("i128", Bytes().U64(zero).U64(one << 63)),
            "-170141183460469231731687303715884105728");
  // A short vector is aligned to 8 bytes.
  EXPECT_EQ(Json("tuple<u8,vector<u128>>",
                 Bytes().Text("\7").U64(1).Align(8).U64(5).U64(0)),
            "[7,[5]]");
}

TEST(BuiltinCodecsTest, FloatsOf16Bits) {
  EXPECT_EQ(Preview("f16", Bytes().Raw(std::uint16_t{0x2e66})), "0.1");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0x3f80})), "1");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0x3dcd})), "0.1");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0x7f7f})), "3.39e+38");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0x0001})), "9e-41");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0xff80})), "-inf");
  EXPECT_EQ(Preview("bf16", Bytes().Raw(std::uint16_t{0x7fc0})), "nan");
}

TEST(BuiltinCodecsTest, EveryHalfReadsBackFromItsText) {
  // A shorter text must not be that of a neighbour.
  std::string before;
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    const std::string text =
        Json("f16", Bytes().Raw(static_cast<std::uint16_t>(bits)));
    EXPECT_NE(text, before) << bits;
    before = text;
  }
}

TEST(BuiltinCodecsTest, EnumerationsAreTheirIntegers) {
  EXPECT_EQ(Preview("enum<i32>", Bytes().Raw(std::int32_t{-2})), "-2");
  EXPECT_EQ(Preview("enum<bool>", Bytes().Text("\1")), "true");
  EXPECT_EQ(Preview("vector<enum<u16>>",
                    Bytes().U64(2).Raw(std::uint16_t{1}, std::uint16_t{2})),
            "[1, 2]");
  ExpectDataLoss("enum<bool>", Bytes().Text("\2"), "a bool is 0 or 1");
  ExpectError(ErrorOf("enum<f64>", Bytes().Raw(1.0)),
              absl::StatusCode::kInvalidArgument, "an integer");
}

TEST(BuiltinCodecsTest, PathsAreStrings) {
  EXPECT_EQ(Preview("path", Bytes().String("/tmp/a b")), "\"/tmp/a b\"");
}

}  // namespace
}  // namespace ireneo

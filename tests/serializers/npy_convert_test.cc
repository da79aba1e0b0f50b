#include "ireneo/serializers/npy_convert.h"

#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "Eigen/Core"
#include "gtest/gtest.h"

namespace ireneo::internal {
namespace {

template <typename T>
std::string DescrOf() {
  if (std::is_same_v<T, Eigen::bfloat16>) return "|V2";
  if (std::is_same_v<T, bool>) return "|b1";
  const char* kind = Eigen::NumTraits<T>::IsComplex    ? "c"
                     : !Eigen::NumTraits<T>::IsInteger ? "f"
                     : std::is_signed_v<T>             ? "i"
                                                       : "u";
  return (sizeof(T) == 1 ? "|" : "<") + (kind + std::to_string(sizeof(T)));
}

// `value` as a `To`, if there is an exact one.
template <typename To, typename From>
std::optional<To> Converted(From value) {
  const std::optional<NpyElement> from = ParseNpyDescr(DescrOf<From>());
  const std::optional<NpyElement> to = ParseNpyDescr(DescrOf<To>());
  EXPECT_TRUE(from.has_value() && to.has_value());
  std::byte source[sizeof(From)];
  std::memcpy(source, &value, sizeof(From));
  std::byte dest[sizeof(To)];
  const std::size_t done =
      ConvertNpyRun(*from, source, sizeof(From), *to, dest, 1);
  if (done == 0) return std::nullopt;
  To result;
  std::memcpy(static_cast<void*>(&result), dest, sizeof(To));
  return result;
}

template <typename To, typename From>
std::optional<std::uint64_t> ConvertedBits(From value) {
  const std::optional<To> to = Converted<To>(value);
  if (!to.has_value()) return std::nullopt;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &*to, sizeof(To));
  return bits;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kMinI64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxI64 = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kTwo53 = std::int64_t{1} << 53;

TEST(NpyConvertTest, ParsesTheScalarsOfAllByteOrders) {
  const auto parsed = [](const char* descr, char kind, std::size_t size,
                         bool swapped) {
    const std::optional<NpyElement> element = ParseNpyDescr(descr);
    return element.has_value() &&
           element->SameBytes({.kind = kind, .size = size, .swapped = swapped});
  };
  EXPECT_TRUE(parsed("<f8", 'f', 8, false));
  EXPECT_TRUE(parsed(">f8", 'f', 8, true));
  EXPECT_TRUE(parsed("=f8", 'f', 8, false));
  EXPECT_TRUE(parsed(">c16", 'c', 16, true));
  EXPECT_TRUE(parsed("<c8", 'c', 8, false));
  EXPECT_TRUE(parsed("|b1", 'b', 1, false));
  EXPECT_TRUE(parsed(">i1", 'i', 1, false));
  EXPECT_TRUE(parsed("|V2", 'V', 2, false));
  EXPECT_TRUE(parsed("<V2", 'V', 2, false));
}

TEST(NpyConvertTest, OtherElementTypesAreNotParsed) {
  for (const char* descr :
       {"",    "f8",  "<f",  "<f3",     "<f16", "<c32", "<c4",  "|f8",
        "|i2", "<b2", "?f8", "<u08",    "<f8 ", "|V8",  "|V02", ">V2",
        "=V2", "|S2", "<U1", "<M8[ns]", "|O8",  "<i16", "!i4"}) {
    EXPECT_FALSE(ParseNpyDescr(descr).has_value()) << descr;
  }
}

TEST(NpyConvertTest, IntegersInRange) {
  EXPECT_EQ((Converted<std::uint64_t>(kMaxI64)), std::uint64_t(kMaxI64));
  EXPECT_EQ((Converted<std::int64_t>(kMaxU64)), std::nullopt);
  EXPECT_EQ((Converted<std::int64_t>(std::uint64_t(kMaxI64))), kMaxI64);
  EXPECT_EQ((Converted<std::uint64_t>(std::int64_t{-1})), std::nullopt);
  EXPECT_EQ((Converted<std::uint8_t>(std::int8_t{-1})), std::nullopt);
  EXPECT_EQ((Converted<std::int8_t>(std::int64_t{-128})), -128);
  EXPECT_EQ((Converted<std::int8_t>(std::int64_t{-129})), std::nullopt);
  EXPECT_EQ((Converted<std::int8_t>(std::uint8_t{127})), 127);
  EXPECT_EQ((Converted<std::int8_t>(std::uint8_t{128})), std::nullopt);
  EXPECT_EQ((Converted<std::int16_t>(std::int8_t{-3})), -3);
}

TEST(NpyConvertTest, FloatsAsIntegers) {
  EXPECT_EQ((Converted<std::int32_t>(3.0)), 3);
  EXPECT_EQ((Converted<std::int32_t>(-3.0f)), -3);
  EXPECT_EQ((Converted<std::int32_t>(0.0)), 0);
  EXPECT_EQ((Converted<std::int32_t>(-0.0)), std::nullopt);
  EXPECT_EQ((Converted<std::int32_t>(0.5)), std::nullopt);
  EXPECT_EQ((Converted<std::int32_t>(1e30)), std::nullopt);
  EXPECT_EQ((Converted<std::int32_t>(kNan)), std::nullopt);
  EXPECT_EQ((Converted<std::int64_t>(kInfinity)), std::nullopt);
  EXPECT_EQ((Converted<std::int64_t>(-kInfinity)), std::nullopt);
  EXPECT_EQ((Converted<std::int64_t>(-0x1p63)), kMinI64);
  EXPECT_EQ((Converted<std::int64_t>(0x1p63)), std::nullopt);
  EXPECT_EQ((Converted<std::uint64_t>(0x1p63)), std::uint64_t{1} << 63);
  EXPECT_EQ((Converted<std::uint64_t>(0x1p64)), std::nullopt);
  EXPECT_EQ((Converted<std::uint64_t>(-1.0)), std::nullopt);
  EXPECT_EQ((Converted<std::uint16_t>(Eigen::half(65504.0f))), 65504);
}

TEST(NpyConvertTest, IntegersAsFloats) {
  EXPECT_EQ((Converted<double>(kTwo53)), 0x1p53);
  EXPECT_EQ((Converted<double>(kTwo53 + 1)), std::nullopt);
  EXPECT_EQ((Converted<double>(-kTwo53 - 1)), std::nullopt);
  EXPECT_EQ((Converted<double>(kTwo53 + 2)), 0x1p53 + 2);
  EXPECT_EQ((Converted<double>(kMinI64)), -0x1p63);
  EXPECT_EQ((Converted<double>(kMaxI64)), std::nullopt);
  EXPECT_EQ((Converted<double>(kMaxU64)), std::nullopt);
  EXPECT_EQ((Converted<float>(std::int32_t{16777216})), 16777216.0f);
  EXPECT_EQ((Converted<float>(std::int32_t{16777217})), std::nullopt);
  EXPECT_EQ((ConvertedBits<double>(std::int64_t{0})), 0u);
  EXPECT_EQ((Converted<Eigen::half>(std::int32_t{2049})), std::nullopt);
  EXPECT_EQ((Converted<Eigen::half>(std::int32_t{65536})), std::nullopt);
  EXPECT_EQ((Converted<Eigen::bfloat16>(std::int32_t{256})),
            Eigen::bfloat16(256.0f));
  EXPECT_EQ((Converted<Eigen::bfloat16>(std::int32_t{257})), std::nullopt);
}

TEST(NpyConvertTest, DoublesAsFloats) {
  EXPECT_EQ((Converted<float>(0.1)), std::nullopt);
  EXPECT_EQ((Converted<float>(0.5)), 0.5f);
  EXPECT_EQ((ConvertedBits<float>(-0.0)), 0x80000000u);
  EXPECT_EQ((Converted<float>(kInfinity)),
            std::numeric_limits<float>::infinity());
  EXPECT_EQ((Converted<float>(1e39)), std::nullopt);
  EXPECT_EQ((Converted<float>(0x1p128)), std::nullopt);
  EXPECT_EQ((Converted<float>(0x1.fffffep127)), 0x1.fffffep127f);
  EXPECT_EQ((Converted<float>(0x1p-149)), 0x1p-149f);
  EXPECT_EQ((Converted<float>(0x1p-150)), std::nullopt);
  EXPECT_EQ((Converted<float>(0x1.8p-149)), std::nullopt);
  EXPECT_EQ((Converted<float>(0x1.8p-148)), 0x1.8p-148f);
  EXPECT_EQ((Converted<float>(5e-324)), std::nullopt);
  EXPECT_EQ((Converted<double>(0x1p-149f)), 0x1p-149);
}

TEST(NpyConvertTest, NansKeepSignAndPayload) {
  EXPECT_EQ((ConvertedBits<float>(kNan)), 0x7fc00000u);
  EXPECT_EQ((ConvertedBits<float>(-kNan)), 0xffc00000u);
  EXPECT_EQ((ConvertedBits<double>(std::bit_cast<float>(0xffc00001u))),
            0xfff8000020000000u);
  // A signalling one stays so.
  EXPECT_EQ((ConvertedBits<float>(
                std::bit_cast<double>(std::uint64_t{0x7ff4000000000000}))),
            0x7fa00000u);
  EXPECT_EQ((ConvertedBits<float>(
                std::bit_cast<double>(std::uint64_t{0x7ff8000000000001}))),
            std::nullopt);
  EXPECT_EQ((ConvertedBits<Eigen::half>(kNan)), 0x7e00u);
}

TEST(NpyConvertTest, EveryFloatOf16BitsIsADoubleAndBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = std::bit_cast<Eigen::half>(std::uint16_t(bits));
    const auto wide_half = Converted<double>(half);
    ASSERT_TRUE(wide_half.has_value());
    ASSERT_EQ((ConvertedBits<Eigen::half>(*wide_half)), bits);
    const auto brain = std::bit_cast<Eigen::bfloat16>(std::uint16_t(bits));
    const auto wide_brain = Converted<double>(brain);
    ASSERT_TRUE(wide_brain.has_value());
    ASSERT_EQ((ConvertedBits<Eigen::bfloat16>(*wide_brain)), bits);
    const float a = static_cast<float>(half);
    const float b = static_cast<float>(brain);
    if (a == a) {
      ASSERT_EQ(*wide_half, a);
    }
    if (b == b) {
      ASSERT_EQ(*wide_brain, b);
    }
  }
}

TEST(NpyConvertTest, ComplexNumbers) {
  using C64 = std::complex<float>;
  using C128 = std::complex<double>;
  EXPECT_EQ((Converted<C128>(2.0)), C128(2, 0));
  EXPECT_EQ((Converted<C128>(std::int32_t{-2})), C128(-2, 0));
  EXPECT_EQ((Converted<C64>(C128(0.5, -0.25))), C64(0.5, -0.25));
  EXPECT_EQ((Converted<C64>(C128(0.5, 0.1))), std::nullopt);
  EXPECT_EQ((Converted<C64>(C128(0.1, 0.5))), std::nullopt);
  EXPECT_EQ((Converted<double>(C128(0.1, 0))), 0.1);
  EXPECT_EQ((Converted<double>(C128(0.1, -0.0))), std::nullopt);
  EXPECT_EQ((Converted<double>(C128(0.1, 1))), std::nullopt);
  EXPECT_EQ((Converted<std::int8_t>(C64(3, 0))), 3);
  EXPECT_EQ((Converted<std::int8_t>(C64(3, 1))), std::nullopt);
}

TEST(NpyConvertTest, Booleans) {
  EXPECT_EQ((Converted<double>(true)), 1.0);
  EXPECT_EQ((Converted<std::int8_t>(false)), 0);
  EXPECT_EQ((Converted<bool>(1.0)), true);
  EXPECT_EQ((Converted<bool>(std::uint8_t{0})), false);
  EXPECT_EQ((Converted<bool>(std::uint8_t{2})), std::nullopt);
  EXPECT_EQ((Converted<bool>(-0.0)), std::nullopt);
  EXPECT_EQ((Converted<bool>(std::int8_t{-1})), std::nullopt);
  EXPECT_EQ((Converted<bool>(0.5)), std::nullopt);
}

TEST(NpyConvertTest, ARunStopsAtTheFirstElementThatHasNoValue) {
  const double source[] = {1, 7, 2, 7, 0.5, 7, 3, 7};
  std::int16_t dest[4] = {};
  EXPECT_EQ(ConvertNpyRun(*ParseNpyDescr("<f8"),
                          reinterpret_cast<const std::byte*>(source), 16,
                          *ParseNpyDescr("<i2"),
                          reinterpret_cast<std::byte*>(dest), 4),
            2u);
  EXPECT_EQ(dest[0], 1);
  EXPECT_EQ(dest[1], 2);
  const std::uint8_t bools[] = {1, 0, 2, 1};
  std::int16_t more[4] = {};
  EXPECT_EQ(ConvertNpyRun(*ParseNpyDescr("|b1"),
                          reinterpret_cast<const std::byte*>(bools), 1,
                          *ParseNpyDescr("<i2"),
                          reinterpret_cast<std::byte*>(more), 4),
            2u);
}

TEST(NpyConvertTest, SwapsEachPart) {
  const std::uint8_t source[] = {0x3f, 0x80, 0, 0, 0x40, 0, 0, 0};
  std::complex<float> same;
  ASSERT_EQ(ConvertNpyRun(*ParseNpyDescr(">c8"),
                          reinterpret_cast<const std::byte*>(source), 8,
                          *ParseNpyDescr("<c8"),
                          reinterpret_cast<std::byte*>(&same), 1),
            1u);
  EXPECT_EQ(same, std::complex<float>(1, 2));
  std::complex<double> wide;
  ASSERT_EQ(ConvertNpyRun(*ParseNpyDescr(">c8"),
                          reinterpret_cast<const std::byte*>(source), 8,
                          *ParseNpyDescr("<c16"),
                          reinterpret_cast<std::byte*>(&wide), 1),
            1u);
  EXPECT_EQ(wide, std::complex<double>(1, 2));
}

template <typename T>
std::string TextOf(T value) {
  std::byte data[sizeof(T)];
  std::memcpy(data, &value, sizeof(T));
  return NpyElementToString(*ParseNpyDescr(DescrOf<T>()), data);
}

TEST(NpyConvertTest, TextTellsNumbersApart) {
  EXPECT_EQ(TextOf(0.1), "0.1");
  EXPECT_EQ(TextOf(0.1f), "0.10000000149011612");
  EXPECT_EQ(TextOf(-0.0), "-0");
  EXPECT_EQ(TextOf(-kInfinity), "-inf");
  EXPECT_EQ(TextOf(std::int8_t{-128}), "-128");
  EXPECT_EQ(TextOf(kMinI64), "-9223372036854775808");
  EXPECT_EQ(TextOf(kMaxU64), "18446744073709551615");
  EXPECT_EQ(TextOf(std::complex<double>(1, -0.5)), "(1,-0.5)");
  EXPECT_EQ(TextOf(true), "1");
  const std::byte two{2};
  EXPECT_EQ(NpyElementToString(*ParseNpyDescr("|b1"), &two), "2");
}

}  // namespace
}  // namespace ireneo::internal

#include "ireneo/serializers/scalars.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;

// Compares floating-point numbers as their bytes do.
struct SameBits {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
  }
};

template <typename T>
class IntegerTest : public ::testing::Test {};

using Integers =
    ::testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                     std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t,
                     long long, char, char8_t, char16_t, char32_t>;  // NOLINT
TYPED_TEST_SUITE(IntegerTest, Integers);

TYPED_TEST(IntegerTest, Serializer) {
  using Limits = std::numeric_limits<TypeParam>;
  EXPECT_TRUE(VerifySerializer<TypeParam>(
      {0, 1, 2, Limits::min(), static_cast<TypeParam>(Limits::max() - 1),
       Limits::max()}));
}

template <typename T>
class FloatTest : public ::testing::Test {};

using Floats = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FloatTest, Floats);

TYPED_TEST(FloatTest, Serializer) {
  using Limits = std::numeric_limits<TypeParam>;
  EXPECT_TRUE(VerifySerializer<TypeParam>(
      {TypeParam{0}, -TypeParam{0}, TypeParam{1}, Limits::denorm_min(),
       Limits::max(), Limits::infinity(), -Limits::infinity(),
       Limits::quiet_NaN(), -Limits::quiet_NaN()},
      SameBits()));
}

TYPED_TEST(FloatTest, ComplexSerializer) {
  using Complex = std::complex<TypeParam>;
  EXPECT_TRUE(VerifySerializer<Complex>(
      {Complex(0, 0), Complex(-TypeParam{0}, 0), Complex(0, -TypeParam{0}),
       Complex(1, 2), Complex(2, 1)},
      SameBits()));
}

TEST(ScalarsTest, BoolAndByteSerializers) {
  EXPECT_TRUE(VerifySerializer({false, true}));
  EXPECT_TRUE(VerifySerializer({std::byte{0}, std::byte{1}, std::byte{255}}));
}

TEST(ScalarsTest, NamesDoNotDependOnTheSpelling) {
  EXPECT_EQ(TypeName<signed char>(), "i8");
  EXPECT_EQ(TypeName<short>(), "i16");  // NOLINT
  EXPECT_EQ(TypeName<int>(), "i32");
  EXPECT_EQ(TypeName<long>(), "i64");       // NOLINT
  EXPECT_EQ(TypeName<long long>(), "i64");  // NOLINT
  EXPECT_EQ(TypeName<unsigned char>(), "u8");
  EXPECT_EQ(TypeName<unsigned short>(), "u16");  // NOLINT
  EXPECT_EQ(TypeName<unsigned>(), "u32");
  EXPECT_EQ(TypeName<unsigned long>(), "u64");       // NOLINT
  EXPECT_EQ(TypeName<unsigned long long>(), "u64");  // NOLINT
  EXPECT_EQ(TypeName<float>(), "f32");
  EXPECT_EQ(TypeName<double>(), "f64");
  EXPECT_EQ(TypeName<bool>(), "bool");
  EXPECT_EQ(TypeName<char>(), "char");
  EXPECT_EQ(TypeName<char8_t>(), "char8");
  EXPECT_EQ(TypeName<char16_t>(), "char16");
  EXPECT_EQ(TypeName<char32_t>(), "char32");
  EXPECT_EQ(TypeName<std::byte>(), "byte");
  EXPECT_EQ(TypeName<std::complex<float>>(), "c64");
  EXPECT_EQ(TypeName<std::complex<double>>(), "c128");
}

TEST(ScalarsTest, BytesAreLittleEndian) {
  EXPECT_EQ(*BytesOf(std::uint32_t{0x01020304}), "\x04\x03\x02\x01");
  EXPECT_EQ(*BytesOf(std::int16_t{-2}), "\xfe\xff");
  EXPECT_EQ(*BytesOf(1.0), std::string_view("\0\0\0\0\0\0\xf0\x3f", 8));
}

TEST(ScalarsTest, ZerosOfBothSignsDiffer) {
  EXPECT_NE(*RefOf(0.0), *RefOf(-0.0));
}

TEST(ScalarsTest, EqualBytesOfDifferentTypesDiffer) {
  EXPECT_EQ(RefOf(std::int32_t{1})->digest, RefOf(std::uint32_t{1})->digest);
  EXPECT_NE(*RefOf(std::int32_t{1}), *RefOf(std::uint32_t{1}));
}

TEST(ScalarsTest, ByteOfBoolAboveOneIsDataLoss) {
  for (int byte = 2; byte < 256; ++byte) {
    const absl::StatusOr<bool> value =
        FromBytes<bool>(std::string(1, static_cast<char>(byte)));
    EXPECT_EQ(value.status().code(), absl::StatusCode::kDataLoss) << byte;
  }
}

TEST(ScalarsTest, TypesThatDifferBetweenPlatformsAreLeftOut) {
  enum class Color { kRed };
  static_assert(!Hashable<long double>);
  static_assert(!Hashable<std::complex<long double>>);
  static_assert(!Hashable<wchar_t>);
  static_assert(!Hashable<Color>);
  static_assert(!Hashable<int*>);
  static_assert(!Hashable<const char*>);
  static_assert(!Hashable<std::nullptr_t>);
}

}  // namespace
}  // namespace ireneo

#ifndef IRENEO_SERIALIZERS_SCALARS_H_
#define IRENEO_SERIALIZERS_SCALARS_H_

// Serializers for numbers, characters, bool, std::byte and std::complex.
//
// A scalar is its bytes, little-endian, under a name that does not depend on
// how a platform spells the type: `long` and `long long` of 64 bits are both
// "i64". Elements compare bit for bit: -0.0 differs from 0.0, and NaNs with
// different payloads differ.
//
// Left out, with a sentence by the compiler: `long double` and `wchar_t`, which
// differ from platform to platform.

#include <array>
#include <bit>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

static_assert(std::endian::native == std::endian::little,
              "ireneo stores scalars as the machine holds them");
static_assert(std::numeric_limits<float>::is_iec559 && sizeof(float) == 4 &&
                  std::numeric_limits<double>::is_iec559 && sizeof(double) == 8,
              "ireneo stores IEEE 754 numbers as the machine holds them");

// Integers of 8 to 64 bits that are numbers: no characters, no bool.
template <typename T>
concept Integer =
    std::same_as<T, signed char> || std::same_as<T, unsigned char> ||
    std::same_as<T, short> || std::same_as<T, unsigned short> ||  // NOLINT
    std::same_as<T, int> || std::same_as<T, unsigned> ||          // NOLINT
    std::same_as<T, long> || std::same_as<T, unsigned long> ||    // NOLINT
    std::same_as<T, long long> ||                                 // NOLINT
    std::same_as<T, unsigned long long>;                          // NOLINT

template <typename T>
concept Float = std::same_as<T, float> || std::same_as<T, double>;

template <typename T>
concept Character = std::same_as<T, char> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

// Scalars every bit pattern of which is a value, so that they need no check
// when read. `bool` has patterns that are none.
template <typename T>
concept RawScalar =
    Integer<T> || Float<T> || Character<T> || std::same_as<T, std::byte>;

template <typename T>
concept RawComplex = std::same_as<T, std::complex<float>> ||
    std::same_as<T, std::complex<double>>;

// Whether the bytes of a `T` in memory are its encoding and every pattern is a
// value, with a layout that is the same on every platform that the library
// compiles on. Specialized beside the serializers of other such types.
template <typename T>
inline constexpr bool kIsRaw = RawScalar<T> || RawComplex<T>;

// What an array of raw elements that is smaller than 64 bytes is aligned to.
template <typename T>
inline constexpr std::size_t kRawAlignment = alignof(T);

// What arrays are made of that are written and read in one piece.
template <typename T>
concept RawElement = kIsRaw<T>;

// The `T` whose bytes are at `data`, which need not be aligned.
template <RawElement T>
T LoadRaw(const std::byte* data) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), data, sizeof(T));
  return std::bit_cast<T>(bytes);
}

template <typename T>
concept Number = RawScalar<T> || RawComplex<T>;

template <Number T>
std::string NumberName() {
  if constexpr (std::same_as<T, char>) {
    return "char";
  } else if constexpr (std::same_as<T, std::byte>) {
    return "byte";
  } else {
    const char* kind = Character<T>          ? "char"
                       : RawComplex<T>       ? "c"
                       : Float<T>            ? "f"
                       : std::is_signed_v<T> ? "i"
                                             : "u";
    return absl::StrCat(kind, 8 * sizeof(T));
  }
}

}  // namespace internal

// "i8" to "i64", "u8" to "u64", "f32", "f64", "char", "char8", "char16",
// "char32", "byte"; "c64" and "c128" for complex numbers, the real part first.
template <internal::Number T>
struct Serializer<T> {
  static std::string TypeName() { return internal::NumberName<T>(); }
  static void Write(const T& value, Sink& sink) {
    sink.Write(std::as_bytes(std::span(&value, 1)));
  }
  static absl::StatusOr<T> Read(Source& source) {
    return source.ReadScalar<T>();
  }
};

// "bool": one byte, 0 or 1. Read: DataLoss if it is anything else.
template <>
struct Serializer<bool> {
  static std::string TypeName() { return "bool"; }
  static void Write(const bool& value, Sink& sink) {
    sink.WriteU8(value ? 1 : 0);
  }
  static absl::StatusOr<bool> Read(Source& source) {
    const std::uint8_t byte = source.ReadU8();
    if (byte > 1) {
      return absl::DataLossError(
          absl::StrCat("bool: expected 0 or 1 at offset ",
                       source.position() - 1, ", found ", byte));
    }
    return byte == 1;
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_SCALARS_H_

// Every element goes through one form that holds all types exactly, so that
// there is a decoder and an encoder for each type and not a function for each
// pair. Floats are taken apart as integers: the processor would quiet NaNs.

#include "ireneo/serializers/npy_convert.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <span>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

// A number of any type.
struct Number {
  bool is_integer;
  bool negative;            // If an integer.
  std::uint64_t real;       // Magnitude of an integer; else bits of a double.
  std::uint64_t imaginary;  // Bits of a double.
};

struct FloatFormat {
  int exponent_bits;
  int mantissa_bits;

  std::uint64_t max_exponent() const { return (1u << exponent_bits) - 1; }
  std::uint64_t bias() const { return max_exponent() >> 1; }
};

constexpr std::uint64_t LowBits(int count) {
  return (std::uint64_t{1} << count) - 1;
}

constexpr FloatFormat kDouble = {.exponent_bits = 11, .mantissa_bits = 52};
constexpr std::uint64_t kMinusZero = std::uint64_t{1} << 63;

std::size_t PartSize(const NpyElement& type) {
  return type.kind == 'c' ? type.size / 2 : type.size;
}

FloatFormat FormatOf(const NpyElement& type) {
  if (type.kind == 'V') return {.exponent_bits = 8, .mantissa_bits = 7};
  switch (PartSize(type)) {
    case 2:
      return {.exponent_bits = 5, .mantissa_bits = 10};
    case 4:
      return {.exponent_bits = 8, .mantissa_bits = 23};
    default:
      return kDouble;
  }
}

// The double that equals the float `bits`.
std::uint64_t Widen(std::uint64_t bits, const FloatFormat& format) {
  const int size = format.mantissa_bits;
  if (size == kDouble.mantissa_bits) return bits;
  const std::uint64_t sign = bits >> (format.exponent_bits + size);
  std::uint64_t exponent = (bits >> size) & format.max_exponent();
  std::uint64_t mantissa = bits & LowBits(size);
  if (exponent == format.max_exponent()) {
    exponent = kDouble.max_exponent();
  } else if (exponent != 0) {
    exponent += kDouble.bias() - format.bias();
  } else if (mantissa != 0) {  // Subnormal, but not as a double.
    const int shift = size + 1 - static_cast<int>(std::bit_width(mantissa));
    mantissa = (mantissa << shift) & LowBits(size);
    exponent = kDouble.bias() - format.bias() + 1 - shift;
  }
  return sign << 63 | exponent << 52 | mantissa << (52 - size);
}

// The float that equals the double `bits`, if there is one.
std::optional<std::uint64_t> Narrow(std::uint64_t bits,
                                    const FloatFormat& format) {
  const int size = format.mantissa_bits;
  if (size == kDouble.mantissa_bits) return bits;
  const std::uint64_t sign = (bits >> 63) << (format.exponent_bits + size);
  const std::uint64_t exponent = (bits >> 52) & kDouble.max_exponent();
  const std::uint64_t mantissa = bits & LowBits(52);
  const int drop = 52 - size;
  if (exponent == kDouble.max_exponent()) {
    if ((mantissa & LowBits(drop)) != 0) return std::nullopt;
    return sign | format.max_exponent() << size | mantissa >> drop;
  }
  if (exponent == 0) {
    if (mantissa != 0) return std::nullopt;  // Far below every other format.
    return sign;
  }
  const int narrow = static_cast<int>(exponent) -
                     static_cast<int>(kDouble.bias() - format.bias());
  if (narrow >= static_cast<int>(format.max_exponent())) return std::nullopt;
  if (narrow > 0) {
    if ((mantissa & LowBits(drop)) != 0) return std::nullopt;
    return sign | static_cast<std::uint64_t>(narrow) << size | mantissa >> drop;
  }
  const int subnormal_drop = drop + 1 - narrow;
  const std::uint64_t digits = mantissa | std::uint64_t{1} << 52;
  if (subnormal_drop > 52 || (digits & LowBits(subnormal_drop)) != 0) {
    return std::nullopt;
  }
  return sign | digits >> subnormal_drop;
}

// The double that equals `number`, if there is one.
std::optional<std::uint64_t> AsDouble(const Number& number) {
  if (!number.is_integer) return number.real;
  // Some libraries return the width unsigned.
  const int width = static_cast<int>(std::bit_width(number.real));
  if (width - std::countr_zero(number.real) > 53) return std::nullopt;
  const double value = static_cast<double>(number.real);
  return std::bit_cast<std::uint64_t>(number.negative ? -value : value);
}

// The integer that equals `number`, if there is one.
std::optional<Number> AsInteger(const Number& number) {
  if (number.is_integer) return number;
  const double value = std::bit_cast<double>(number.real);
  if (number.imaginary != 0 || number.real == kMinusZero ||
      !(std::abs(value) < 0x1p64) || value != std::trunc(value)) {
    return std::nullopt;
  }
  return Number{.is_integer = true,
                .negative = value < 0,
                .real = static_cast<std::uint64_t>(std::abs(value)),
                .imaginary = 0};
}

template <typename Bits>
Bits Swapped(Bits bits) {
  if constexpr (sizeof(Bits) == 2) {
    return __builtin_bswap16(bits);
  } else if constexpr (sizeof(Bits) == 4) {
    return __builtin_bswap32(bits);
  } else if constexpr (sizeof(Bits) == 8) {
    return __builtin_bswap64(bits);
  } else {
    return bits;
  }
}

template <typename Bits>
Bits Load(const std::byte* data, bool swapped) {
  Bits bits;
  std::memcpy(&bits, data, sizeof(bits));
  return swapped ? Swapped(bits) : bits;
}

template <typename Bits>
void Store(Bits bits, std::byte* dest) {
  std::memcpy(dest, &bits, sizeof(bits));
}

// The part of an element as an integer that has its size.
template <typename F>
auto WithBits(const NpyElement& type, F function) {
  switch (PartSize(type)) {
    case 1:
      return function(std::uint8_t{});
    case 2:
      return function(std::uint16_t{});
    case 4:
      return function(std::uint32_t{});
    default:
      return function(std::uint64_t{});
  }
}

template <typename Bits>
void Copy(const NpyElement& type, const std::byte* source,
          std::ptrdiff_t stride, std::byte* dest, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, source += stride) {
    Store(Load<Bits>(source, type.swapped), dest);
    dest += sizeof(Bits);
    if (type.kind == 'c') {
      Store(Load<Bits>(source + sizeof(Bits), type.swapped), dest);
      dest += sizeof(Bits);
    }
  }
}

// Returns how many elements are values of their type.
template <typename Bits>
std::size_t Decode(const NpyElement& type, const std::byte* source,
                   std::ptrdiff_t stride, std::span<Number> numbers) {
  const FloatFormat format = FormatOf(type);
  for (std::size_t i = 0; i < numbers.size(); ++i, source += stride) {
    const Bits bits = Load<Bits>(source, type.swapped);
    Number& number = numbers[i];
    number = {};
    switch (type.kind) {
      case 'b':
        if (bits > 1) return i;
        [[fallthrough]];
      case 'u':
        number.is_integer = true;
        number.real = bits;
        break;
      case 'i': {
        const std::int64_t value = static_cast<std::make_signed_t<Bits>>(bits);
        number.is_integer = true;
        number.negative = value < 0;
        number.real = static_cast<std::uint64_t>(value);
        if (value < 0) number.real = -number.real;
        break;
      }
      case 'c':
        number.imaginary =
            Widen(Load<Bits>(source + sizeof(Bits), type.swapped), format);
        [[fallthrough]];
      default:
        number.real = Widen(bits, format);
    }
  }
  return numbers.size();
}

template <typename Bits>
bool EncodeInteger(char kind, const Number& number, std::byte* dest) {
  const std::optional<Number> integer = AsInteger(number);
  if (!integer.has_value()) return false;
  constexpr std::uint64_t kMax = std::numeric_limits<Bits>::max();
  const std::uint64_t max = kind == 'b'         ? 1
                            : kind == 'u'       ? kMax
                            : integer->negative ? (kMax >> 1) + 1
                                                : kMax >> 1;
  if (integer->real > max || (integer->negative && kind != 'i')) return false;
  Store(static_cast<Bits>(integer->negative ? -integer->real : integer->real),
        dest);
  return true;
}

template <typename Bits>
bool EncodeFloat(char kind, const FloatFormat& format, const Number& number,
                 std::byte* dest) {
  const std::optional<std::uint64_t> value = AsDouble(number);
  if (!value.has_value()) return false;
  const std::optional<std::uint64_t> real = Narrow(*value, format);
  if (!real.has_value()) return false;
  Store(static_cast<Bits>(*real), dest);
  if (kind != 'c') return number.imaginary == 0;
  const std::optional<std::uint64_t> imaginary =
      Narrow(number.imaginary, format);
  if (!imaginary.has_value()) return false;
  Store(static_cast<Bits>(*imaginary), dest + sizeof(Bits));
  return true;
}

// Returns how many numbers there were before the first that is no value.
template <typename Bits>
std::size_t Encode(const NpyElement& type, std::span<const Number> numbers,
                   std::byte* dest) {
  const FloatFormat format = FormatOf(type);
  const bool is_integer =
      type.kind == 'b' || type.kind == 'i' || type.kind == 'u';
  for (std::size_t i = 0; i < numbers.size(); ++i, dest += type.size) {
    const bool done =
        is_integer ? EncodeInteger<Bits>(type.kind, numbers[i], dest)
                   : EncodeFloat<Bits>(type.kind, format, numbers[i], dest);
    if (!done) return i;
  }
  return numbers.size();
}

std::string DoubleText(std::uint64_t bits) {
  const double value = std::bit_cast<double>(bits);
  char buffer[32];
  const char* const end = std::to_chars(buffer, std::end(buffer), value).ptr;
  return std::string(static_cast<const char*>(buffer), end);
}

}  // namespace

std::optional<NpyElement> ParseNpyDescr(std::string_view descr) {
  if (descr.size() < 3) return std::nullopt;
  NpyElement type{.kind = descr[1], .size = 0, .swapped = descr[0] == '>'};
  constexpr std::array<std::string_view, 14> kTypes = {
      "b1", "i1", "i2", "i4", "i8", "u1", "u2",
      "u4", "u8", "f2", "f4", "f8", "c8", "c16"};
  const std::string_view name = descr.substr(1);
  bool known = name == "V2" && (descr[0] == '|' || descr[0] == '<');
  for (const std::string_view type_name : kTypes) {
    known = known || name == type_name;
  }
  if (!known) return std::nullopt;
  type.size = name == "c16" ? 16 : static_cast<std::size_t>(name[1] - '0');
  // The bar says that there is no order, which holds of single bytes.
  const bool has_order = descr[0] == '<' || descr[0] == '>' || descr[0] == '=';
  if (!has_order && (descr[0] != '|' || (type.size > 1 && type.kind != 'V'))) {
    return std::nullopt;
  }
  if (type.size == 1) type.swapped = false;
  return type;
}

std::size_t ConvertNpyRun(const NpyElement& from, const std::byte* source,
                          std::ptrdiff_t stride, const NpyElement& to,
                          std::byte* dest, std::size_t count) {
  if (from.kind == to.kind && from.size == to.size && from.kind != 'b') {
    WithBits(from, [&](auto bits) {
      Copy<decltype(bits)>(from, source, stride, dest, count);
    });
    return count;
  }
  Number numbers[kNpyRun];
  const std::size_t decoded = WithBits(from, [&](auto bits) {
    return Decode<decltype(bits)>(from, source, stride,
                                  std::span(numbers, count));
  });
  return WithBits(to, [&](auto bits) {
    return Encode<decltype(bits)>(to, std::span(numbers, decoded), dest);
  });
}

std::string NpyElementToString(const NpyElement& type, const std::byte* data) {
  NpyElement decoded = type;
  if (type.kind == 'b') decoded.kind = 'u';  // Shows 2, which is no bool.
  Number number = {};
  WithBits(decoded, [&](auto bits) {
    return Decode<decltype(bits)>(decoded, data, 0, std::span(&number, 1));
  });
  if (number.is_integer) {
    return absl::StrCat(number.negative ? "-" : "", number.real);
  }
  if (type.kind != 'c') return DoubleText(number.real);
  return absl::StrCat("(", DoubleText(number.real), ",",
                      DoubleText(number.imaginary), ")");
}

}  // namespace ireneo::internal

#include "ireneo/serializers/scalar_type.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstring>
#include <iterator>
#include <limits>
#include <type_traits>

#include "boost/json/array.hpp"
#include "boost/json/string.hpp"
#include "ireneo/serializers/value_text.h"

namespace ireneo {
namespace {

namespace json = boost::json;

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// A float of 16 bits.
template <int kExponentBits, int kMantissaBits>
struct SmallFloat {
  std::uint16_t bits;
};
using Half = SmallFloat<5, 10>;
using BFloat16 = SmallFloat<8, 7>;

struct Bool {
  std::uint8_t byte;
};

template <typename T>
inline constexpr bool kIsComplex = false;
template <typename T>
inline constexpr bool kIsComplex<std::complex<T>> = true;

template <typename T>
inline constexpr bool kIsSmallFloat = false;
template <int kExponentBits, int kMantissaBits>
inline constexpr bool kIsSmallFloat<SmallFloat<kExponentBits, kMantissaBits>> =
    true;

template <typename T>
inline constexpr bool kIs128 =
    std::same_as<T, Int128> || std::same_as<T, UInt128>;

template <typename T>
concept Character = std::same_as<T, char> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

// std::integral does not know 128 bits in strict ISO mode.
template <typename T>
concept Number = (std::integral<T> && !Character<T>) || kIs128<T>;

template <typename T>
T Load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

template <int kExponentBits, int kMantissaBits>
double ToDouble(SmallFloat<kExponentBits, kMantissaBits> small) {
  constexpr int kMaxExponent = (1 << kExponentBits) - 1;
  constexpr int kBias = kMaxExponent / 2 + kMantissaBits;
  const int exponent = (small.bits >> kMantissaBits) & kMaxExponent;
  const int mantissa = small.bits & ((1 << kMantissaBits) - 1);
  double magnitude;
  if (exponent == kMaxExponent) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, 1 - kBias);
  } else {
    magnitude = std::ldexp((1 << kMantissaBits) + mantissa, exponent - kBias);
  }
  return (small.bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double Parsed(const char* begin, const char* end) {
  double value = 0;
  std::from_chars(begin, end, value);
  return value;
}

double Shortest(double value) { return value; }

double Shortest(float value) {
  char buffer[32];
  return Parsed(buffer, std::to_chars(buffer, std::end(buffer), value).ptr);
}

template <int kExponentBits, int kMantissaBits>
double Shortest(SmallFloat<kExponentBits, kMantissaBits> small) {
  constexpr int kMaxExponent = (1 << kExponentBits) - 1;
  constexpr int kBias = kMaxExponent / 2 + kMantissaBits;
  const double value = ToDouble(small);
  // Half the distance to the nearest other one: what rounds to this one.
  const int exponent =
      std::max((small.bits >> kMantissaBits) & kMaxExponent, 1);
  const bool power_of_two =
      (small.bits & ((1 << kMantissaBits) - 1)) == 0 && exponent > 1;
  const double reach =
      std::ldexp(1.0, exponent - kBias - (power_of_two ? 2 : 1));
  constexpr int kMaxDigits = 5;
  for (int digits = 1;; ++digits) {
    char buffer[32];
    const double shorter =
        Parsed(buffer, std::to_chars(buffer, std::end(buffer), value,
                                     std::chars_format::general, digits)
                           .ptr);
    if (digits == kMaxDigits || std::abs(shorter - value) < reach) {
      return shorter;
    }
  }
}

template <typename T>
bool IsFinite(T value) {
  if constexpr (kIsSmallFloat<T>) {
    return std::isfinite(ToDouble(value));
  } else {
    return std::isfinite(value);
  }
}

// "nan", "inf", "-inf".
template <typename T>
const char* NonFinite(T value) {
  double number;
  if constexpr (kIsSmallFloat<T>) {
    number = ToDouble(value);
  } else {
    number = value;
  }
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

template <typename T>
requires(std::floating_point<T> ||
         kIsSmallFloat<T>) void AppendFloat(T value, std::string& out) {
  if (!IsFinite(value)) {
    out += NonFinite(value);
    return;
  }
  char buffer[48];
  const auto number = [&] {
    if constexpr (std::floating_point<T>) {
      return value;
    } else {
      return Shortest(value);
    }
  }();
  constexpr auto kExactIntegers =
      std::same_as<T, float> ? 16777216 : decltype(number){1e15};
  char* const end =
      (std::abs(number) < kExactIntegers && std::trunc(number) == number
           ? std::to_chars(buffer, std::end(buffer), number,
                           std::chars_format::fixed)  // 100000, not 1e+05.
           : std::to_chars(buffer, std::end(buffer), number))
          .ptr;
  out.append(buffer, end);
  if (std::none_of(buffer, end, [](char c) { return c == '.' || c == 'e'; })) {
    out += ".0";
  }
}

template <typename T>
requires kIs128<T> std::string Digits(T value) {
  UInt128 magnitude = value;
  if (value < 0) magnitude = -magnitude;
  std::string digits;
  do {
    digits.insert(digits.begin(),
                  static_cast<char>('0' + static_cast<int>(magnitude % 10)));
    magnitude /= 10;
  } while (magnitude != 0);
  return value < 0 ? "-" + digits : digits;
}

template <Character T>
std::string CharacterText(T value) {
  const std::uint32_t code = static_cast<std::make_unsigned_t<T>>(value);
  return sizeof(T) == 1 && code >= 0x80
             ? internal::EscapedByte(static_cast<unsigned char>(code))
             : internal::CharacterText(code);
}

// ---- Previews ---------------------------------------------------------------

template <typename T>
json::value Preview(T value) {
  if constexpr (kIsComplex<T>) {
    return json::array({Preview(value.real()), Preview(value.imag())});
  } else if constexpr (std::floating_point<T> || kIsSmallFloat<T>) {
    if (!IsFinite(value)) return NonFinite(value);
    return Shortest(value);
  } else if constexpr (std::same_as<T, Bool>) {
    return value.byte != 0;
  } else if constexpr (std::same_as<T, std::byte>) {
    return std::to_integer<std::uint64_t>(value);
  } else if constexpr (Character<T>) {
    return json::string(CharacterText(value));
  } else if constexpr (kIs128<T>) {
    if (value >= 0 &&
        value == static_cast<T>(static_cast<std::uint64_t>(value)))
      return static_cast<std::uint64_t>(value);
    if (value < 0 && value == static_cast<T>(static_cast<std::int64_t>(value)))
      return static_cast<std::int64_t>(value);
    return json::string(Digits(value));
  } else if constexpr (std::signed_integral<T>) {
    return static_cast<std::int64_t>(value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

// ---- Exact text -------------------------------------------------------------

template <typename T>
void Append(T value, ScalarText text, std::string& out) {
  if constexpr (kIsComplex<T>) {
    const bool as_json = text == ScalarText::kJson;
    if (as_json) out += '[';
    Append(value.real(), text, out);
    const std::size_t imaginary = out.size();
    if (as_json) out += ',';
    Append(value.imag(), text, out);
    if (as_json) {
      out += ']';
    } else {
      if (out[imaginary] != '-') out.insert(imaginary, 1, '+');
      out += 'j';
    }
  } else if constexpr (std::floating_point<T> || kIsSmallFloat<T>) {
    const bool quoted = text == ScalarText::kJson && !IsFinite(value);
    if (quoted) out += '"';
    AppendFloat(value, out);
    if (quoted) out += '"';
  } else if constexpr (std::same_as<T, Bool>) {
    out += value.byte != 0 ? "true" : "false";
  } else if constexpr (std::same_as<T, std::byte>) {
    Append(std::to_integer<std::uint8_t>(value), text, out);
  } else if constexpr (Character<T>) {
    if (text == ScalarText::kJson) {
      internal::AppendJsonString(CharacterText(value), out);
    } else {
      out += CharacterText(value);
    }
  } else if constexpr (kIs128<T>) {
    out += Digits(value);
  } else {
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, std::end(buffer), value).ptr);
  }
}

// ---- Statistics -------------------------------------------------------------

// Welford's recurrence: one pass, and no cancellation however far the mean is
// from zero. In long double squares do not overflow and, where that has a
// mantissa of 64 bits, integers are exact.
class Moments {
 public:
  void Add(long double value) {
    count_ += 1;
    const long double delta = value - mean_;
    mean_ += delta / count_;
    squares_ += delta * (value - mean_);
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  // Fills in what is about the finite elements.
  void Finish(ArrayStatistics& statistics) const {
    const bool empty = count_ == 0;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    statistics.min = empty ? nan : static_cast<double>(min_);
    statistics.max = empty ? nan : static_cast<double>(max_);
    statistics.mean = empty ? nan : static_cast<double>(mean_);
    statistics.standard_deviation =
        empty ? nan : static_cast<double>(std::sqrt(squares_ / count_));
  }

 private:
  long double count_ = 0;
  long double mean_ = 0;
  long double squares_ = 0;  // Sum of squared distances from the mean.
  long double min_ = std::numeric_limits<long double>::infinity();
  long double max_ = -std::numeric_limits<long double>::infinity();
};

template <typename T>
ArrayStatistics Statistics(std::span<const std::byte> bytes) {
  ArrayStatistics statistics;
  statistics.count = bytes.size() / sizeof(T);
  statistics.of_magnitudes = kIsComplex<T>;
  Moments moments;
  const auto add_real = [&](auto value) {
    if (std::isnan(value)) {
      ++statistics.nans;
    } else if (std::isinf(value)) {
      ++statistics.infinities;
    } else {
      moments.Add(value);
    }
  };
  const std::byte* const end = bytes.data() + bytes.size();
  for (const std::byte* data = bytes.data(); data != end; data += sizeof(T)) {
    const T value = Load<T>(data);
    if constexpr (kIsComplex<T>) {
      const long double re = value.real(), im = value.imag();
      add_real(std::sqrt(re * re + im * im));
    } else if constexpr (std::floating_point<T>) {
      add_real(value);
    } else if constexpr (kIsSmallFloat<T>) {
      add_real(ToDouble(value));
    } else if constexpr (std::same_as<T, Bool>) {
      moments.Add(value.byte);
    } else {
      moments.Add(static_cast<long double>(value));
    }
  }
  moments.Finish(statistics);
  return statistics;
}

// ---- The table --------------------------------------------------------------

template <typename T>
constexpr ScalarType::Kind KindOf() {
  using Kind = ScalarType::Kind;
  if (kIsComplex<T>) return Kind::kComplex;
  if (std::floating_point<T> || kIsSmallFloat<T>) return Kind::kFloat;
  if (std::same_as<T, Bool>) return Kind::kBool;
  if (std::same_as<T, std::byte>) return Kind::kByte;
  if (Character<T>) return Kind::kCharacter;
  return std::signed_integral<T> || std::same_as<T, Int128> ? Kind::kSigned
                                                            : Kind::kUnsigned;
}

template <typename T>
constexpr ScalarType Make(std::string_view name, std::string_view descr,
                          std::size_t alignment = alignof(T)) {
  ScalarType type = {};
  type.name = name;
  type.descr = descr;
  type.kind = KindOf<T>();
  type.size = sizeof(T);
  type.alignment = alignment;
  type.preview = [](const std::byte* data) { return Preview(Load<T>(data)); };
  type.append = [](const std::byte* data, ScalarText text, std::string& out) {
    Append(Load<T>(data), text, out);
  };
  if constexpr (!Character<T> && !std::same_as<T, std::byte>) {
    type.statistics = Statistics<T>;
  }
  return type;
}

constexpr ScalarType kScalars[] = {
    Make<std::int8_t>("i8", "|i1"),
    Make<std::int16_t>("i16", "<i2"),
    Make<std::int32_t>("i32", "<i4"),
    Make<std::int64_t>("i64", "<i8"),
    Make<std::uint8_t>("u8", "|u1"),
    Make<std::uint16_t>("u16", "<u2"),
    Make<std::uint32_t>("u32", "<u4"),
    Make<std::uint64_t>("u64", "<u8"),
    Make<Int128>("i128", "", /*alignment=*/16),
    Make<UInt128>("u128", "", /*alignment=*/16),
    Make<Half>("f16", "<f2"),
    Make<BFloat16>("bf16", "|V2"),
    Make<float>("f32", "<f4"),
    Make<double>("f64", "<f8"),
    Make<std::complex<float>>("c64", "<c8"),
    Make<std::complex<double>>("c128", "<c16"),
    Make<Bool>("bool", "|b1", /*alignment=*/0),
    Make<std::byte>("byte", "|u1"),
    Make<char>("char", ""),
    Make<char8_t>("char8", ""),
    Make<char16_t>("char16", ""),
    Make<char32_t>("char32", ""),
};

const ScalarType* Find(std::string_view ScalarType::*column,
                       std::string_view value) {
  for (const ScalarType& type : kScalars) {
    if (!value.empty() && type.*column == value) return &type;
  }
  return nullptr;
}

}  // namespace

const ScalarType* FindScalar(std::string_view name) {
  return Find(&ScalarType::name, name);
}

const ScalarType* FindScalarByDescr(std::string_view descr) {
  if (descr == "bf16") return FindScalar(descr);
  return Find(&ScalarType::descr, descr);
}

std::span<const ScalarType> AllScalars() { return kScalars; }

}  // namespace ireneo

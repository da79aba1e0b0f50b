// The codecs of the types that Ireneo itself serializes. Their encodings are
// those of serializers/standard.h and serializers/eigen_dense.h; this reads
// them without instantiating a type, from a table of element types.
//
// Nothing is copied: elements are looked at where they lie, by memcpy, since
// inside of another value nothing is aligned.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "boost/json/string.hpp"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

namespace json = boost::json;

// ---- Element types ----------------------------------------------------------

struct Half {
  std::uint16_t bits;
};

struct Bool {
  std::uint8_t byte;
};

template <typename T>
inline constexpr bool kIsComplex = false;
template <typename T>
inline constexpr bool kIsComplex<std::complex<T>> = true;

template <typename T>
concept Character = std::same_as<T, char> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <typename T>
T Load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

double ToDouble(Half half) {
  const int exponent = (half.bits >> 10) & 31;
  const int mantissa = half.bits & 1023;
  double magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else {
    magnitude = std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (half.bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// ---- Previews ---------------------------------------------------------------

double Parsed(const char* begin, const char* end) {
  double value = 0;
  std::from_chars(begin, end, value);
  return value;
}

json::value Preview(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

json::value Preview(float value) {
  if (!std::isfinite(value)) return Preview(static_cast<double>(value));
  char buffer[32];
  return Parsed(buffer, std::to_chars(buffer, std::end(buffer), value).ptr);
}

json::value Preview(Half half) {
  const double value = ToDouble(half);
  if (!std::isfinite(value)) return Preview(value);
  // Half the distance to the nearest other half: what rounds to this one.
  const int exponent = std::max((half.bits >> 10) & 31, 1);
  const bool power_of_two = (half.bits & 1023) == 0 && exponent > 1;
  const double reach = std::ldexp(1.0, exponent - 25 - (power_of_two ? 2 : 1));
  constexpr int kMaxDigits = 5;
  char buffer[32];
  for (int digits = 1; digits < kMaxDigits; ++digits) {
    const double shorter =
        Parsed(buffer, std::to_chars(buffer, std::end(buffer), value,
                                     std::chars_format::general, digits)
                           .ptr);
    if (std::abs(shorter - value) < reach) return shorter;
  }
  return Parsed(buffer, std::to_chars(buffer, std::end(buffer), value,
                                      std::chars_format::general, kMaxDigits)
                            .ptr);
}

json::value Preview(Bool value) { return value.byte != 0; }

json::value Preview(std::byte value) {
  return std::to_integer<std::uint64_t>(value);
}

template <std::integral T>
requires(!Character<T>) json::value Preview(T value) {
  if constexpr (std::signed_integral<T>) {
    return static_cast<std::int64_t>(value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

template <typename T>
json::value Preview(std::complex<T> value) {
  return json::array({Preview(value.real()), Preview(value.imag())});
}

// How many bytes the UTF-8 character at the start of `text` has; 0 if there is
// none.
std::size_t Utf8Size(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const std::size_t size = first < 0xc2   ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong =
      (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : size;
}

std::string Utf8(std::uint32_t c) {
  const auto last = [c](int shift) {
    return static_cast<char>(0x80 | ((c >> shift) & 0x3f));
  };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0 | (c >> 6)), last(0)};
  if (c < 0x10000) {
    return {static_cast<char>(0xe0 | (c >> 12)), last(6), last(0)};
  }
  return {static_cast<char>(0xf0 | (c >> 18)), last(12), last(6), last(0)};
}

std::string EscapedByte(unsigned char byte) {
  return absl::StrCat("\\x", absl::Hex(byte, absl::kZeroPad2));
}

template <Character T>
json::value Preview(T value) {
  const std::uint32_t c = static_cast<std::make_unsigned_t<T>>(value);
  if (sizeof(T) == 1 && c >= 0x80) return json::string(EscapedByte(c));
  if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff) {
    return json::string(absl::StrCat("\\u{", absl::Hex(c), "}"));
  }
  return json::string(Utf8(c));
}

json::value PreviewString(std::string_view text, std::size_t max_size) {
  std::string preview;
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = Utf8Size(text.substr(position, 4));
    const std::size_t step = std::max<std::size_t>(size, 1);
    if (step > max_size - position) {
      preview += kEllipsis;
      break;
    }
    if (size == 0) {
      preview += EscapedByte(text[position]);
    } else {
      preview += text.substr(position, size);
    }
    position += step;
  }
  return json::string(preview);
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
    } else if constexpr (std::same_as<T, Half>) {
      add_real(ToDouble(value));
    } else if constexpr (std::same_as<T, Bool>) {
      moments.Add(value.byte);
    } else {
      moments.Add(value);
    }
  }
  moments.Finish(statistics);
  return statistics;
}

// ---- The table --------------------------------------------------------------

struct Element {
  std::string_view type;   // "f64"; empty for what only .npy has.
  std::string_view descr;  // "<f8"; empty for what .npy has not.
  std::size_t size;
  std::size_t alignment;  // Of a short vector; 0 if vectors are not aligned.
  json::value (*preview)(const std::byte* data);
  ArrayStatistics (*statistics)(std::span<const std::byte> bytes);  // Or null.
};

template <typename T>
constexpr Element MakeElement(std::string_view type, std::string_view descr,
                              std::size_t alignment = alignof(T)) {
  Element element = {};
  element.type = type;
  element.descr = descr;
  element.size = sizeof(T);
  element.alignment = alignment;
  element.preview = [](const std::byte* data) {
    return Preview(Load<T>(data));
  };
  if constexpr (!Character<T> && !std::same_as<T, std::byte>) {
    element.statistics = Statistics<T>;
  }
  return element;
}

constexpr Element kElements[] = {
    MakeElement<std::int8_t>("i8", "|i1"),
    MakeElement<std::int16_t>("i16", "<i2"),
    MakeElement<std::int32_t>("i32", "<i4"),
    MakeElement<std::int64_t>("i64", "<i8"),
    MakeElement<std::uint8_t>("u8", "|u1"),
    MakeElement<std::uint16_t>("u16", "<u2"),
    MakeElement<std::uint32_t>("u32", "<u4"),
    MakeElement<std::uint64_t>("u64", "<u8"),
    MakeElement<Half>("", "<f2"),
    MakeElement<float>("f32", "<f4"),
    MakeElement<double>("f64", "<f8"),
    MakeElement<std::complex<float>>("c64", "<c8"),
    MakeElement<std::complex<double>>("c128", "<c16"),
    MakeElement<Bool>("bool", "|b1", /*alignment=*/0),
    MakeElement<std::byte>("byte", ""),
    MakeElement<char>("char", ""),
    MakeElement<char8_t>("char8", ""),
    MakeElement<char16_t>("char16", ""),
    MakeElement<char32_t>("char32", ""),
};

const Element* FindElement(std::string_view Element::*column,
                           std::string_view value) {
  for (const Element& element : kElements) {
    if (!value.empty() && element.*column == value) return &element;
  }
  return nullptr;
}

// The next `size` bytes of `source`, elements of the kind `element`.
std::span<const std::byte> ReadElements(const Element& element,
                                        std::uint64_t size, Source& source) {
  const std::uint64_t start = source.position();
  const std::span<const std::byte> bytes = source.ReadBytes(size);
  if (element.type == "bool") {
    const auto bad = std::find_if(bytes.begin(), bytes.end(),
                                  [](std::byte b) { return b > std::byte{1}; });
    if (bad != bytes.end()) {
      source.Fail(absl::DataLossError(
          absl::StrCat("a bool is 0 or 1, found ", std::to_integer<int>(*bad),
                       " at offset ", start + (bad - bytes.begin()))));
      return {};
    }
  }
  return bytes;
}

// ---- Codecs -----------------------------------------------------------------

// Whether `type` is a head and nothing else.
bool IsBare(const ParsedTypeName& type) {
  return !type.has_arguments && type.format == 0 && !type.has_fields;
}

absl::Status ExpectArguments(const ParsedTypeName& type, std::size_t count) {
  if (type.arguments.size() == count && !type.has_fields) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a type name '", type.head, "' takes ", count,
                   " arguments and no fields, found ", type.arguments.size(),
                   " and ", type.fields.size()));
}

// Which of `count` elements a preview shows: the first `head` and those from
// `tail` on.
struct Shown {
  Shown(std::uint64_t count, std::size_t max_elements)
      : head(count <= max_elements ? count : max_elements - max_elements / 2),
        tail(count <= max_elements ? count : count - max_elements / 2) {}

  std::uint64_t head;
  std::uint64_t tail;
};

template <typename At>
json::array PreviewArray(std::uint64_t count, std::size_t max_elements, At at) {
  const Shown shown(count, max_elements);
  json::array preview;
  for (std::uint64_t i = 0; i < shown.head; ++i) preview.push_back(at(i));
  if (shown.head < shown.tail) preview.push_back(kEllipsis);
  for (std::uint64_t i = shown.tail; i < count; ++i) preview.push_back(at(i));
  return preview;
}

std::optional<ArrayStatistics> StatisticsOf(const Element& element,
                                            std::span<const std::byte> bytes,
                                            const DescribeOptions& options) {
  if (!options.statistics || element.statistics == nullptr) return std::nullopt;
  return element.statistics(bytes);
}

absl::StatusOr<Description> DescribeScalar(const ParsedTypeName& type,
                                           const Registry&,
                                           const DescribeOptions&,
                                           Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  const Element& element = *FindElement(&Element::type, type.head);
  const std::span<const std::byte> bytes =
      ReadElements(element, element.size, source);
  if (!source.ok()) return source.status();
  return Description{.preview = element.preview(bytes.data())};
}

absl::StatusOr<Description> DescribeString(const ParsedTypeName& type,
                                           const Registry&,
                                           const DescribeOptions& options,
                                           Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  return Description{
      .preview = PreviewString(source.ReadString(), options.max_string)};
}

absl::StatusOr<Description> DescribeNumbers(const Element& element,
                                            const DescribeOptions& options,
                                            Source& source) {
  constexpr std::uint64_t kBulk = 64;
  const std::uint64_t count = source.ReadCount(element.size);
  const std::uint64_t size = count * element.size;
  if (count > 0 && element.alignment > 0) {
    source.SkipTo(size >= kBulk ? kBulk : element.alignment);
  }
  const std::span<const std::byte> bytes = ReadElements(element, size, source);
  if (!source.ok()) return source.status();
  return Description{
      .shape = absl::StrCat(count),
      .preview = PreviewArray(count, options.max_elements,
                              [&](std::uint64_t i) {
                                return element.preview(bytes.data() +
                                                       i * element.size);
                              }),
      .statistics = StatisticsOf(element, bytes, options)};
}

absl::StatusOr<Description> DescribeVector(const ParsedTypeName& type,
                                           const Registry& registry,
                                           const DescribeOptions& options,
                                           Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  const ParsedTypeName& inner = type.arguments[0];
  if (IsBare(inner)) {
    const Element* element = FindElement(&Element::type, inner.head);
    if (element != nullptr) return DescribeNumbers(*element, options, source);
  }
  const DescribeOptions show = {.max_elements = options.max_elements / 2,
                                .max_string = options.max_string,
                                .statistics = false};
  const DescribeOptions pass = {
      .max_elements = 0, .max_string = 0, .statistics = false};
  const std::uint64_t count = source.ReadCount(1);
  const Shown shown(count, options.max_elements);
  json::array preview;
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool passed = i >= shown.head && i < shown.tail;
    absl::StatusOr<Description> description =
        registry.DescribeNext(inner, passed ? pass : show, source);
    if (!description.ok()) return description.status();
    if (!passed) preview.push_back(std::move(description->preview));
    if (passed && i == shown.head) preview.push_back(kEllipsis);
  }
  return Description{.shape = absl::StrCat(count),
                     .preview = std::move(preview)};
}

absl::StatusOr<Description> DescribePair(const ParsedTypeName& type,
                                         const Registry& registry,
                                         const DescribeOptions& options,
                                         Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  return registry.DescribeMembers(type.arguments, options, source);
}

absl::StatusOr<Description> DescribeTuple(const ParsedTypeName& type,
                                          const Registry& registry,
                                          const DescribeOptions& options,
                                          Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, type.arguments.size()));
  return registry.DescribeMembers(type.arguments, options, source);
}

absl::StatusOr<Description> DescribeOptional(const ParsedTypeName& type,
                                             const Registry& registry,
                                             const DescribeOptions& options,
                                             Source& source) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  const std::uint64_t offset = source.position();
  switch (const int tag = source.ReadU8(); tag) {
    case 0:
      return Description{};
    case 1:
      return registry.DescribeNext(type.arguments[0], options, source);
    default:
      return absl::DataLossError(
          absl::StrCat("an optional starts with 0 or 1, found ", tag,
                       " at offset ", offset));
  }
}

// An extent of an Eigen type: "3" is 3, "?4" at most 4, "?" anything.
struct Extent {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  bool Admits(std::int64_t size) const { return min <= size && size <= max; }
  bool IsOne() const { return min == 1 && max == 1; }
};

std::optional<Extent> ParseExtent(std::string_view text) {
  Extent extent;
  if (text == "?") return extent;
  const bool dynamic = text.starts_with('?');
  text.remove_prefix(dynamic ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, extent.max);
  if (error != std::errc{} || rest != end) return std::nullopt;
  if (!dynamic) extent.min = extent.max;
  return extent;
}

// "eigen<<f8,?,3,F>/1" taken apart.
struct EigenType {
  const Element* element;
  Extent rows;
  Extent columns;
  bool fortran_order;
};

absl::StatusOr<EigenType> ParseEigenType(const ParsedTypeName& type) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 4));
  const std::vector<ParsedTypeName>& arguments = type.arguments;
  const Element* element = FindElement(&Element::descr, arguments[0].head);
  const std::optional<Extent> rows = ParseExtent(arguments[1].head);
  const std::optional<Extent> columns = ParseExtent(arguments[2].head);
  const std::string& order = arguments[3].head;
  if (element == nullptr || !rows.has_value() || !columns.has_value() ||
      (order != "F" && order != "C") ||
      !std::all_of(arguments.begin(), arguments.end(), IsBare)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the arguments of a type name '", type.head,
        "' are a scalar such as '<f8', rows and columns such as '?', '?4' or ",
        "'3', and the order 'F' or 'C'; found '", type.ToString(), "'"));
  }
  return EigenType{.element = element,
                   .rows = *rows,
                   .columns = *columns,
                   .fortran_order = order == "F"};
}

// Whether the array of `header` can be of that type. What is a vector by its
// type has one dimension in the file and two in the name.
bool Agree(const EigenType& type, const NpyHeader& header) {
  if (header.descr != type.element->descr) return false;
  if (header.shape.size() == 1) {
    const std::int64_t size = header.shape[0];
    return (type.columns.IsOne() && type.rows.Admits(size)) ||
           (type.rows.IsOne() && type.columns.Admits(size));
  }
  if (header.shape.size() != 2) return false;
  const std::int64_t rows = header.shape[0], columns = header.shape[1];
  // With one row or column both orders are the same bytes.
  return type.rows.Admits(rows) && type.columns.Admits(columns) &&
         (rows <= 1 || columns <= 1 ||
          header.fortran_order == type.fortran_order);
}

absl::StatusOr<Description> DescribeEigen(const ParsedTypeName& type,
                                          const Registry&,
                                          const DescribeOptions& options,
                                          Source& source) {
  IRENEO_ASSIGN_OR_RETURN(const EigenType eigen, ParseEigenType(type));
  const Element& element = *eigen.element;
  IRENEO_ASSIGN_OR_RETURN(const NpyHeader header, ReadNpyHeader(source));
  if (!Agree(eigen, header)) {
    return absl::DataLossError(absl::StrCat("npy: expected ", type.ToString(),
                                            ", found ", header.ToString()));
  }
  IRENEO_ASSIGN_OR_RETURN(const std::uint64_t size,
                          NpyDataSize(header, element.size));
  const std::span<const std::byte> bytes = ReadElements(element, size, source);
  if (!source.ok()) return source.status();

  const auto at = [&](std::uint64_t index) {
    return element.preview(bytes.data() + index * element.size);
  };
  Description description = {
      .shape = absl::StrJoin(header.shape, "x"),
      .statistics = StatisticsOf(element, bytes, options)};
  if (header.shape.size() == 1) {
    description.preview =
        PreviewArray(header.shape[0], options.max_elements, at);
    return description;
  }
  const std::uint64_t rows = header.shape[0], columns = header.shape[1];
  const std::uint64_t row_step = header.fortran_order ? 1 : columns;
  const std::uint64_t column_step = header.fortran_order ? rows : 1;
  description.preview =
      PreviewArray(rows, options.max_elements, [&](std::uint64_t i) {
        return PreviewArray(columns, options.max_elements,
                            [&](std::uint64_t j) {
                              return at(i * row_step + j * column_step);
                            });
      });
  return description;
}

}  // namespace

absl::Status AddBuiltinCodecs(Registry& registry) {
  for (const Element& element : kElements) {
    if (element.type.empty()) continue;
    IRENEO_RETURN_IF_ERROR(registry.Add(
        Codec{.name = std::string(element.type), .describe = DescribeScalar}));
  }
  for (const Codec& codec : {
           Codec{.name = "string", .describe = DescribeString},
           Codec{.name = "vector", .describe = DescribeVector},
           Codec{.name = "pair", .describe = DescribePair},
           Codec{.name = "tuple", .describe = DescribeTuple},
           Codec{.name = "optional", .describe = DescribeOptional},
           Codec{.name = "eigen/1", .describe = DescribeEigen},
           Codec{.name = "eigen.array/1", .describe = DescribeEigen},
       }) {
    IRENEO_RETURN_IF_ERROR(registry.Add(codec));
  }
  return absl::OkStatus();
}

}  // namespace ireneo

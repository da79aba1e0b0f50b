#ifndef IRENEO_SERIALIZERS_REGISTRY_H_
#define IRENEO_SERIALIZERS_REGISTRY_H_

// Values for people who have only a blob and the permanent name of its type,
// as the `ireneo` command has:
//
//     ireneo::Registry registry;
//     absl::Status status = ireneo::AddBuiltinCodecs(registry);
//     absl::StatusOr<ireneo::Description> description =
//         registry.Describe("vector<tuple<f64,string>>", blob);
//     if (description.ok()) std::cout << ireneo::ToText(*description);
//
// A program that knows its types reads values with serializers/serializer.h
// instead. A description is a look at a value, not the value: long arrays and
// strings are cut and numbers are rounded to double. It does not promise that
// a serializer accepts what could be described.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/type_name.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/source.h"

namespace ireneo {

class Registry;

// Stands in a preview where elements, or the end of a string, were left out.
inline constexpr char kEllipsis[] = "\u2026";

// Of all elements of an array of numbers; `false` and `true` are 0 and 1.
// Integers beyond 2^53 are rounded.
struct ArrayStatistics {
  std::uint64_t count = 0;

  // Of the finite elements; NaN if there are none. The standard deviation is
  // the population's, as NumPy's.
  double min = 0;
  double max = 0;
  double mean = 0;
  double standard_deviation = 0;

  // A complex number with a NaN part is a NaN, else with an infinite part an
  // infinity.
  std::uint64_t nans = 0;
  std::uint64_t infinities = 0;

  // The elements are complex and the numbers above are of their magnitudes.
  bool of_magnitudes = false;
};

struct Description {
  // Extents: "741", "3x4". Empty for what is no array.
  std::string shape = {};

  // The value. Matrices are arrays of rows, whatever their storage order,
  // tuples and structs arrays of their members, an empty optional is null, a
  // complex number is [re, im]. JSON has no "nan", "inf" and "-inf": they are
  // strings. An f32 is the double with the f32's shortest decimal form, 0.1
  // instead of 0.10000000149011612. Bytes that are not UTF-8 are written as
  // "\x80", characters that are no Unicode scalar values as "\u{d800}".
  boost::json::value preview = nullptr;

  // Of an array of numbers that is the whole value.
  std::optional<ArrayStatistics> statistics = {};
};

struct DescribeOptions {
  // A longer array shows that many, half of them first and half last, with
  // `kEllipsis` between them. Elements that are arrays show half as many, and
  // so on, so that previews stay small however deep a value nests.
  std::size_t max_elements = 8;

  // A longer string is cut behind that many bytes, at a character.
  std::size_t max_string = 200;

  bool statistics = true;
};

// What tools can do with the values of one type, or of one family of types.
//
// Plain functions, so that a codec copies freely and outlives nothing.
struct Codec {
  // The head and, if it has one, the format of the names that it is for:
  // "vector", "f64", "eigen/1", "acme.Mesh/1".
  std::string name = {};

  // Describes the value at `source`, of the type `type`, and consumes exactly
  // that value. May leave errors in the source: its caller looks. Recurses by
  // `registry.DescribeNext`.
  absl::StatusOr<Description> (*describe)(const ParsedTypeName& type,
                                          const Registry& registry,
                                          const DescribeOptions& options,
                                          Source& source) = nullptr;
};

// Codecs by name. There is no global registry: a program makes one and passes
// it on, so a test sees only what it added.
//
// Thread-compatible: add first, then share as const.
class Registry {
 public:
  // Errors: AlreadyExists if there is a codec of that name; InvalidArgument if
  // the name is not a head with or without a format, or there is no function.
  absl::Status Add(Codec codec);

  // The codec for values of `type`: that of its head and format. Null if there
  // is none. Valid while the registry is and nothing is added.
  const Codec* Find(const ParsedTypeName& type) const;

  // Describes the value that is all of `blob`. A struct whose name lists its
  // fields needs no codec.
  //
  // Errors: InvalidArgument if `type_name` does not parse, or its arguments
  // are not what its codec takes; NotFound if the value has a part of a type
  // that has no codec, naming that type; DataLoss if the bytes are not such a
  // value or some are left over; and whatever else a codec returns.
  absl::StatusOr<Description> Describe(
      std::string_view type_name, const Blob& blob,
      const DescribeOptions& options = {}) const;

  // For codecs: describes the value at `source` and consumes exactly that
  // value. Errors as above, left-over bytes apart.
  absl::StatusOr<Description> DescribeNext(const ParsedTypeName& type,
                                           const DescribeOptions& options,
                                           Source& source) const;

  // For codecs: the same for one value behind another, shown as an array.
  absl::StatusOr<Description> DescribeMembers(
      const std::vector<ParsedTypeName>& types, const DescribeOptions& options,
      Source& source) const;

 private:
  std::map<std::string, Codec, std::less<>> codecs_;
};

// Adds the scalars i8 ... u64, f32, f64, c64, c128, bool, byte, char, char8,
// char16 and char32; string, vector, pair, tuple and optional; eigen/1 and
// eigen.array/1.
//
// Errors: AlreadyExists if one of those names is taken.
absl::Status AddBuiltinCodecs(Registry& registry);

// `description` for a terminal, without a newline at the end: the preview, a
// matrix as an aligned grid whose numbers have at most six digits, and a line
// with shape and statistics if there are any. Control characters in strings
// are escaped.
std::string ToText(const Description& description);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_REGISTRY_H_

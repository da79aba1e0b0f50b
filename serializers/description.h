#ifndef IRENEO_SERIALIZERS_DESCRIPTION_H_
#define IRENEO_SERIALIZERS_DESCRIPTION_H_

// A look at a value for people: what a registry (serializers/registry.h) makes
// of bytes and the name of their type. It is not the value: long arrays and
// strings are cut and numbers are rounded to double.

#include <cstddef>
#include <optional>
#include <string>

#include "boost/json/value.hpp"
#include "ireneo/serializers/scalar_type.h"

namespace ireneo {

// Stands in a preview where elements, or the end of a string, were left out.
inline constexpr char kEllipsis[] = "\u2026";

struct Description {
  // Extents: "741", "3x4". Empty for what is no array or list.
  std::string shape = {};

  // The value. Matrices are arrays of rows, whatever their storage order,
  // tuples and structs arrays of their members, an empty optional is null, a
  // variant its value, a complex number [re, im]. Maps whose keys are strings
  // are objects, other maps and multimaps arrays of [key, value]. Durations are
  // strings with a unit, "3 ms", as elements of an array numbers; times are
  // RFC 3339 where that is exact, "2026-11-23T02:24:22.5Z", else numbers.
  // Sparse matrices are objects: "shape", and "entries" of [row, column,
  // value]. What is opaque is an object: "type" and "base64". Numbers and
  // characters are as `ScalarType::preview` says; bytes of strings that are not
  // UTF-8 are written as "\x80".
  boost::json::value preview = nullptr;

  // Of an array of numbers that is the whole value; of a sparse matrix, those
  // of its entries.
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

// `description` for a terminal, without a newline at the end: the preview, a
// matrix as an aligned grid whose numbers have at most six digits, and a line
// with shape and statistics if there are any. Control characters in strings
// are escaped.
std::string ToText(const Description& description);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_DESCRIPTION_H_

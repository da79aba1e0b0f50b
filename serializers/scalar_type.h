#ifndef IRENEO_SERIALIZERS_SCALAR_TYPE_H_
#define IRENEO_SERIALIZERS_SCALAR_TYPE_H_

// The scalars of type names ("f64", "char16") and of .npy files ("<f8"), for
// programs that meet them as bytes: a table that knows how to show each.
//
// Use it to write a visitor of values (serializers/value_visitor.h). A program
// that knows its types at compile time needs none of it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "boost/json/value.hpp"

namespace ireneo {

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

// How a number or a character is spelled.
enum class ScalarText {
  kJson,   // [1.5, -2.0], "nan", "x", true
  kPlain,  // 1.5-2.0j, nan, x, true
};

// One row of the table. `data` points to `size` bytes, of any alignment.
struct ScalarType {
  enum class Kind {
    kSigned,
    kUnsigned,
    kFloat,
    kComplex,
    kBool,
    kByte,
    kCharacter
  };

  std::string_view name;  // "f64", "bf16".
  std::string_view
      descr;  // In a .npy file: "<f8", "|V2". Empty if it has none.
  Kind kind;
  std::size_t size;

  // Of a short vector; 0 for bool, whose vectors are not aligned.
  std::size_t alignment;

  // A complex number is [re, im]. JSON has no "nan", "inf" and "-inf": they are
  // strings. Small floats are the double with their own shortest decimal form,
  // 0.1 for the f32 that is 0.10000000149011612. An integer of 128 bits that
  // does not fit 64 is a string of its digits. Bytes that are no character are
  // "\x80", characters that are no Unicode scalar values "\u{d800}".
  boost::json::value (*preview)(const std::byte* data);

  // Appends the same exactly: in the fewest digits that read back as the same
  // number, those of a float with a point or an exponent.
  void (*append)(const std::byte* data, ScalarText text, std::string& out);

  // Null for what are no numbers.
  ArrayStatistics (*statistics)(std::span<const std::byte> bytes);

  bool is_integer() const {
    return kind == Kind::kSigned || kind == Kind::kUnsigned;
  }
};

// The scalar of that name, "f64"; null if there is none.
const ScalarType* FindScalar(std::string_view name);

// The scalar of that descr in the type name of an array, "<f8" or "bf16"; null
// if there is none.
const ScalarType* FindScalarByDescr(std::string_view descr);

// All of them, numbers first.
std::span<const ScalarType> AllScalars();

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_SCALAR_TYPE_H_

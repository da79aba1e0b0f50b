#ifndef IRENEO_SERIALIZERS_NPY_CONVERT_H_
#define IRENEO_SERIALIZERS_NPY_CONVERT_H_

// Elements of .npy files as numbers of another type, exactly or not at all.
// Internal to Ireneo: serializers/npy_array.h reads whole arrays with it.
//
// A number is converted if the other type has a value for it: 3.0 is an
// integer and 0.5 is not, -0.0 is a float and no integer, a complex number is
// real if its imaginary part is +0, true is 1. Infinities and NaNs are those of
// the other format; a NaN keeps its sign and its payload, which must fit.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ireneo::internal {

// The type of an element.
struct NpyElement {
  char kind = 'f';       // NumPy's letter: b, i, u, f, c; V is a bfloat16.
  std::size_t size = 8;  // In bytes; of a complex number both parts.
  bool swapped = false;  // Big-endian.

  // As which native floats, integers, ... the bytes can be used.
  bool SameBytes(const NpyElement& other) const {
    return kind == other.kind && size == other.size && swapped == other.swapped;
  }
};

// The element type that `descr` means: "<f8", ">i4", "=u2", "|b1"; "|V2" and
// "<V2" are bfloat16. Empty for every other: strings, times, long double,
// objects.
std::optional<NpyElement> ParseNpyDescr(std::string_view descr);

// `ConvertNpyRun` takes at most that many elements.
inline constexpr std::size_t kNpyRun = 64;

// Converts `count` elements, each `stride` bytes behind the one before it, to
// `count` adjacent ones at `dest`, which are not swapped. Returns how many it
// converted before the first for which `to` has no value: `count` if all.
std::size_t ConvertNpyRun(const NpyElement& from, const std::byte* source,
                          std::ptrdiff_t stride, const NpyElement& to,
                          std::byte* dest, std::size_t count);

// The number at `data` for messages, in as many digits as tell it apart:
// "0.5", "-1", "(1,2)".
std::string NpyElementToString(const NpyElement& type, const std::byte* data);

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_NPY_CONVERT_H_

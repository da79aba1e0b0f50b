#ifndef IRENEO_SERIALIZERS_NPY_ARRAY_H_
#define IRENEO_SERIALIZERS_NPY_ARRAY_H_

// The elements behind a .npy header, whoever wrote them, as the ones that a C++
// type holds: either byte order, either storage order, any scalar if each
// element has an exact value of the wanted one. What Ireneo wrote is one
// memcpy, or none with a view.
//
// For serializers of arrays; Eigen's are in serializers/eigen_dense.h and
// serializers/eigen_tensor.h. Use it in this order:
//
//     ReadNpyHeader(source)                     serializers/npy.h
//     your own check of header.shape            else NpyMismatch(...)
//     ReadNpyArray(header, target, source)      bounded by the bytes there are
//     your allocation
//     CopyNpyArray(...), or ViewNpyArray(...)   instead of both
//
// Not here: strings, times, structured types, long double.

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/npy_convert.h"
#include "ireneo/store/source.h"

namespace ireneo {

// What a reader wants.
struct NpyTarget {
  // The name of the type, for messages; not called before there is one.
  std::function<std::string()> type_name = {};

  // The element type: "<f8", "|b1", "|V2" for bfloat16.
  std::string_view descr = {};

  // Whether the first index runs fastest.
  bool fortran_order = false;
};

// Elements that lie in a blob.
struct NpyArray {
  NpyHeader header = {};
  internal::NpyElement element = {};
  std::span<const std::byte> bytes = {};

  // `bytes` are the elements as the target has them in memory.
  bool native = false;
};

// The DataLoss for a file that is not what `target` and the shape of its type
// ask for. It names both sides; `detail` goes behind them.
absl::Status NpyMismatch(const NpyTarget& target, const NpyHeader& header,
                         std::string_view detail = {});

// Reads the elements that `header` promises. Allocates nothing.
//
// Errors: DataLoss if the file has an element type that is not one of those
// above, is cut short, or has a native bool that is neither 0 nor 1.
absl::StatusOr<NpyArray> ReadNpyArray(NpyHeader header, const NpyTarget& target,
                                      Source& source);

// Copies the elements to `dest` as the target has them, converting what is
// not native. `dest` has room for exactly as many elements of the target.
//
// Errors: DataLoss if an element has no exact value there, naming it and its
// index; `dest` is then unspecified.
absl::Status CopyNpyArray(const NpyArray& array, const NpyTarget& target,
                          std::span<std::byte> dest);

// The elements where they are.
//
// Errors: those of `CopyNpyArray`, with the same message; FailedPrecondition if
// that would succeed but the elements are not native or do not start at a
// multiple of `alignment` in memory.
absl::StatusOr<const std::byte*> ViewNpyArray(const NpyArray& array,
                                              const NpyTarget& target,
                                              std::size_t alignment);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_NPY_ARRAY_H_

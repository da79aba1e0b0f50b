#ifndef IRENEO_SERIALIZERS_NPY_H_
#define IRENEO_SERIALIZERS_NPY_H_

// The header of NumPy's .npy files, in which dense arrays are stored, so that
// `np.load` opens an uncompressed blob in place.
//
// Use it to write a serializer for another kind of array; Eigen's are in
// serializers/eigen_dense.h. It knows nothing of the data that follow: whether
// they fit the header is for the reader of the array to check. It does not
// promise to give back the bytes of a header that something else wrote: NumPy
// pads differently from release to release, so never hash such a header.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {

struct NpyHeader {
  // NumPy's most dimensions, up to NumPy 1.26.
  static constexpr std::size_t kMaxDimensions = 32;

  // The element type: byte order, kind and size, as "<f8", "<c16" or "|u1".
  std::string descr = {};

  // Whether the first index runs fastest. NumPy says false for arrays that are
  // contiguous in both senses.
  bool fortran_order = false;

  // The extents, none of them negative. Empty for a single element.
  std::vector<std::int64_t> shape = {};

  // "<f8 (3, 4) F order", for messages.
  std::string ToString() const;

  friend bool operator==(const NpyHeader&, const NpyHeader&) = default;
};

// Writes `header` in the one form that Ireneo hashes and stores: version 1.0,
// keys sorted, one space after each comma, then spaces and a newline up to the
// next multiple of 64 bytes, which is 128 for up to two dimensions. Those bytes
// are the same as NumPy 1.24's. The sink's position must be a multiple of 64
// for the data to be aligned; this does not check it.
//
// Fails the sink with InvalidArgument if an extent is negative, there are more
// than `kMaxDimensions`, or `descr` is not 3 to 32 printable characters without
// a quote or a backslash.
void WriteNpyHeader(const NpyHeader& header, Sink& sink);

// Reads a header of version 1.0, 2.0 or 3.0, up to the first byte of the data:
// what `WriteNpyHeader` and NumPy write, and any other spelling of the same
// Python dictionary (order of keys, white space, kind of quotes). Takes any
// `descr` that is a string; compare it with what you can read.
//
// Errors: DataLoss, which also fails the source, saying what was expected and
// what was found: another format or version, an unknown, missing or repeated
// key, a structured type, an extent that is negative or over 2^63 - 1, more
// than `kMaxDimensions`.
absl::StatusOr<NpyHeader> ReadNpyHeader(Source& source);

// How many bytes of data follow `header` if an element has `item_size` bytes.
//
// Errors: DataLoss if that is over 2^63 - 1, the size of an address space.
absl::StatusOr<std::uint64_t> NpyDataSize(const NpyHeader& header,
                                          std::size_t item_size);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_NPY_H_

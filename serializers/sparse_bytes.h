#ifndef IRENEO_SERIALIZERS_SPARSE_BYTES_H_
#define IRENEO_SERIALIZERS_SPARSE_BYTES_H_

// The stored bytes of a sparse matrix or vector, checked. Internal to Ireneo:
// serializers/eigen_sparse.h makes matrices of them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/source.h"

namespace ireneo::internal {

// What the C++ type says of the bytes.
struct SparseLayout {
  std::string (*type_name)() = nullptr;  // For messages.
  bool is_vector = false;
  bool row_major = false;  // Of a vector: it is a row.
  bool is_bool = false;
  std::size_t index_size = 0;  // 1, 2, 4 or 8: of a signed integer.
  std::size_t scalar_size = 0;
};

// Parts of a blob that are a value of the type.
struct SparseBytes {
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  std::int64_t count = 0;
  std::span<const std::byte> starts = {};  // Empty for a vector.
  std::span<const std::byte> indices = {};
  std::span<const std::byte> values = {};

  // Whether all three parts start at multiples of `alignment` in memory.
  bool IsAligned(std::size_t alignment) const;
};

// Reads the sizes, finds the three arrays and looks at every index, in time
// proportional to the bytes. Allocates nothing.
//
// Errors: DataLoss, which names the type, what was expected and what was found:
// sizes that the index type cannot count, arrays that are cut short, starts
// that do not ascend from 0 to the count, indices that do not ascend or are out
// of range, a bool that is neither 0 nor 1.
absl::StatusOr<SparseBytes> ReadSparseBytes(const SparseLayout& layout,
                                            Source& source);

// The InvalidArgument for writing an index that is out of range or there twice.
// `column` and `index` are row and column for a row-major type.
absl::Status SparseIndexError(std::int64_t column, std::int64_t index,
                              std::int64_t limit);

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_SPARSE_BYTES_H_

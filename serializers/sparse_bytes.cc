#include "ireneo/serializers/sparse_bytes.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

constexpr std::size_t kAlignment = 64;

// Element `i` of an array that need not be aligned.
template <typename Index>
Index Load(std::span<const std::byte> bytes, std::int64_t i) {
  Index value;
  std::memcpy(&value, bytes.data() + i * sizeof(Index), sizeof(Index));
  return value;
}

template <typename... Parts>
absl::Status Damaged(const SparseLayout& layout, const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(layout.type_name(), ": ", parts...));
}

// Checks the indices of one column, from `begin` to `end`.
template <typename Index>
absl::Status CheckColumn(const SparseLayout& layout, const SparseBytes& bytes,
                         std::int64_t limit, std::int64_t begin,
                         std::int64_t end) {
  std::int64_t last = -1;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t index = Load<Index>(bytes.indices, i);
    if (index <= last || index >= limit) {
      return Damaged(layout, "expected an index above ", last, " and below ",
                     limit, ", found ", index, " at coefficient ", i);
    }
    last = index;
  }
  return absl::OkStatus();
}

template <typename Index>
absl::Status CheckIndices(const SparseLayout& layout,
                          const SparseBytes& bytes) {
  const std::int64_t inner = layout.row_major ? bytes.cols : bytes.rows;
  if (layout.is_vector) {
    return CheckColumn<Index>(layout, bytes, inner, 0, bytes.count);
  }
  const std::int64_t outer = layout.row_major ? bytes.rows : bytes.cols;
  std::int64_t begin = Load<Index>(bytes.starts, 0);
  if (begin != 0) {
    return Damaged(layout, "expected the first start to be 0, found ", begin);
  }
  for (std::int64_t o = 0; o < outer; ++o) {
    const std::int64_t end = Load<Index>(bytes.starts, o + 1);
    const std::int64_t min = o + 1 == outer ? bytes.count : begin;
    if (end < min || end > bytes.count) {
      return Damaged(layout, "expected a start from ", min, " to ", bytes.count,
                     ", found ", end, " at ", o + 1);
    }
    if (absl::Status status =
            CheckColumn<Index>(layout, bytes, inner, begin, end);
        !status.ok()) {
      return status;
    }
    begin = end;
  }
  if (begin != bytes.count) {
    return Damaged(layout, "expected no coefficients, found ", bytes.count);
  }
  return absl::OkStatus();
}

absl::Status CheckIndicesOfSize(const SparseLayout& layout,
                                const SparseBytes& bytes) {
  switch (layout.index_size) {
    case 1:
      return CheckIndices<std::int8_t>(layout, bytes);
    case 2:
      return CheckIndices<std::int16_t>(layout, bytes);
    case 4:
      return CheckIndices<std::int32_t>(layout, bytes);
    default:
      return CheckIndices<std::int64_t>(layout, bytes);
  }
}

}  // namespace

bool SparseBytes::IsAligned(std::size_t alignment) const {
  const auto aligned = [alignment](std::span<const std::byte> bytes) {
    return reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0;
  };
  return aligned(starts) && aligned(indices) && aligned(values);
}

absl::StatusOr<SparseBytes> ReadSparseBytes(const SparseLayout& layout,
                                            Source& source) {
  const std::uint64_t max =
      std::numeric_limits<std::uint64_t>::max() >> (65 - 8 * layout.index_size);
  std::uint64_t rows = 1;
  std::uint64_t cols = 1;
  if (layout.is_vector) {
    (layout.row_major ? cols : rows) = source.ReadU64();
  } else {
    rows = source.ReadU64();
    cols = source.ReadU64();
  }
  const std::uint64_t count = source.ReadU64();
  if (!source.ok()) return source.status();
  if (rows > max || cols > max || count > max) {
    return Damaged(layout, "expected sizes up to ", max, ", found ", rows,
                   " rows, ", cols, " columns, ", count, " coefficients");
  }
  // No product below overflows for what fits the bytes that are left.
  const std::uint64_t outer = layout.row_major ? rows : cols;
  if (count > source.remaining() / layout.index_size ||
      (!layout.is_vector && outer >= source.remaining() / layout.index_size)) {
    return Damaged(layout, "truncated: ", rows, " rows, ", cols,
                   " columns and ", count, " coefficients claimed, ",
                   source.remaining(), " bytes remain");
  }
  SparseBytes bytes{.rows = static_cast<std::int64_t>(rows),
                    .cols = static_cast<std::int64_t>(cols),
                    .count = static_cast<std::int64_t>(count)};
  source.SkipTo(kAlignment);
  if (!layout.is_vector) {
    bytes.starts = source.ReadBytes((outer + 1) * layout.index_size);
    source.SkipTo(kAlignment);
  }
  bytes.indices = source.ReadBytes(count * layout.index_size);
  source.SkipTo(kAlignment);
  bytes.values = source.ReadBytes(count * layout.scalar_size);
  if (!source.ok()) return source.status();
  if (absl::Status status = CheckIndicesOfSize(layout, bytes); !status.ok()) {
    return status;
  }
  if (layout.is_bool &&
      std::any_of(bytes.values.begin(), bytes.values.end(),
                  [](std::byte b) { return b > std::byte{1}; })) {
    return Damaged(layout, "expected bools of 0 and 1, found a byte above 1");
  }
  return bytes;
}

absl::Status SparseIndexError(std::int64_t column, std::int64_t index,
                              std::int64_t limit) {
  if (index < 0 || index >= limit) {
    return absl::InvalidArgumentError(
        absl::StrCat("a sparse matrix has inner index ", index, " in vector ",
                     column, ", where there are ", limit));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "a sparse matrix has two coefficients at inner index ", index,
      " of vector ", column, "; add them up, as setFromTriplets does"));
}

}  // namespace ireneo::internal

#ifndef IRENEO_SERIALIZERS_EIGEN_SPARSE_H_
#define IRENEO_SERIALIZERS_EIGEN_SPARSE_H_

// Serializers for Eigen's sparse matrices and vectors, and for Triplet.
//
// Scalars are those of eigen_dense.h; the index is a signed integer of any
// size. Scalar, index and storage order are in the name:
//
//     eigen.sparse<<f8,<i4,F>/1         Eigen::SparseMatrix<double>
//     eigen.sparse<<f4,<i8,C>/1         SparseMatrix<float, RowMajor, int64_t>
//     eigen.sparse_vector<<f8,<i4,F>/1  Eigen::SparseVector<double>
//     eigen.triplet<<f8,<i4>/1          Eigen::Triplet<double>
//
// Equal matrices have equal bytes however they came to be: a matrix that is
// not compressed, or whose indices are not sorted, is written as if it were.
// Explicit zeros are part of the matrix. Two coefficients in one place, an
// index out of range, and more rows, columns or coefficients than the index
// can count are InvalidArgument. A compressed and sorted matrix is looked
// through once and written in three pieces, without a copy.
//
// A Map, a Ref, columns of a matrix, a transpose, a sum, a product are written
// as the matrix (if they have one row or column at compile time, the vector)
// that they evaluate to, so as arguments they make its key. They can not be
// results. Mind that a transpose has the other storage order, and `2 * a` the
// index type Eigen::Index.
//
// The view of a matrix is an `Eigen::Map<const T>` of the blob. Eigen has no
// such map of a SparseVector, so that is read by copy. Not here: permutations,
// self-adjoint views, what the solvers hold.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "Eigen/SparseCore"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/sparse_bytes.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <typename T>
concept SparseIndex = Integer<T> && std::is_signed_v<T>;

// SparseMatrix and SparseVector themselves: what owns its coefficients.
template <typename T>
inline constexpr bool kSparseMatrix = false;
template <typename S, int kOptions, typename I>
inline constexpr bool kSparseMatrix<Eigen::SparseMatrix<S, kOptions, I>> =
    NpyScalar<S>&& SparseIndex<I>;
template <typename T>
inline constexpr bool kSparseVector = false;
template <typename S, int kOptions, typename I>
inline constexpr bool kSparseVector<Eigen::SparseVector<S, kOptions, I>> =
    NpyScalar<S>&& SparseIndex<I>;
template <typename T>
concept SparsePlain = kSparseMatrix<T> || kSparseVector<T>;

// Everything else that is sparse: what evaluates to such a type.
template <typename T>
concept SparseExpression =
    std::derived_from<T, Eigen::SparseMatrixBase<T>> && !SparsePlain<T> &&
    NpyScalar<typename T::Scalar> && SparseIndex<typename T::StorageIndex>;

template <SparseExpression T>
using SparsePlainOf = std::conditional_t<
    bool(T::IsVectorAtCompileTime),
    Eigen::SparseVector<typename T::Scalar,
                        int(T::ColsAtCompileTime) == 1 ? Eigen::ColMajor
                                                       : Eigen::RowMajor,
                        typename T::StorageIndex>,
    Eigen::SparseMatrix<typename T::Scalar,
                        bool(T::IsRowMajor) ? Eigen::RowMajor : Eigen::ColMajor,
                        typename T::StorageIndex>>;

template <SparsePlain T>
std::string SparseName() {
  return absl::StrCat(
      kSparseVector<T> ? "eigen.sparse_vector<" : "eigen.sparse<",
      NpyName<typename T::Scalar>(), ",", NpyName<typename T::StorageIndex>(),
      ",", bool(T::IsRowMajor) ? "C" : "F", ">/1");
}

// Expressions whose coefficients lie in memory in Eigen's compressed form, or
// in its form with room behind each column. ("Column" below is row in a type
// that is row-major.)
template <typename T>
concept HasSparseArrays = std::derived_from<T, Eigen::SparseCompressedBase<T>>;

// That form.
template <typename Scalar, typename Index>
struct SparseArrays {
  Eigen::Index inner = 0;         // Rows,
  Eigen::Index outer = 0;         // and columns.
  Eigen::Index single = 0;        // Coefficients, if `starts` is null.
  const Index* starts = nullptr;  // Of each column; null for one column.
  const Index* counts = nullptr;  // In each column; null if compressed.
  const Index* indices = nullptr;
  const Scalar* values = nullptr;

  Eigen::Index begin(Eigen::Index column) const {
    return starts == nullptr ? 0 : starts[column];
  }
  Eigen::Index end(Eigen::Index column) const {
    return starts == nullptr   ? single
           : counts == nullptr ? starts[column + 1]
                               : starts[column] + counts[column];
  }
};

template <HasSparseArrays T>
auto SparseArraysOf(const T& value) {
  SparseArrays<typename T::Scalar, typename T::StorageIndex> arrays{
      .inner = T::IsRowMajor ? value.cols() : value.rows(),
      .outer = T::IsRowMajor ? value.rows() : value.cols(),
      .starts = value.outerIndexPtr(),
      .counts = value.innerNonZeroPtr(),
      .indices = value.innerIndexPtr(),
      .values = value.valuePtr()};
  if (arrays.starts == nullptr) arrays.single = value.nonZeros();
  return arrays;
}

// Whether indices ascend from 0 or more to less than `limit`.
template <typename Index>
bool Ascend(const Index* indices, Eigen::Index count, Eigen::Index limit) {
  if (count == 0) return true;
  bool ascend = indices[0] >= 0 && indices[count - 1] < limit;
  for (Eigen::Index i = 1; i < count; ++i) {
    ascend &= indices[i - 1] < indices[i];
  }
  return ascend;
}

// Writes what lies behind the sizes. `count` and `sorted` were found by the
// caller's look at each column.
template <typename Scalar, typename Index>
void WriteSparseArrays(const SparseArrays<Scalar, Index>& arrays,
                       std::size_t count, bool sorted, bool write_starts,
                       Sink& sink) {
  const auto write = [&](const auto* data, std::size_t size) {
    sink.Write(std::as_bytes(std::span(data, size)));
  };
  const bool in_one_piece = sorted && arrays.counts == nullptr;
  const Eigen::Index first = arrays.outer == 0 ? 0 : arrays.begin(0);
  sink.AlignTo(64);
  if (write_starts && in_one_piece && first == 0 && arrays.outer > 0) {
    write(arrays.starts, static_cast<std::size_t>(arrays.outer) + 1);
  } else if (write_starts) {
    Index start = 0;
    write(&start, 1);
    for (Eigen::Index o = 0; o < arrays.outer; ++o) {
      start += static_cast<Index>(arrays.end(o) - arrays.begin(o));
      write(&start, 1);
    }
  }
  if (write_starts) sink.AlignTo(64);
  if (in_one_piece) {
    if (count > 0) write(arrays.indices + first, count);
    sink.AlignTo(64);
    if (count > 0) write(arrays.values + first, count);
    return;
  }
  // Where the coefficients of one column are, in their order.
  std::vector<Eigen::Index> places;
  const auto write_columns = [&](const auto* data) {
    for (Eigen::Index o = 0; o < arrays.outer; ++o) {
      const Eigen::Index begin = arrays.begin(o);
      const Eigen::Index end = arrays.end(o);
      if (begin == end) continue;
      if (sorted) {
        write(data + begin, static_cast<std::size_t>(end - begin));
        continue;
      }
      places.clear();
      for (Eigen::Index i = begin; i < end; ++i) places.push_back(i);
      std::sort(places.begin(), places.end(),
                [&](Eigen::Index a, Eigen::Index b) {
                  return arrays.indices[a] < arrays.indices[b];
                });
      Eigen::Index last = -1;
      for (const Eigen::Index i : places) {
        const Eigen::Index index = arrays.indices[i];
        if (index <= last || index >= arrays.inner) {
          sink.Fail(SparseIndexError(o, index, arrays.inner));
          return;
        }
        last = index;
        write(data + i, 1);
      }
    }
  };
  write_columns(arrays.indices);
  sink.AlignTo(64);
  write_columns(arrays.values);
}

// `value` evaluates to a `Plain` and has its storage order.
template <SparsePlain Plain, HasSparseArrays T>
void WriteSparse(const T& value, Sink& sink) {
  static_assert(bool(T::IsRowMajor) == bool(Plain::IsRowMajor));
  using Index = typename Plain::StorageIndex;
  constexpr Eigen::Index kMax = std::numeric_limits<Index>::max();
  const auto arrays = SparseArraysOf(value);
  Eigen::Index count = 0;
  bool sorted = true;
  bool ordered = true;
  for (Eigen::Index o = 0; o < arrays.outer; ++o) {
    const Eigen::Index begin = arrays.begin(o);
    const Eigen::Index size = arrays.end(o) - begin;
    if (size < 0) ordered = false;
    if (size <= 0) continue;
    count += size;
    sorted &= Ascend(arrays.indices + begin, size, arrays.inner);
  }
  if (!ordered || value.rows() > kMax || value.cols() > kMax || count > kMax) {
    sink.Fail(absl::InvalidArgumentError(absl::StrCat(
        SparseName<Plain>(), ": ", value.rows(), " rows, ", value.cols(),
        " columns and ", count, " coefficients, ",
        ordered ? "more than the index type can count; use a wider one"
                : "with a column that ends before it starts")));
    return;
  }
  if (!kSparseVector<Plain>) sink.WriteU64(value.rows());
  sink.WriteU64(kSparseVector<Plain> ? arrays.inner : value.cols());
  sink.WriteU64(count);
  WriteSparseArrays(arrays, static_cast<std::size_t>(count), sorted,
                    /*write_starts=*/!kSparseVector<Plain>, sink);
}

template <SparsePlain T>
SparseLayout SparseLayoutOf() {
  return {.type_name = &SparseName<T>,
          .is_vector = kSparseVector<T>,
          .row_major = bool(T::IsRowMajor),
          .is_bool = std::same_as<typename T::Scalar, bool>,
          .index_size = sizeof(typename T::StorageIndex),
          .scalar_size = sizeof(typename T::Scalar)};
}

}  // namespace internal

// SparseMatrix. Read: one copy from the blob, and one look at each index.
template <typename T>
requires internal::kSparseMatrix<T>
struct Serializer<T> {
  using Scalar = typename T::Scalar;
  using Index = typename T::StorageIndex;
  using ViewType = Eigen::Map<const T>;

  static std::string TypeName() { return internal::SparseName<T>(); }

  static void Write(const T& value, Sink& sink) {
    internal::WriteSparse<T>(value, sink);
  }

  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<internal::SparseBytes> bytes =
        internal::ReadSparseBytes(internal::SparseLayoutOf<T>(), source);
    if (!bytes.ok()) return bytes.status();
    T value(bytes->rows, bytes->cols);
    std::memcpy(value.outerIndexPtr(), bytes->starts.data(),
                bytes->starts.size());
    if (bytes->count > 0) {
      value.resizeNonZeros(bytes->count);
      std::memcpy(value.innerIndexPtr(), bytes->indices.data(),
                  bytes->indices.size());
      std::memcpy(static_cast<void*>(value.valuePtr()), bytes->values.data(),
                  bytes->values.size());
    }
    return value;
  }

  static absl::StatusOr<ViewType> ReadView(Source& source) {
    const absl::StatusOr<internal::SparseBytes> bytes =
        internal::ReadSparseBytes(internal::SparseLayoutOf<T>(), source);
    if (!bytes.ok()) return bytes.status();
    if (!bytes->IsAligned(std::max(alignof(Index), alignof(Scalar)))) {
      return absl::FailedPreconditionError(absl::StrCat(
          TypeName(), ": the bytes are not aligned in memory; read a copy"));
    }
    return ViewType(bytes->rows, bytes->cols, bytes->count,
                    reinterpret_cast<const Index*>(bytes->starts.data()),
                    reinterpret_cast<const Index*>(bytes->indices.data()),
                    reinterpret_cast<const Scalar*>(bytes->values.data()));
  }
};

template <typename T>
requires internal::kSparseVector<T>
struct Serializer<T> {
  static std::string TypeName() { return internal::SparseName<T>(); }

  static void Write(const T& value, Sink& sink) {
    internal::WriteSparse<T>(value, sink);
  }

  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<internal::SparseBytes> bytes =
        internal::ReadSparseBytes(internal::SparseLayoutOf<T>(), source);
    if (!bytes.ok()) return bytes.status();
    T value(T::IsRowMajor ? bytes->cols : bytes->rows);
    if (bytes->count > 0) {
      value.resizeNonZeros(bytes->count);
      std::memcpy(value.innerIndexPtr(), bytes->indices.data(),
                  bytes->indices.size());
      std::memcpy(static_cast<void*>(value.valuePtr()), bytes->values.data(),
                  bytes->values.size());
    }
    return value;
  }
};

// Expressions: the name and the bytes of what they evaluate to.
template <internal::SparseExpression T>
struct Serializer<T> {
  using Stored = internal::SparsePlainOf<T>;

  static std::string TypeName() { return ireneo::TypeName<Stored>(); }

  static void Write(const T& value, Sink& sink) {
    if constexpr (internal::HasSparseArrays<T> &&
                  bool(T::IsRowMajor) == bool(Stored::IsRowMajor)) {
      internal::WriteSparse<Stored>(value, sink);
    } else {
      const Stored plain(value);
      ireneo::Write(plain, sink);
    }
  }
};

// Writable references into another's coefficients.
template <internal::SparseExpression T>
inline constexpr bool kMutableView<T> = (int(T::Flags) & Eigen::LvalueBit) != 0;

// Row, column, value.
template <internal::NpyScalar Scalar, internal::Integer Index>
struct Serializer<Eigen::Triplet<Scalar, Index>> {
  using T = Eigen::Triplet<Scalar, Index>;

  static std::string TypeName() {
    return absl::StrCat("eigen.triplet<", internal::NpyName<Scalar>(), ",",
                        internal::NpyName<Index>(), ">/1");
  }
  static void Write(const T& value, Sink& sink) {
    ireneo::Write(value.row(), sink);
    ireneo::Write(value.col(), sink);
    ireneo::Write(value.value(), sink);
  }
  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<Index> row = ireneo::Read<Index>(source);
    const absl::StatusOr<Index> col = ireneo::Read<Index>(source);
    const absl::StatusOr<Scalar> value = ireneo::Read<Scalar>(source);
    if (!source.ok()) return source.status();
    return T(*row, *col, *value);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_SPARSE_H_

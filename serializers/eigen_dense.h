#ifndef IRENEO_SERIALIZERS_EIGEN_DENSE_H_
#define IRENEO_SERIALIZERS_EIGEN_DENSE_H_

// Serializers for dense Eigen matrices, vectors and arrays, as .npy files that
// `np.load` opens in place.
//
// Scalars: bool, integers of 8 to 64 bits, Eigen::half, Eigen::bfloat16, float,
// double and their complex numbers; not `char`, which is a character (use
// std::int8_t), and not long double. Elements compare bit for bit: -0.0 differs
// from 0.0, and NaNs with different payloads differ.
//
// The name has the scalar, the extents and the storage order of the type:
//
//     eigen<<f8,?,?,F>/1        Eigen::MatrixXd
//     eigen<<f8,?,1,F>/1        Eigen::VectorXd
//     eigen<<f4,3,3,C>/1        Eigen::Matrix<float, 3, 3, Eigen::RowMajor>
//     eigen<<f8,?4,1,F>/1       up to four rows, without an allocation
//     eigen.array<<f8,?,?,F>/1  Eigen::ArrayXXd
//
// A row-major matrix thus never equals a column-major one. Vectors at compile
// time have one dimension in the file, all else has two. Alignment options do
// not enter the name.
//
// An expression (Ref, Map, Block, Transpose, a sum, ...) is written as the
// matrix that it would evaluate to, under that matrix' name, so as an argument
// it makes the same key: `Eigen::MatrixXd`, a map of its memory and a strided
// block with the same coefficients are one. It can not be a result. Mind that a
// transpose evaluates to the other storage order, and a row of a matrix to a
// row vector.
//
// Bytes that NumPy wrote are read too: in either byte order and storage order,
// and of another scalar type if each element has an exact value in this one. A
// view needs the type's own scalars and order. Elsewhere: sparse matrices
// (eigen_sparse.h), tensors (eigen_tensor.h), diagonal matrices
// (eigen_diagonal.h), geometry (eigen_geometry.h).

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/npy_array.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

static_assert(sizeof(Eigen::Index) == sizeof(std::int64_t),
              "ireneo reads extents of 64 bits");

// Matrix and Array themselves: what owns its coefficients.
template <typename T>
concept DensePlain = std::derived_from<T, Eigen::PlainObjectBase<T>> &&
    NpyScalar<typename T::Scalar>;

template <typename T>
inline constexpr bool kVectorBlock = false;
template <typename T, int kSize>
inline constexpr bool kVectorBlock<Eigen::VectorBlock<T, kSize>> = true;

// Everything else that is dense: what evaluates to such a type. A class that
// derives from one of Eigen's is not; only of VectorBlock is it known that it
// adds nothing to its base.
template <typename T>
concept DenseClass =
    std::derived_from<T, Eigen::DenseBase<T>> || kVectorBlock<T>;
template <typename T>
concept DenseExpression =
    DenseClass<T> && !DensePlain<T> && NpyScalar<typename T::Scalar>;

// Expressions over memory that `data()` and two strides describe. Eigen's
// DirectAccessBit promises more than `data()` of real(), imag() and diagonal()
// keeps, so this lists those that are sound.
template <typename T>
inline constexpr bool kHasData =
    std::derived_from<T, Eigen::PlainObjectBase<T>> ||
    std::derived_from<T, Eigen::MapBase<T, Eigen::ReadOnlyAccessors>>;
template <typename T, int kSize>
inline constexpr bool kHasData<Eigen::VectorBlock<T, kSize>> =
    kHasData<std::remove_const_t<T>>;
template <typename T>
inline constexpr bool kHasData<Eigen::Transpose<T>> =
    kHasData<std::remove_const_t<T>>;
template <typename T>
inline constexpr bool kHasData<Eigen::ArrayWrapper<T>> =
    kHasData<std::remove_const_t<T>>;
template <typename T>
inline constexpr bool kHasData<Eigen::MatrixWrapper<T>> =
    kHasData<std::remove_const_t<T>>;

// What a plain dense type fixes at compile time, in Eigen's terms.
struct DenseType {
  const char* family;
  std::string scalar;
  std::string descr;
  int rows, cols, max_rows, max_cols;
  bool row_major;

  bool is_vector() const { return rows == 1 || cols == 1; }
};

template <DensePlain T>
DenseType DenseTypeOf() {
  return {.family = std::derived_from<T, Eigen::ArrayBase<T>> ? "eigen.array"
                                                              : "eigen",
          .scalar = NpyName<typename T::Scalar>(),
          .descr = NpyDescr<typename T::Scalar>(),
          .rows = T::RowsAtCompileTime,
          .cols = T::ColsAtCompileTime,
          .max_rows = T::MaxRowsAtCompileTime,
          .max_cols = T::MaxColsAtCompileTime,
          .row_major = bool(T::IsRowMajor)};
}

// "3" if fixed, "?" if dynamic, "?4" if dynamic and at most 4.
inline std::string ExtentName(int extent, int max) {
  if (extent != Eigen::Dynamic) return absl::StrCat(extent);
  return max == Eigen::Dynamic ? std::string("?") : absl::StrCat("?", max);
}

inline std::string DenseName(const DenseType& type) {
  return absl::StrCat(type.family, "<", type.scalar, ",",
                      ExtentName(type.rows, type.max_rows), ",",
                      ExtentName(type.cols, type.max_cols), ",",
                      type.row_major ? "C" : "F", ">/1");
}

inline void WriteDenseHeader(const DenseType& type, Eigen::Index rows,
                             Eigen::Index cols, Sink& sink) {
  NpyHeader header{.descr = type.descr};
  if (type.is_vector()) {
    header.shape = {rows * cols};
  } else {
    header.fortran_order = !type.row_major;
    header.shape = {rows, cols};
  }
  WriteNpyHeader(header, sink);
}

// Writes the coefficients in storage order, without a copy where they lie in
// one piece.
template <typename T>
requires kHasData<T>
void WriteCoefficients(const T& value, Sink& sink) {
  using Scalar = typename T::Scalar;
  const Eigen::Index outer = T::IsRowMajor ? value.rows() : value.cols();
  const Eigen::Index inner = T::IsRowMajor ? value.cols() : value.rows();
  if (outer == 0 || inner == 0) return;
  const Scalar* const data = value.data();
  const Eigen::Index outer_stride = value.outerStride();
  const Eigen::Index inner_stride = value.innerStride();
  const auto write = [&](const Scalar* start, Eigen::Index count) {
    sink.Write(
        std::as_bytes(std::span(start, static_cast<std::size_t>(count))));
  };
  if (inner_stride == 1 && (outer_stride == inner || outer == 1)) {
    write(data, outer * inner);
  } else if (inner_stride == 1) {
    for (Eigen::Index o = 0; o < outer; ++o) {
      write(data + o * outer_stride, inner);
    }
  } else {
    std::array<Scalar, Sink::kBufferSize / sizeof(Scalar)> buffer;
    for (Eigen::Index o = 0; o < outer; ++o) {
      for (Eigen::Index start = 0; start < inner;) {
        const Eigen::Index count =
            std::min<Eigen::Index>(inner - start, buffer.size());
        for (Eigen::Index i = 0; i < count; ++i) {
          buffer[i] = data[o * outer_stride + (start + i) * inner_stride];
        }
        write(buffer.data(), count);
        start += count;
      }
    }
  }
}

inline bool FitsExtent(int extent, int max, std::int64_t found) {
  if (extent != Eigen::Dynamic) return found == extent;
  return max == Eigen::Dynamic || found <= max;
}

// A stored matrix whose header has been checked.
struct DenseArray {
  Eigen::Index rows = 1;
  Eigen::Index cols = 1;
  NpyArray elements = {};  // rows * cols.
};

inline NpyTarget DenseTarget(const DenseType& type,
                             std::string (*type_name)()) {
  return {.type_name = type_name,
          .descr = type.descr,
          .fortran_order = !type.row_major};
}

// Reads the header and finds the coefficients, allocating nothing for them. No
// dimension is one coefficient, one dimension a column, or the row that a type
// with one row has.
//
// Errors: DataLoss if what is stored is not a `type`, or is cut short.
inline absl::StatusOr<DenseArray> ReadDenseArray(const DenseType& type,
                                                 const NpyTarget& target,
                                                 Source& source) {
  absl::StatusOr<NpyHeader> header = ReadNpyHeader(source);
  if (!header.ok()) return header.status();
  DenseArray array;
  const std::vector<std::int64_t>& shape = header->shape;
  if (shape.size() == 2) {
    array.rows = shape[0];
    array.cols = shape[1];
  } else if (shape.size() == 1) {
    (type.rows == 1 && type.cols != 1 ? array.cols : array.rows) = shape[0];
  }
  if (shape.size() > 2 || !FitsExtent(type.rows, type.max_rows, array.rows) ||
      !FitsExtent(type.cols, type.max_cols, array.cols)) {
    return NpyMismatch(target, *header);
  }
  absl::StatusOr<NpyArray> elements =
      ReadNpyArray(*std::move(header), target, source);
  if (!elements.ok()) return elements.status();
  array.elements = *std::move(elements);
  return array;
}

// Reads a `T` for a type of the name `type_name`: T itself, or what is stored
// as one.
template <DensePlain T>
absl::StatusOr<T> ReadDense(std::string (*type_name)(), Source& source) {
  const DenseType type = DenseTypeOf<T>();
  const NpyTarget target = DenseTarget(type, type_name);
  const absl::StatusOr<DenseArray> array = ReadDenseArray(type, target, source);
  if (!array.ok()) return array.status();
  T value;
  value.resize(array->rows, array->cols);
  if constexpr (T::MaxSizeAtCompileTime != 0) {  // Else g++ warns of a null.
    const absl::Status copied = CopyNpyArray(
        array->elements, target,
        std::as_writable_bytes(
            std::span(value.data(), static_cast<std::size_t>(value.size()))));
    if (!copied.ok()) return copied;
  }
  return value;
}

}  // namespace internal

// Matrix and Array. Read: one copy from the blob, if it was written as this
// type.
template <internal::DensePlain T>
struct Serializer<T> {
  using Scalar = typename T::Scalar;
  using ViewType = Eigen::Map<const T, Eigen::Aligned64>;

  static std::string TypeName() {
    return internal::DenseName(internal::DenseTypeOf<T>());
  }

  static void Write(const T& value, Sink& sink) {
    internal::WriteDenseHeader(internal::DenseTypeOf<T>(), value.rows(),
                               value.cols(), sink);
    internal::WriteCoefficients(value, sink);
  }

  static absl::StatusOr<T> Read(Source& source) {
    return internal::ReadDense<T>(&TypeName, source);
  }

  static absl::StatusOr<ViewType> ReadView(Source& source) {
    const internal::DenseType type = internal::DenseTypeOf<T>();
    const NpyTarget target = internal::DenseTarget(type, &TypeName);
    const absl::StatusOr<internal::DenseArray> array =
        internal::ReadDenseArray(type, target, source);
    if (!array.ok()) return array.status();
    const absl::StatusOr<const std::byte*> data =
        ViewNpyArray(array->elements, target, Eigen::Aligned64);
    if (!data.ok()) return data.status();
    return ViewType(reinterpret_cast<const Scalar*>(*data), array->rows,
                    array->cols);
  }
};

// Expressions: the name and the bytes of what they evaluate to.
template <internal::DenseExpression T>
struct Serializer<T> {
  using Plain = typename T::PlainObject;
  using Stored = Plain;

  static std::string TypeName() { return ireneo::TypeName<Plain>(); }

  static void Write(const T& value, Sink& sink) {
    if constexpr (internal::kHasData<T>) {
      static_assert(bool(T::IsRowMajor) == bool(Plain::IsRowMajor));
      internal::WriteDenseHeader(internal::DenseTypeOf<Plain>(), value.rows(),
                                 value.cols(), sink);
      internal::WriteCoefficients(value, sink);
    } else {
      const Plain plain = value;
      ireneo::Write(plain, sink);
    }
  }
};

// Writable references into another's coefficients.
template <internal::DenseExpression T>
inline constexpr bool kMutableView<T> = (int(T::Flags) & Eigen::LvalueBit) != 0;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_DENSE_H_

#ifndef IRENEO_SERIALIZERS_EIGEN_DIAGONAL_H_
#define IRENEO_SERIALIZERS_EIGEN_DIAGONAL_H_

// Serializers for Eigen::DiagonalMatrix: its diagonal, as a .npy file of one
// dimension. What eigen_dense.h says of scalars and foreign files holds here.
//
//     eigen.diagonal<<f8,?>/1   Eigen::DiagonalMatrix<double, Eigen::Dynamic>
//     eigen.diagonal<<f8,3>/1   Eigen::DiagonalMatrix<double, 3>
//     eigen.diagonal<<f8,?4>/1  at most four, without an allocation
//
// `v.asDiagonal()`, a sum of two, a multiple of one are written as what they
// evaluate to, so as arguments they make its key. They can not be results.

#include <concepts>
#include <string>

#include "Eigen/Core"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <typename T>
concept DiagonalExpression = std::derived_from<T, Eigen::DiagonalBase<T>> &&
    NpyScalar<typename T::Scalar>;

}  // namespace internal

template <internal::NpyScalar Scalar, int kSize, int kMaxSize>
struct Serializer<Eigen::DiagonalMatrix<Scalar, kSize, kMaxSize>> {
  using T = Eigen::DiagonalMatrix<Scalar, kSize, kMaxSize>;
  using Vector = typename T::DiagonalVectorType;

  static std::string TypeName() {
    return absl::StrCat("eigen.diagonal<", internal::NpyName<Scalar>(), ",",
                        internal::ExtentName(kSize, kMaxSize), ">/1");
  }
  static void Write(const T& value, Sink& sink) {
    ireneo::Write(value.diagonal(), sink);
  }
  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<Vector> diagonal =
        internal::ReadDense<Vector>(&TypeName, source);
    if (!diagonal.ok()) return diagonal.status();
    return T(*diagonal);
  }
};

// Expressions: the name and the bytes of what they evaluate to.
template <internal::DiagonalExpression T>
struct Serializer<T> {
  using Stored = typename T::PlainObject;

  static std::string TypeName() { return ireneo::TypeName<Stored>(); }
  static void Write(const T& value, Sink& sink) {
    const typename Stored::DiagonalVectorType diagonal = value.diagonal();
    ireneo::Write(diagonal, sink);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_DIAGONAL_H_

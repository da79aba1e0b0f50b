#ifndef IRENEO_SERIALIZERS_EIGEN_GEOMETRY_H_
#define IRENEO_SERIALIZERS_EIGEN_GEOMETRY_H_

// Serializers for Eigen's Quaternion, AngleAxis and Transform.
//
//     eigen.quaternion<<f8>/1            x, y, z, w
//     eigen.angle_axis<<f8>/1            the angle; x, y, z of the axis
//     eigen.transform<<f8,3,affine,F>/1  matrix(), as a .npy file
//
// Coefficients are kept as they are: nothing is normalised, q and -q differ
// although they are one rotation, and the last row of an affine transform is
// not looked at. A Map of a quaternion makes the key of the quaternion, and can
// not be a result. Alignment options are not in the names.

#include <concepts>
#include <string>
#include <type_traits>

#include "Eigen/Core"
#include "Eigen/Geometry"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <NpyScalar Scalar>
std::string QuaternionName() {
  return absl::StrCat("eigen.quaternion<", NpyName<Scalar>(), ">/1");
}

template <typename T>
void WriteQuaternion(const T& value, Sink& sink) {
  ireneo::Write(value.x(), sink);
  ireneo::Write(value.y(), sink);
  ireneo::Write(value.z(), sink);
  ireneo::Write(value.w(), sink);
}

template <int kMode>
constexpr const char* TransformModeName() {
  switch (kMode) {
    case Eigen::Isometry:
      return "isometry";
    case Eigen::Affine:
      return "affine";
    case Eigen::AffineCompact:
      return "affine_compact";
    default:
      static_assert(kMode == Eigen::Isometry || kMode == Eigen::Affine ||
                    kMode == Eigen::AffineCompact ||
                    kMode == Eigen::Projective);
      return "projective";
  }
}

}  // namespace internal

template <internal::NpyScalar Scalar, int kOptions>
struct Serializer<Eigen::Quaternion<Scalar, kOptions>> {
  using T = Eigen::Quaternion<Scalar, kOptions>;

  static std::string TypeName() { return internal::QuaternionName<Scalar>(); }
  static void Write(const T& value, Sink& sink) {
    internal::WriteQuaternion(value, sink);
  }
  static absl::StatusOr<T> Read(Source& source) {
    T value;
    for (Scalar& coefficient : value.coeffs()) {
      const absl::StatusOr<Scalar> read = ireneo::Read<Scalar>(source);
      if (!read.ok()) return read.status();
      coefficient = *read;
    }
    return value;
  }
};

template <typename T, int kOptions>
requires internal::NpyScalar<typename T::Scalar> &&
    std::derived_from<std::remove_const_t<T>,
                      Eigen::QuaternionBase<std::remove_const_t<T>>>
struct Serializer<Eigen::Map<T, kOptions>> {
  using Stored = std::remove_const_t<T>;

  static std::string TypeName() { return ireneo::TypeName<Stored>(); }
  static void Write(const Eigen::Map<T, kOptions>& value, Sink& sink) {
    internal::WriteQuaternion(value, sink);
  }
};

template <internal::NpyScalar Scalar, int kQuaternionOptions, int kOptions>
inline constexpr bool kMutableView<
    Eigen::Map<Eigen::Quaternion<Scalar, kQuaternionOptions>, kOptions>> = true;

template <internal::NpyScalar Scalar>
struct Serializer<Eigen::AngleAxis<Scalar>> {
  using T = Eigen::AngleAxis<Scalar>;

  static std::string TypeName() {
    return absl::StrCat("eigen.angle_axis<", internal::NpyName<Scalar>(),
                        ">/1");
  }
  static void Write(const T& value, Sink& sink) {
    ireneo::Write(value.angle(), sink);
    for (const Scalar& coefficient : value.axis()) {
      ireneo::Write(coefficient, sink);
    }
  }
  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<Scalar> angle = ireneo::Read<Scalar>(source);
    if (!angle.ok()) return angle.status();
    T value;
    value.angle() = *angle;
    for (Scalar& coefficient : value.axis()) {
      const absl::StatusOr<Scalar> read = ireneo::Read<Scalar>(source);
      if (!read.ok()) return read.status();
      coefficient = *read;
    }
    return value;
  }
};

template <internal::NpyScalar Scalar, int kDim, int kMode, int kOptions>
requires(kDim >
         0) struct Serializer<Eigen::Transform<Scalar, kDim, kMode, kOptions>> {
  using T = Eigen::Transform<Scalar, kDim, kMode, kOptions>;
  using Matrix = typename T::MatrixType;

  static std::string TypeName() {
    return absl::StrCat("eigen.transform<", internal::NpyName<Scalar>(), ",",
                        kDim, ",", internal::TransformModeName<kMode>(), ",",
                        bool(Matrix::IsRowMajor) ? "C" : "F", ">/1");
  }
  static void Write(const T& value, Sink& sink) {
    // Two dimensions even where the matrix is a row.
    WriteNpyHeader({.descr = internal::NpyDescr<Scalar>(),
                    .fortran_order = !bool(Matrix::IsRowMajor),
                    .shape = {value.matrix().rows(), value.matrix().cols()}},
                   sink);
    internal::WriteCoefficients(value.matrix(), sink);
  }
  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<Matrix> matrix =
        internal::ReadDense<Matrix>(&TypeName, source);
    if (!matrix.ok()) return matrix.status();
    T value;
    value.matrix() = *matrix;
    return value;
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_GEOMETRY_H_

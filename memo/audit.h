#ifndef IRENEO_MEMO_AUDIT_H_
#define IRENEO_MEMO_AUDIT_H_

// How a result that was computed again is compared with the one that was
// remembered, when it is not equal to the bit. Internal to Ireneo.

#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <type_traits>

namespace ireneo::internal {

template <typename T>
inline constexpr bool kIsFloating = std::is_floating_point_v<T>;
template <typename T>
inline constexpr bool kIsFloating<std::complex<T>> =
    std::is_floating_point_v<T>;

// Dense Eigen matrices, arrays and tensors of floating-point numbers, without
// Eigen's headers.
template <typename T>
concept FloatingArray = requires(const T& array) {
  typename T::Scalar;
  array.data();
  array.size();
  array.dimensions();
}
|| requires(const T& array) {
  typename T::Scalar;
  array.data();
  array.rows();
  array.cols();
};

// Whether two have the same shape.
template <FloatingArray T>
bool SameShape(const T& a, const T& b) {
  if constexpr (requires { a.dimensions().begin(); }) {
    return std::equal(a.dimensions().begin(), a.dimensions().end(),
                      b.dimensions().begin());
  } else if constexpr (requires { a.dimensions(); }) {
    return true;  // The type has the extents: Eigen::TensorFixedSize.
  } else {
    return a.rows() == b.rows() && a.cols() == b.cols();
  }
}

// Whether no coefficient is off by more than `tolerance` times the largest
// magnitude among the coefficients; NaNs must be in the same places. False for
// types that are no floating-point numbers nor dense Eigen types of such.
template <typename T>
bool NearlyEqual(const T& a, const T& b, double tolerance) {
  if constexpr (kIsFloating<T>) {
    if (a == b || (a != a && b != b)) return true;
    return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
  } else if constexpr (FloatingArray<T>) {
    if constexpr (kIsFloating<typename T::Scalar>) {
      if (!SameShape(a, b)) return false;
      double largest = 0;
      double difference = 0;
      for (decltype(a.size()) i = 0; i < a.size(); ++i) {
        const auto x = a.data()[i];
        const auto y = b.data()[i];
        if (x == y || (x != x && y != y)) continue;
        if (!(std::abs(x - y) >= 0)) return false;  // A NaN and a number.
        difference = std::max<double>(difference, std::abs(x - y));
      }
      for (decltype(a.size()) i = 0; i < a.size(); ++i) {
        const double magnitude = std::abs(a.data()[i]);
        if (std::isfinite(magnitude)) largest = std::max(largest, magnitude);
      }
      return difference <= tolerance * largest;
    }
  }
  return false;
}

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_AUDIT_H_

#ifndef IRENEO_SERIALIZERS_EIGEN_SCALARS_H_
#define IRENEO_SERIALIZERS_EIGEN_SCALARS_H_

// Serializers for Eigen::half and Eigen::bfloat16, and the names of all scalars
// that Eigen's containers are stored with.
//
// Include it for these two alone or in a std::vector; the headers of Eigen's
// containers (serializers/eigen_dense.h, ...) bring it along. They are "f16"
// and "bf16", their two bytes, and compare bit for bit like other floats.

#include <concepts>
#include <span>
#include <string>
#include <type_traits>

#include "Eigen/Core"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <typename T>
concept EigenFloat =
    std::same_as<T, Eigen::half> || std::same_as<T, Eigen::bfloat16>;

static_assert(sizeof(Eigen::half) == 2 && sizeof(Eigen::bfloat16) == 2 &&
                  std::is_trivially_copyable_v<Eigen::half> &&
                  std::is_trivially_copyable_v<Eigen::bfloat16>,
              "ireneo stores them as the machine holds them");

template <>
inline constexpr bool kIsRaw<Eigen::half> = true;
template <>
inline constexpr bool kIsRaw<Eigen::bfloat16> = true;

// The scalars of Eigen's containers. Not `char`, which is a character.
template <typename T>
concept NpyScalar = Integer<T> || Float<T> || RawComplex<T> || EigenFloat<T> ||
    std::same_as<T, bool>;

// "<f8", "|u1", "bf16": the scalar in the name of a container.
template <NpyScalar T>
std::string NpyName() {
  if constexpr (std::same_as<T, Eigen::bfloat16>) {
    return "bf16";
  } else {
    const char* kind = std::same_as<T, bool>       ? "b"
                       : RawComplex<T>             ? "c"
                       : Float<T> || EigenFloat<T> ? "f"
                       : std::is_signed_v<T>       ? "i"
                                                   : "u";
    return absl::StrCat(sizeof(T) == 1 ? "|" : "<", kind, sizeof(T));
  }
}

// The same in a .npy file. NumPy has no bfloat16, so that is two raw bytes.
template <NpyScalar T>
std::string NpyDescr() {
  return std::same_as<T, Eigen::bfloat16> ? "|V2" : NpyName<T>();
}

}  // namespace internal

template <internal::EigenFloat T>
struct Serializer<T> {
  static std::string TypeName() {
    return std::same_as<T, Eigen::half> ? "f16" : "bf16";
  }
  static void Write(const T& value, Sink& sink) {
    sink.Write(std::as_bytes(std::span(&value, 1)));
  }
  static absl::StatusOr<T> Read(Source& source) {
    return source.ReadScalar<T>();
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_SCALARS_H_

#ifndef IRENEO_SERIALIZERS_EIGEN_TENSOR_H_
#define IRENEO_SERIALIZERS_EIGEN_TENSOR_H_

// Serializers for Eigen::Tensor and Eigen::TensorFixedSize of the unsupported
// modules, as .npy files that `np.load` opens in place.
//
//     eigen.tensor<<f8,?,?,?,F>/1  Eigen::Tensor<double, 3>
//     eigen.tensor<<f4,?,C>/1      Eigen::Tensor<float, 1, Eigen::RowMajor>
//     eigen.tensor<<f8,2,3,F>/1    Eigen::TensorFixedSize<double, Sizes<2, 3>>
//     eigen.tensor<<f8,F>/1        Eigen::Tensor<double, 0>
//
// What eigen_dense.h says of scalars and foreign files holds here, but that a
// file must have the tensor's own number of dimensions. Up to 32 dimensions;
// the type of the index is not in the name. A TensorMap makes the key of the
// tensor, and can not be a result. An expression (a sum, a slice) has no
// serializer: assign it to a tensor.
//
// The view is an `Eigen::TensorMap<const T, Eigen::Aligned>`. A program that
// uses tensors includes <unsupported/Eigen/CXX11/Tensor>, before or after this.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
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

// Declared and not included, for the header of the tensors costs each program a
// third of a second of compiling: one that has tensors includes
// <unsupported/Eigen/CXX11/Tensor> itself, before or after this. All that uses
// them here waits for a tensor type.
namespace Eigen {
template <typename Scalar, int kRank, int kOptions, typename Index>
class Tensor;
template <typename Scalar, typename Sizes, int kOptions, typename Index>
class TensorFixedSize;
template <std::ptrdiff_t... kSizes>
struct Sizes;
template <typename T>
struct MakePointer;
template <typename T, int kOptions, template <typename> class Pointer>
class TensorMap;
}  // namespace Eigen

namespace ireneo {
namespace internal {

// What is fixed of a tensor type at compile time: kExtents has -1 for an
// extent that is not.
template <typename T>
struct TensorTraits {
  static constexpr bool kIsTensor = false;
};

template <typename S, int kRank, int kOptions, typename I>
struct TensorTraits<Eigen::Tensor<S, kRank, kOptions, I>> {
  static constexpr bool kIsTensor =
      NpyScalar<S> && kRank <= int{NpyHeader::kMaxDimensions};
  static constexpr bool kIsFixed = false;
  static constexpr bool kRowMajor = (kOptions & Eigen::RowMajor) != 0;
  static constexpr auto kExtents = [] {
    std::array<std::int64_t, kRank> extents{};
    for (std::int64_t& extent : extents) extent = -1;
    return extents;
  }();
  using Index = I;
};

template <typename S, std::ptrdiff_t... kSizes, int kOptions, typename I>
struct TensorTraits<
    Eigen::TensorFixedSize<S, Eigen::Sizes<kSizes...>, kOptions, I>> {
  static constexpr bool kIsTensor =
      NpyScalar<S> && sizeof...(kSizes) <= NpyHeader::kMaxDimensions &&
      (... && (kSizes > 0));
  static constexpr bool kIsFixed = true;
  static constexpr bool kRowMajor = (kOptions & Eigen::RowMajor) != 0;
  static constexpr std::array<std::int64_t, sizeof...(kSizes)> kExtents = {
      kSizes...};
  using Index = I;
};

template <typename T>
concept TensorPlain = TensorTraits<T>::kIsTensor;

template <TensorPlain T>
std::string TensorName() {
  std::string name =
      absl::StrCat("eigen.tensor<", NpyName<typename T::Scalar>(), ",");
  for (const std::int64_t extent : TensorTraits<T>::kExtents) {
    if (extent < 0) {
      name += "?,";
    } else {
      absl::StrAppend(&name, extent, ",");
    }
  }
  return name + (TensorTraits<T>::kRowMajor ? "C>/1" : "F>/1");
}

// Whether Eigen can hold these extents: it multiplies them in an order of its
// own, so those that are not 0 must not overflow either.
inline bool TensorSizeFits(const std::vector<std::int64_t>& shape,
                           std::int64_t max_count) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent != 0 &&
        (__builtin_mul_overflow(count, extent, &count) || count > max_count)) {
      return false;
    }
  }
  return true;
}

template <TensorPlain T>
bool TensorSizeFits(const std::vector<std::int64_t>& shape) {
  constexpr std::int64_t kMaxIndex =
      std::numeric_limits<typename TensorTraits<T>::Index>::max();
  constexpr std::int64_t kMaxCount =
      std::numeric_limits<std::int64_t>::max() / sizeof(typename T::Scalar);
  return TensorSizeFits(shape, std::min(kMaxIndex, kMaxCount));
}

// `value` is a T or a map of one.
template <TensorPlain T, typename Value>
void WriteTensor(const Value& value, Sink& sink) {
  using Scalar = typename T::Scalar;
  constexpr std::size_t kRank = TensorTraits<T>::kExtents.size();
  NpyHeader header{.descr = NpyDescr<Scalar>(),
                   .fortran_order = kRank >= 2 && !TensorTraits<T>::kRowMajor};
  std::size_t count = 1;
  for (std::size_t i = 0; i < kRank; ++i) {
    header.shape.push_back(value.dimensions()[i]);
    count *= header.shape.back();
  }
  if (!TensorSizeFits<T>(header.shape)) {
    sink.Fail(absl::InvalidArgumentError(
        absl::StrCat(TensorName<T>(), ": the extents of ", header.ToString(),
                     " are more than the index type can count")));
    return;
  }
  WriteNpyHeader(header, sink);
  if (count == 0) return;
  sink.Write(std::as_bytes(
      std::span(static_cast<const Scalar*>(value.data()), count)));
}

template <TensorPlain T>
NpyTarget TensorTarget(std::string_view descr) {
  return {.type_name = &TensorName<T>,
          .descr = descr,
          .fortran_order = !TensorTraits<T>::kRowMajor};
}

// Reads the header and finds the coefficients, allocating nothing for them.
template <TensorPlain T>
absl::StatusOr<NpyArray> ReadTensorArray(const NpyTarget& target,
                                         Source& source) {
  absl::StatusOr<NpyHeader> header = ReadNpyHeader(source);
  if (!header.ok()) return header.status();
  constexpr auto kExtents = TensorTraits<T>::kExtents;
  bool fits = header->shape.size() == kExtents.size();
  for (std::size_t i = 0; fits && i < kExtents.size(); ++i) {
    fits = kExtents[i] < 0 || kExtents[i] == header->shape[i];
  }
  if (!fits || !TensorSizeFits<T>(header->shape)) {
    return NpyMismatch(target, *header);
  }
  return ReadNpyArray(*std::move(header), target, source);
}

template <TensorPlain T>
typename T::Dimensions TensorExtents(const NpyArray& array) {
  typename T::Dimensions extents;
  for (std::size_t i = 0; i < TensorTraits<T>::kExtents.size(); ++i) {
    extents[i] = array.header.shape[i];
  }
  return extents;
}

}  // namespace internal

// Tensor and TensorFixedSize. Read: one copy from the blob, if it was written
// as this type.
template <internal::TensorPlain T>
struct Serializer<T> {
  using Scalar = typename T::Scalar;
  using ViewType =
      Eigen::TensorMap<const T, Eigen::Aligned, Eigen::MakePointer>;

  static std::string TypeName() { return internal::TensorName<T>(); }

  static void Write(const T& value, Sink& sink) {
    internal::WriteTensor<T>(value, sink);
  }

  static absl::StatusOr<T> Read(Source& source) {
    const std::string descr = internal::NpyDescr<Scalar>();
    const NpyTarget target = internal::TensorTarget<T>(descr);
    const absl::StatusOr<NpyArray> array =
        internal::ReadTensorArray<T>(target, source);
    if (!array.ok()) return array.status();
    T value;
    if constexpr (kIsSized) value.resize(internal::TensorExtents<T>(*array));
    const absl::Status copied = CopyNpyArray(
        *array, target,
        std::as_writable_bytes(
            std::span(value.data(), static_cast<std::size_t>(value.size()))));
    if (!copied.ok()) return copied;
    return value;
  }

  static absl::StatusOr<ViewType> ReadView(Source& source) {
    const std::string descr = internal::NpyDescr<Scalar>();
    const NpyTarget target = internal::TensorTarget<T>(descr);
    const absl::StatusOr<NpyArray> array =
        internal::ReadTensorArray<T>(target, source);
    if (!array.ok()) return array.status();
    const absl::StatusOr<const std::byte*> data =
        ViewNpyArray(*array, target, /*alignment=*/64);
    if (!data.ok()) return data.status();
    const auto* const scalars = reinterpret_cast<const Scalar*>(*data);
    if constexpr (kIsSized) {
      return ViewType(scalars, internal::TensorExtents<T>(*array));
    } else {
      return ViewType(scalars, typename T::Dimensions());
    }
  }

 private:
  // Whether the type leaves extents open.
  static constexpr bool kIsSized = !internal::TensorTraits<T>::kIsFixed &&
                                   !internal::TensorTraits<T>::kExtents.empty();
};

template <typename T, int kOptions, template <typename> typename MakePointer>
requires internal::TensorPlain<std::remove_const_t<T>>
struct Serializer<Eigen::TensorMap<T, kOptions, MakePointer>> {
  using Stored = std::remove_const_t<T>;

  static std::string TypeName() { return ireneo::TypeName<Stored>(); }
  static void Write(const Eigen::TensorMap<T, kOptions, MakePointer>& value,
                    Sink& sink) {
    internal::WriteTensor<Stored>(value, sink);
  }
};

template <typename T, int kOptions, template <typename> typename MakePointer>
requires internal::TensorPlain<std::remove_const_t<T>>
inline constexpr bool kMutableView<Eigen::TensorMap<T, kOptions, MakePointer>> =
    !std::is_const_v<T>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_EIGEN_TENSOR_H_

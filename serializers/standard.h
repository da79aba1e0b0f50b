#ifndef IRENEO_SERIALIZERS_STANDARD_H_
#define IRENEO_SERIALIZERS_STANDARD_H_

// Serializers for strings, std::vector, std::span, std::pair, std::tuple and
// std::optional, of anything that has a serializer. Brings scalars along.
//
// `std::string_view` and `std::span` are written as the string and the vector
// that they view, under the same name: as arguments they make the same key.
// They can not be results.
//
// A vector of numbers is written and read in one piece; from 64 bytes on its
// elements are aligned to 64 bytes from the start of the blob, so that a stored
// vector can be viewed in place. The bytes of such a vector inside another
// value therefore depend on where it stands there.
//
// Not supported: sequences whose elements write no bytes at all, such as
// `std::vector<std::tuple<>>`. Their size could not be checked against the
// bytes that remain; writing one that is not empty is InvalidArgument.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

// What the elements of an array of `size` > 0 bytes are aligned to: large ones
// to Eigen's widest vectors and a cache line, small ones as in memory.
template <RawElement T>
constexpr std::size_t ArrayAlignment(std::uint64_t size) {
  return size >= 64 ? 64 : alignof(T);
}

// Writes the count, zeros up to the alignment, and all elements at once.
template <RawElement T>
void WriteSequence(std::span<const T> values, Sink& sink) {
  sink.WriteU64(values.size());
  if (values.empty()) return;
  sink.AlignTo(ArrayAlignment<T>(values.size_bytes()));
  sink.Write(std::as_bytes(values));
}

// Writes the count and each element. `Range` is a span or a vector of bool.
template <typename Range>
void WriteSequence(const Range& values, Sink& sink) {
  sink.WriteU64(values.size());
  const std::uint64_t start = sink.position();
  for (const auto& element : values) ireneo::Write(element, sink);
  if (sink.ok() && sink.position() - start < values.size()) {
    sink.Fail(absl::InvalidArgumentError(
        absl::StrCat("a sequence of ", values.size(),
                     " elements that write no bytes can not be stored")));
  }
}

// The bytes of the elements that `WriteSequence` wrote at once.
template <RawElement T>
std::span<const std::byte> ReadArray(Source& source) {
  const std::uint64_t size = source.ReadCount(sizeof(T)) * sizeof(T);
  if (size == 0) return {};
  source.SkipTo(ArrayAlignment<T>(size));
  return source.ReadBytes(size);
}

// Whether the bytes may be used as an array of `T` where they are.
template <typename T>
bool IsAligned(std::span<const std::byte> bytes) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0;
}

template <typename T>
std::span<const T> AsArray(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace internal

// "string": the size as u64, then the bytes as they are, whatever they encode.
template <>
struct Serializer<std::string> {
  using ViewType = std::string_view;

  static std::string TypeName() { return "string"; }
  static void Write(const std::string& value, Sink& sink) {
    sink.WriteString(value);
  }
  static absl::StatusOr<std::string> Read(Source& source) {
    return std::string(source.ReadString());
  }
  static absl::StatusOr<std::string_view> ReadView(Source& source) {
    const std::string_view value = source.ReadString();
    if (!source.ok()) return source.status();
    return value;
  }
};

template <>
struct Serializer<std::string_view> {
  using Stored = std::string;

  static std::string TypeName() { return "string"; }
  static void Write(const std::string_view& value, Sink& sink) {
    sink.WriteString(value);
  }
};

// "vector<f64>": the count as u64; unless it is 0, zeros up to the next
// multiple of 64 bytes (of the element's size if all elements take less than 64
// bytes); then the elements.
template <internal::RawElement T, typename Allocator>
struct Serializer<std::vector<T, Allocator>> {
  using ViewType = std::span<const T>;

  static std::string TypeName() {
    return absl::StrCat("vector<", ireneo::TypeName<T>(), ">");
  }
  static void Write(const std::vector<T, Allocator>& value, Sink& sink) {
    internal::WriteSequence(std::span<const T>(value), sink);
  }
  static absl::StatusOr<std::vector<T, Allocator>> Read(Source& source) {
    const std::span<const std::byte> bytes = internal::ReadArray<T>(source);
    if (!source.ok()) return source.status();
    if (internal::IsAligned<T>(bytes)) {
      const std::span<const T> array = internal::AsArray<T>(bytes);
      return std::vector<T, Allocator>(array.begin(), array.end());
    }
    std::vector<T, Allocator> value(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
    return value;
  }
  static absl::StatusOr<std::span<const T>> ReadView(Source& source) {
    const std::span<const std::byte> bytes = internal::ReadArray<T>(source);
    if (!source.ok()) return source.status();
    if (!internal::IsAligned<T>(bytes)) {
      return absl::FailedPreconditionError(absl::StrCat(
          TypeName(), ": the bytes are not aligned in memory; read a copy"));
    }
    return internal::AsArray<T>(bytes);
  }
};

// "vector<string>": the count as u64, then each element.
template <typename T, typename Allocator>
struct Serializer<std::vector<T, Allocator>> {
  static std::string TypeName() {
    return absl::StrCat("vector<", ireneo::TypeName<T>(), ">");
  }
  static void Write(const std::vector<T, Allocator>& value, Sink& sink) {
    internal::WriteSequence(value, sink);
  }
  static absl::StatusOr<std::vector<T, Allocator>> Read(Source& source) {
    const std::size_t count = source.ReadCount(/*min_element_size=*/1);
    std::vector<T, Allocator> value;
    // No more memory ahead of the elements than the blob itself takes.
    value.reserve(
        std::min<std::uint64_t>(count, source.remaining() / sizeof(T)));
    for (std::size_t i = 0; i < count; ++i) {
      absl::StatusOr<T> element = ireneo::Read<T>(source);
      if (!element.ok()) return element.status();
      value.push_back(*std::move(element));
    }
    return value;
  }
};

// As the vector of its elements.
template <typename T, std::size_t kExtent>
struct Serializer<std::span<T, kExtent>> {
  using Stored = std::vector<std::remove_const_t<T>>;

  static std::string TypeName() {
    return absl::StrCat("vector<", ireneo::TypeName<T>(), ">");
  }
  static void Write(const std::span<T, kExtent>& value, Sink& sink) {
    internal::WriteSequence(std::span<const T>(value), sink);
  }
};

// "pair<A,B>": the first, then the second.
template <typename A, typename B>
struct Serializer<std::pair<A, B>> {
  static std::string TypeName() {
    return absl::StrCat("pair<", ireneo::TypeName<A>(), ",",
                        ireneo::TypeName<B>(), ">");
  }
  static void Write(const std::pair<A, B>& value, Sink& sink) {
    ireneo::Write(value.first, sink);
    ireneo::Write(value.second, sink);
  }
  static absl::StatusOr<std::pair<A, B>> Read(Source& source) requires(
      std::is_object_v<A>&& std::is_object_v<B>) {
    absl::StatusOr<std::remove_cv_t<A>> first =
        ireneo::Read<std::remove_cv_t<A>>(source);
    absl::StatusOr<std::remove_cv_t<B>> second =
        ireneo::Read<std::remove_cv_t<B>>(source);
    if (!source.ok()) return source.status();
    return std::pair<A, B>(*std::move(first), *std::move(second));
  }
};

// "tuple<A,B,C>", "tuple<>": the elements in order.
template <typename... T>
struct Serializer<std::tuple<T...>> {
  static std::string TypeName() {
    std::string name = "tuple<";
    (absl::StrAppend(&name, ireneo::TypeName<T>(), ","), ...);
    if constexpr (sizeof...(T) > 0) name.pop_back();
    return name + ">";
  }
  static void Write(const std::tuple<T...>& value,
                    [[maybe_unused]] Sink& sink) {
    std::apply(
        [&](const auto&... element) { (ireneo::Write(element, sink), ...); },
        value);
  }
  static absl::StatusOr<std::tuple<T...>> Read(Source& source) requires(
      ...&& std::is_object_v<T>) {
    // The braces have the elements read from left to right.
    std::tuple<absl::StatusOr<std::remove_cv_t<T>>...> elements{
        ireneo::Read<std::remove_cv_t<T>>(source)...};
    if (!source.ok()) return source.status();
    return std::apply(
        [](auto&... element) {
          return std::tuple<T...>(*std::move(element)...);
        },
        elements);
  }
};

// "optional<T>": a byte 0, or a byte 1 and the value.
template <typename T>
struct Serializer<std::optional<T>> {
  static std::string TypeName() {
    return absl::StrCat("optional<", ireneo::TypeName<T>(), ">");
  }
  static void Write(const std::optional<T>& value, Sink& sink) {
    ireneo::Write(value.has_value(), sink);
    if (value.has_value()) ireneo::Write(*value, sink);
  }
  static absl::StatusOr<std::optional<T>> Read(Source& source) {
    const absl::StatusOr<bool> has_value = ireneo::Read<bool>(source);
    if (!has_value.ok()) return has_value.status();
    if (!*has_value) return std::optional<T>();
    absl::StatusOr<T> value = ireneo::Read<T>(source);
    if (!value.ok()) return value.status();
    return std::optional<T>(*std::move(value));
  }
};

template <typename T, std::size_t kExtent>
inline constexpr bool kMutableView<std::span<T, kExtent>> =
    !std::is_const_v<T> || kMutableView<std::remove_cv_t<T>>;
template <typename T, typename Allocator>
inline constexpr bool kMutableView<std::vector<T, Allocator>> = kMutableView<T>;
template <typename T>
inline constexpr bool kMutableView<std::optional<T>> = kMutableView<T>;
template <typename... T>
inline constexpr bool kMutableView<std::tuple<T...>> =
    (... || ((std::is_reference_v<T> &&
              !std::is_const_v<std::remove_reference_t<T>>) ||
             kMutableView<std::remove_cvref_t<T>>));
template <typename A, typename B>
inline constexpr bool kMutableView<std::pair<A, B>> =
    kMutableView<std::tuple<A, B>>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_STANDARD_H_

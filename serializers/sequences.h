#ifndef IRENEO_SERIALIZERS_SEQUENCES_H_
#define IRENEO_SERIALIZERS_SEQUENCES_H_

// Serializers for std::vector, std::deque, std::list, std::forward_list,
// std::array, std::span and std::reference_wrapper.
//
// Sequences of the same elements have the same name and the same bytes,
// whatever the container, and so has a span: as arguments they make the same
// key. A span can not be a result.
//
// A sequence of numbers is written and read in one piece; from 64 bytes on its
// elements are aligned to 64 bytes from the start of the blob, so that a stored
// vector can be viewed in place. The bytes of such a vector inside another
// value therefore depend on where it stands there.
//
// Not supported: sequences whose elements write no bytes at all, such as
// `std::vector<std::tuple<>>`. Their size could not be checked against the
// bytes that remain; writing one that is not empty is InvalidArgument.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <forward_list>
#include <functional>
#include <iterator>
#include <list>
#include <span>
#include <string>
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
  static_assert(kRawAlignment<T> <= 64, "ireneo aligns arrays to 64 bytes");
  return size >= 64 ? 64 : kRawAlignment<T>;
}

// Fails the sink if the `count` elements that were written from `start` on
// take less than a byte each.
inline void RequireBytes(std::uint64_t count, std::uint64_t start, Sink& sink) {
  if (sink.ok() && sink.position() - start < count) {
    sink.Fail(absl::InvalidArgumentError(
        absl::StrCat("a sequence of ", count,
                     " elements that write no bytes can not be stored")));
  }
}

// Writes the count of `values`, a sequence with forward iterators, zeros up to
// the alignment if the elements are raw, and the elements, at once if they are
// raw and in one piece.
template <typename Range>
void WriteSequence(const Range& values, Sink& sink) {
  using T = std::iter_value_t<decltype(std::begin(values))>;
  const auto count = static_cast<std::uint64_t>(std::ranges::distance(values));
  sink.WriteU64(count);
  if constexpr (RawElement<T>) {
    if (count == 0) return;
    sink.AlignTo(ArrayAlignment<T>(count * sizeof(T)));
    if constexpr (std::contiguous_iterator<decltype(std::begin(values))>) {
      sink.Write(std::as_bytes(std::span<const T>(values)));
    } else {
      for (const T& element : values) {
        sink.Write(std::as_bytes(std::span(&element, 1)));
      }
    }
  } else {
    const std::uint64_t start = sink.position();
    for (const auto& element : values) ireneo::Write(element, sink);
    RequireBytes(count, start, sink);
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

inline absl::Status NotAligned(absl::string_view type) {
  return absl::FailedPreconditionError(
      absl::StrCat(type, ": the bytes are not aligned in memory; read a copy"));
}

// Reads what `WriteSequence` wrote into a container, which is made from a
// vector of its elements if it cannot grow.
template <typename Container>
absl::StatusOr<Container> ReadSequence(Source& source) {
  using T = typename Container::value_type;
  constexpr bool kIsVector = requires(Container c) {
    c.reserve(std::size_t{});
  };
  if constexpr (RawElement<T>) {
    const std::span<const std::byte> bytes = ReadArray<T>(source);
    if (!source.ok()) return source.status();
    if (IsAligned<T>(bytes)) {
      const std::span<const T> array = AsArray<T>(bytes);
      return absl::StatusOr<Container>(absl::in_place, array.begin(),
                                       array.end());
    }
    std::vector<T> value;
    value.reserve(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
      value.push_back(LoadRaw<T>(bytes.data() + i));
    }
    return absl::StatusOr<Container>(absl::in_place, value.begin(),
                                     value.end());
  } else if constexpr (
      requires(Container c, T t) { c.push_back(t); } ||
      requires(Container c, T t) { c.push_back(std::move(t)); }) {
    const std::size_t count = source.ReadCount(/*min_element_size=*/1);
    Container value;
    if constexpr (kIsVector) {
      // No more memory ahead of the elements than the blob itself takes.
      value.reserve(
          std::min<std::uint64_t>(count, source.remaining() / sizeof(T)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      absl::StatusOr<T> element = ireneo::Read<T>(source);
      if (!element.ok()) return element.status();
      value.push_back(*std::move(element));
    }
    if (!source.ok()) return source.status();
    return value;
  } else {
    absl::StatusOr<std::vector<T>> value = ReadSequence<std::vector<T>>(source);
    if (!value.ok()) return value.status();
    return Container(std::make_move_iterator(value->begin()),
                     std::make_move_iterator(value->end()));
  }
}

template <typename T>
std::string SequenceName() {
  return absl::StrCat("vector<", ireneo::TypeName<T>(), ">");
}

// For containers of `T` that iterators or `push_back` fill.
template <typename Container>
struct SequenceSerializer {
  static std::string TypeName() {
    return SequenceName<typename Container::value_type>();
  }
  static void Write(const Container& value, Sink& sink) {
    WriteSequence(value, sink);
  }
  static absl::StatusOr<Container> Read(Source& source) {
    return ReadSequence<Container>(source);
  }
};

template <typename T, std::size_t kSize>
inline constexpr bool kIsRaw<std::array<T, kSize>> = kIsRaw<T>&& kSize != 0;
template <typename T, std::size_t kSize>
inline constexpr std::size_t kRawAlignment<std::array<T, kSize>> =
    kRawAlignment<T>;

}  // namespace internal

// "vector<f64>": the count as u64; unless it is 0, zeros up to the next
// multiple of 64 bytes (of the element's alignment if all elements take less
// than 64 bytes); then the elements.
template <internal::RawElement T, typename Allocator>
struct Serializer<std::vector<T, Allocator>>
    : internal::SequenceSerializer<std::vector<T, Allocator>> {
  using ViewType = std::span<const T>;

  static absl::StatusOr<std::span<const T>> ReadView(Source& source) {
    const std::span<const std::byte> bytes = internal::ReadArray<T>(source);
    if (!source.ok()) return source.status();
    if (!internal::IsAligned<T>(bytes)) {
      return internal::NotAligned(internal::SequenceName<T>());
    }
    return internal::AsArray<T>(bytes);
  }
};

// "vector<string>": the count as u64, then each element.
template <typename T, typename Allocator>
struct Serializer<std::vector<T, Allocator>>
    : internal::SequenceSerializer<std::vector<T, Allocator>> {};

// As the vector of their elements.
template <typename T, typename Allocator>
struct Serializer<std::deque<T, Allocator>>
    : internal::SequenceSerializer<std::deque<T, Allocator>> {};
template <typename T, typename Allocator>
struct Serializer<std::list<T, Allocator>>
    : internal::SequenceSerializer<std::list<T, Allocator>> {};
template <typename T, typename Allocator>
struct Serializer<std::forward_list<T, Allocator>>
    : internal::SequenceSerializer<std::forward_list<T, Allocator>> {};

template <typename T, std::size_t kExtent>
struct Serializer<std::span<T, kExtent>> {
  using Stored = std::vector<std::remove_const_t<T>>;

  static std::string TypeName() { return internal::SequenceName<T>(); }
  static void Write(const std::span<T, kExtent>& value, Sink& sink) {
    internal::WriteSequence(std::span<const T>(value), sink);
  }
};

// "array<f64,3>": the elements, without padding.
template <typename T, std::size_t kSize>
struct Serializer<std::array<T, kSize>> {
  using Array = std::array<T, kSize>;

  static std::string TypeName() {
    return absl::StrCat("array<", ireneo::TypeName<T>(), ",", kSize, ">");
  }
  static void Write(const Array& value, Sink& sink) {
    if constexpr (internal::RawElement<T>) {
      sink.Write(std::as_bytes(std::span(value)));
    } else {
      for (const T& element : value) ireneo::Write(element, sink);
    }
  }
  static absl::StatusOr<Array> Read(Source& source) {
    if constexpr (internal::RawElement<Array>) {
      const std::span<const std::byte> bytes = source.ReadBytes(sizeof(Array));
      if (!source.ok()) return source.status();
      return internal::LoadRaw<Array>(bytes.data());
    } else {
      return ReadElements(source, std::make_index_sequence<kSize>());
    }
  }

 private:
  template <std::size_t... kIndex>
  static absl::StatusOr<Array> ReadElements([[maybe_unused]] Source& source,
                                            std::index_sequence<kIndex...>) {
    // The braces have the elements read from left to right.
    [[maybe_unused]] std::array<absl::StatusOr<T>, kSize> elements{
        (void(kIndex), ireneo::Read<T>(source))...};
    if (!source.ok()) return source.status();
    return Array{*std::move(elements[kIndex])...};
  }
};

// As what it refers to.
template <typename T>
struct Serializer<std::reference_wrapper<T>> {
  using Stored = std::remove_const_t<T>;

  static std::string TypeName() { return ireneo::TypeName<T>(); }
  static void Write(const std::reference_wrapper<T>& value, Sink& sink) {
    ireneo::Write<Stored>(value.get(), sink);
  }
};

template <typename T, std::size_t kExtent>
inline constexpr bool kMutableView<std::span<T, kExtent>> =
    !std::is_const_v<T> || kMutableView<std::remove_cv_t<T>>;
template <typename T>
inline constexpr bool kMutableView<std::reference_wrapper<T>> =
    !std::is_const_v<T> || kMutableView<std::remove_cv_t<T>>;
template <typename T, typename Allocator>
inline constexpr bool kMutableView<std::vector<T, Allocator>> = kMutableView<T>;
template <typename T, typename Allocator>
inline constexpr bool kMutableView<std::deque<T, Allocator>> = kMutableView<T>;
template <typename T, typename Allocator>
inline constexpr bool kMutableView<std::list<T, Allocator>> = kMutableView<T>;
template <typename T, typename Allocator>
inline constexpr bool kMutableView<std::forward_list<T, Allocator>> =
    kMutableView<T>;
template <typename T, std::size_t kSize>
inline constexpr bool kMutableView<std::array<T, kSize>> = kMutableView<T>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_SEQUENCES_H_

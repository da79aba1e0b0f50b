#ifndef IRENEO_SERIALIZERS_ABSEIL_H_
#define IRENEO_SERIALIZERS_ABSEIL_H_

// Serializers for Abseil's types: times, integers of 128 bits, containers,
// absl::Span and absl::string_view.
//
// Types that hold the same values as one of the standard library have its name
// and its bytes: absl::flat_hash_map those of std::unordered_map, absl::Span
// those of std::span.
//
// There is none for absl::StatusOr and absl::Status, and there will not be: an
// error is not a result. It may be gone at the next try, and remembered it
// would be returned for ever. A memoized function may return absl::StatusOr<T>;
// OK results are remembered as a T.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/fixed_array.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/container/node_hash_map.h"
#include "absl/container/node_hash_set.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/sequences.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/sets_and_maps.h"
#include "ireneo/serializers/strings.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <>
inline constexpr bool kIsRaw<absl::int128> = true;
template <>
inline constexpr bool kIsRaw<absl::uint128> = true;
static_assert(alignof(absl::int128) <= 16 && alignof(absl::uint128) <= 16);
// Releases of Abseil differ.
template <>
inline constexpr std::size_t kRawAlignment<absl::int128> = 16;
template <>
inline constexpr std::size_t kRawAlignment<absl::uint128> = 16;

}  // namespace internal

// "i128", "u128": 16 bytes.
template <typename T>
requires(std::same_as<T, absl::int128> ||
         std::same_as<T, absl::uint128>) struct Serializer<T> {
  static std::string TypeName() {
    return std::same_as<T, absl::int128> ? "i128" : "u128";
  }
  static void Write(const T& value, Sink& sink) {
    sink.Write(std::as_bytes(std::span(&value, 1)));
  }
  static absl::StatusOr<T> Read(Source& source) {
    return source.ReadScalar<T>();
  }
};

// "absl.Duration/1": seconds as i64, rounded down; then quarters of a
// nanosecond as u32, all ones if the duration is infinite.
template <>
struct Serializer<absl::Duration> {
  static std::string TypeName() { return "absl.Duration/1"; }

  static void Write(const absl::Duration& value, Sink& sink) {
    std::int64_t seconds = value < absl::ZeroDuration() ? kMin : kMax;
    std::uint32_t quarters = kInfinite;
    if (value != absl::InfiniteDuration() &&
        value != -absl::InfiniteDuration()) {
      absl::Duration rest;
      seconds = absl::IDivDuration(value, absl::Seconds(1), &rest);
      if (rest < absl::ZeroDuration()) {
        seconds -= 1;
        rest += absl::Seconds(1);
      }
      quarters = static_cast<std::uint32_t>(rest / Quarter());
    }
    sink.WriteU64(static_cast<std::uint64_t>(seconds));
    sink.WriteU32(quarters);
  }

  static absl::StatusOr<absl::Duration> Read(Source& source) {
    const auto seconds = source.ReadScalar<std::int64_t>();
    const std::uint32_t quarters = source.ReadU32();
    if (quarters == kInfinite && (seconds == kMin || seconds == kMax)) {
      return seconds == kMin ? -absl::InfiniteDuration()
                             : absl::InfiniteDuration();
    }
    if (quarters >= kPerSecond) {
      return absl::DataLossError(absl::StrCat(
          "absl.Duration/1: expected less than a second in quarters of a "
          "nanosecond at offset ",
          source.position() - sizeof(quarters), ", found ", quarters));
    }
    return absl::Seconds(seconds) + quarters * Quarter();
  }

 private:
  static constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  static constexpr std::uint32_t kInfinite = 0xffffffff;
  static constexpr std::uint32_t kPerSecond = 4'000'000'000;

  // Abseil's resolution.
  static absl::Duration Quarter() { return absl::Nanoseconds(1) / 4; }
};

// "absl.Time/1": the duration since 1970.
template <>
struct Serializer<absl::Time> {
  static std::string TypeName() { return "absl.Time/1"; }
  static void Write(const absl::Time& value, Sink& sink) {
    ireneo::Write(value - absl::UnixEpoch(), sink);
  }
  static absl::StatusOr<absl::Time> Read(Source& source) {
    absl::StatusOr<absl::Duration> time = ireneo::Read<absl::Duration>(source);
    if (!time.ok()) return time.status();
    return absl::UnixEpoch() + *time;
  }
};

// Views, as what they view. Abseil can be built with std::string_view as its
// own.
template <typename T>
requires(std::same_as<T, absl::string_view> &&
         !std::same_as<T, std::string_view>) struct Serializer<T> {
  using Stored = std::string;

  static std::string TypeName() { return "string"; }
  static void Write(const T& value, Sink& sink) {
    sink.WriteString({value.data(), value.size()});
  }
};

template <typename T>
struct Serializer<absl::Span<T>> {
  using Stored = std::vector<std::remove_const_t<T>>;

  static std::string TypeName() { return internal::SequenceName<T>(); }
  static void Write(const absl::Span<T>& value, Sink& sink) {
    internal::WriteSequence(std::span<const T>(value.data(), value.size()),
                            sink);
  }
};

// Containers.
template <typename T, std::size_t kInlined, typename A>
struct Serializer<absl::InlinedVector<T, kInlined, A>>
    : internal::SequenceSerializer<absl::InlinedVector<T, kInlined, A>> {};
template <typename T, std::size_t kInlined, typename A>
struct Serializer<absl::FixedArray<T, kInlined, A>>
    : internal::SequenceSerializer<absl::FixedArray<T, kInlined, A>> {};
template <typename K, typename Less, typename A>
struct Serializer<absl::btree_set<K, Less, A>>
    : internal::OrderedSerializer<absl::btree_set<K, Less, A>, true> {
  static std::string TypeName() { return Serializer::Name("set"); }
};
template <typename K, typename Less, typename A>
struct Serializer<absl::btree_multiset<K, Less, A>>
    : internal::OrderedSerializer<absl::btree_multiset<K, Less, A>, false> {
  static std::string TypeName() { return Serializer::Name("multiset"); }
};
template <typename K, typename V, typename Less, typename A>
struct Serializer<absl::btree_map<K, V, Less, A>>
    : internal::OrderedSerializer<absl::btree_map<K, V, Less, A>, true> {
  static std::string TypeName() { return Serializer::Name("map"); }
};
template <typename K, typename V, typename Less, typename A>
struct Serializer<absl::btree_multimap<K, V, Less, A>>
    : internal::OrderedSerializer<absl::btree_multimap<K, V, Less, A>, false> {
  static std::string TypeName() { return Serializer::Name("multimap"); }
};
template <typename K, typename Hash, typename Equal, typename A>
struct Serializer<absl::flat_hash_set<K, Hash, Equal, A>>
    : internal::UnorderedSerializer<absl::flat_hash_set<K, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_set"); }
};
template <typename K, typename Hash, typename Equal, typename A>
struct Serializer<absl::node_hash_set<K, Hash, Equal, A>>
    : internal::UnorderedSerializer<absl::node_hash_set<K, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_set"); }
};
template <typename K, typename V, typename Hash, typename Equal, typename A>
struct Serializer<absl::flat_hash_map<K, V, Hash, Equal, A>>
    : internal::UnorderedSerializer<absl::flat_hash_map<K, V, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_map"); }
};
template <typename K, typename V, typename Hash, typename Equal, typename A>
struct Serializer<absl::node_hash_map<K, V, Hash, Equal, A>>
    : internal::UnorderedSerializer<absl::node_hash_map<K, V, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_map"); }
};

template <typename T>
inline constexpr bool kMutableView<absl::Span<T>> =
    !std::is_const_v<T> || kMutableView<std::remove_cv_t<T>>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_ABSEIL_H_

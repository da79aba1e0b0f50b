#ifndef IRENEO_SERIALIZERS_SETS_AND_MAPS_H_
#define IRENEO_SERIALIZERS_SETS_AND_MAPS_H_

// Serializers for the sets and maps of the standard library, ordered and
// unordered, with and without repeated keys.
//
// An ordered one is written in its own order, an unordered one by the bytes of
// its elements, since its own order depends on its history: equal containers
// have equal bytes. Writing an unordered container therefore takes time and
// memory for sorting; an ordered one, or a vector, is faster.
//
// A container that compares by something with a state, such as a
// std::function, can be an argument but not a result.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/sequences.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

// Keys that std::less orders by where they point.
template <typename T>
inline constexpr bool kIsSmartPointer = false;
template <typename T>
inline constexpr bool kIsSmartPointer<std::unique_ptr<T>> = true;
template <typename T>
inline constexpr bool kIsSmartPointer<std::shared_ptr<T>> = true;

// What sets and maps have in common. `kUnique`: no key twice.
template <typename Container, bool kUnique>
struct AssociativeSerializer {
  using Key = typename Container::key_type;
  static constexpr bool kIsMap = requires { typename Container::mapped_type; };

  static const Key& KeyOf(const typename Container::value_type& element) {
    if constexpr (kIsMap) {
      return element.first;
    } else {
      return element;
    }
  }

  // "map<string,f64>" for "map".
  static std::string Name(absl::string_view name) {
    if constexpr (kIsMap) {
      return absl::StrCat(name, "<", ireneo::TypeName<Key>(), ",",
                          ireneo::TypeName<typename Container::mapped_type>(),
                          ">");
    } else {
      return absl::StrCat(name, "<", ireneo::TypeName<Key>(), ">");
    }
  }

  static absl::Status OutOfOrder(const Source& source) {
    return absl::DataLossError(
        absl::StrCat("a set or map: its elements up to offset ",
                     source.position(), " are not in order, or one is twice"));
  }
};

template <typename Container, bool kUnique>
struct OrderedSerializer : AssociativeSerializer<Container, kUnique> {
  using Base = AssociativeSerializer<Container, kUnique>;
  using Key = typename Base::Key;
  using Less = typename Container::key_compare;

  static std::string Name(absl::string_view name) {
    static_assert(
        !kIsSmartPointer<Key> || !(std::same_as<Less, std::less<Key>> ||
                                   std::same_as<Less, std::less<>>),
        "ireneo: this set or map is ordered by the addresses of its "
        "keys, which are others in each process. Compare what the "
        "keys point to, or use values as keys");
    return Base::Name(name);
  }

  static void Write(const Container& value, Sink& sink) {
    sink.WriteU64(value.size());
    const std::uint64_t start = sink.position();
    for (const auto& element : value) {
      ireneo::Write(Base::KeyOf(element), sink);
      if constexpr (Base::kIsMap) ireneo::Write(element.second, sink);
    }
    RequireBytes(value.size(), start, sink);
  }

  static absl::StatusOr<Container> Read(Source& source) requires(
      std::is_empty_v<typename Container::key_compare>) {
    const std::size_t count = source.ReadCount(/*min_element_size=*/1);
    Container value;
    for (std::size_t i = 0; i < count; ++i) {
      absl::StatusOr<typename Base::Key> key =
          ireneo::Read<typename Base::Key>(source);
      if (!key.ok()) return key.status();
      auto at = value.end();
      // What is in order goes to the end.
      if constexpr (Base::kIsMap) {
        absl::StatusOr<typename Container::mapped_type> mapped =
            ireneo::Read<typename Container::mapped_type>(source);
        if (!mapped.ok()) return mapped.status();
        at = value.emplace_hint(at, *std::move(key), *std::move(mapped));
      } else {
        at = value.emplace_hint(at, *std::move(key));
      }
      const bool in_order =
          value.size() == i + 1 && std::next(at) == value.end();
      if (!in_order && stored_as == nullptr) {  // An upgrade may reorder.
        return Base::OutOfOrder(source);
      }
    }
    if (!source.ok()) return source.status();
    return value;
  }
};

template <typename Container, bool kUnique>
struct UnorderedSerializer : AssociativeSerializer<Container, kUnique> {
  using Base = AssociativeSerializer<Container, kUnique>;

  // The encodings of all elements, each as if it were a blob of its own so that
  // it does not depend on its place, are made once, and sorted by their bytes.
  // No key is the start of another's bytes, so that sorts by key, then value.
  static void Write(const Container& value, Sink& sink) {
    struct Entry {
      std::size_t start;
      std::size_t key_size;
      std::size_t size;
    };
    std::string all;
    std::vector<Entry> entries;
    entries.reserve(value.size());
    for (const auto& element : value) {
      const std::size_t start = all.size();
      StringSink own(all);
      own.ContinueDepthOf(sink);
      ireneo::Write(Base::KeyOf(element), own);
      const std::size_t key_size = own.position();
      if constexpr (Base::kIsMap) ireneo::Write(element.second, own);
      own.Flush();
      if (!own.ok()) return sink.Fail(own.status());
      entries.push_back({start, key_size, all.size() - start});
    }
    const std::string_view bytes = all;
    std::sort(entries.begin(), entries.end(),
              [bytes](const Entry& a, const Entry& b) {
                return bytes.substr(a.start, a.size) <
                       bytes.substr(b.start, b.size);
              });
    if (kUnique &&
        std::adjacent_find(entries.begin(), entries.end(),
                           [bytes](const Entry& a, const Entry& b) {
                             return bytes.substr(a.start, a.key_size) ==
                                    bytes.substr(b.start, b.key_size);
                           }) != entries.end()) {
      return sink.Fail(absl::InvalidArgumentError(
          "a set or map in which two keys have the same bytes, as NaN may, can "
          "not be stored"));
    }
    sink.WriteU64(value.size());
    const std::uint64_t start = sink.position();
    for (const Entry& entry : entries) {
      sink.Write(
          std::as_bytes(std::span(bytes.substr(entry.start, entry.size))));
    }
    RequireBytes(value.size(), start, sink);
  }

  // The order is that of the bytes that were stored, whatever an upgrade makes
  // of them.
  static absl::StatusOr<Container> Read(Source& source) requires(
      std::is_empty_v<typename Container::hasher>&&
          std::is_empty_v<typename Container::key_equal>) {
    const std::size_t count = source.ReadCount(/*min_element_size=*/1);
    Container value;
    std::string_view last;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t start = source.position();
      const std::uint64_t origin = source.AlignFromHere();
      absl::StatusOr<typename Base::Key> key =
          ireneo::Read<typename Base::Key>(source);
      if (!key.ok()) return key.status();
      const std::uint64_t key_end = source.position();
      if constexpr (Base::kIsMap) {
        absl::StatusOr<typename Container::mapped_type> mapped =
            ireneo::Read<typename Container::mapped_type>(source);
        if (!mapped.ok()) return mapped.status();
        value.emplace(*std::move(key), *std::move(mapped));
      } else {
        value.insert(*std::move(key));
      }
      source.AlignFrom(origin);
      const std::string_view order =
          BytesBetween(source, start, kUnique ? key_end : source.position());
      if (i != 0 && (kUnique ? order <= last : order < last)) {
        return Base::OutOfOrder(source);
      }
      last = order;
    }
    if (!source.ok()) return source.status();
    if (value.size() != count) return Base::OutOfOrder(source);
    return value;
  }

 private:
  static std::string_view BytesBetween(const Source& source,
                                       std::uint64_t begin, std::uint64_t end) {
    const std::span<const std::byte> bytes =
        source.blob().bytes().subspan(begin, end - begin);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

}  // namespace internal

// "set<f64>", "map<string,f64>": the count as u64; then each key and, in a
// map, its value, in the order of the container.
template <typename K, typename Less, typename A>
struct Serializer<std::set<K, Less, A>>
    : internal::OrderedSerializer<std::set<K, Less, A>, true> {
  static std::string TypeName() { return Serializer::Name("set"); }
};
template <typename K, typename Less, typename A>
struct Serializer<std::multiset<K, Less, A>>
    : internal::OrderedSerializer<std::multiset<K, Less, A>, false> {
  static std::string TypeName() { return Serializer::Name("multiset"); }
};
template <typename K, typename V, typename Less, typename A>
struct Serializer<std::map<K, V, Less, A>>
    : internal::OrderedSerializer<std::map<K, V, Less, A>, true> {
  static std::string TypeName() { return Serializer::Name("map"); }
};
template <typename K, typename V, typename Less, typename A>
struct Serializer<std::multimap<K, V, Less, A>>
    : internal::OrderedSerializer<std::multimap<K, V, Less, A>, false> {
  static std::string TypeName() { return Serializer::Name("multimap"); }
};

// "unordered_set<f64>", "unordered_map<string,f64>": likewise, in the order of
// the bytes of the keys, then of the values.
template <typename K, typename Hash, typename Equal, typename A>
struct Serializer<std::unordered_set<K, Hash, Equal, A>>
    : internal::UnorderedSerializer<std::unordered_set<K, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_set"); }
};
template <typename K, typename Hash, typename Equal, typename A>
struct Serializer<std::unordered_multiset<K, Hash, Equal, A>>
    : internal::UnorderedSerializer<std::unordered_multiset<K, Hash, Equal, A>,
                                    false> {
  static std::string TypeName() {
    return Serializer::Name("unordered_multiset");
  }
};
template <typename K, typename V, typename Hash, typename Equal, typename A>
struct Serializer<std::unordered_map<K, V, Hash, Equal, A>>
    : internal::UnorderedSerializer<std::unordered_map<K, V, Hash, Equal, A>,
                                    true> {
  static std::string TypeName() { return Serializer::Name("unordered_map"); }
};
template <typename K, typename V, typename Hash, typename Equal, typename A>
struct Serializer<std::unordered_multimap<K, V, Hash, Equal, A>>
    : internal::UnorderedSerializer<
          std::unordered_multimap<K, V, Hash, Equal, A>, false> {
  static std::string TypeName() {
    return Serializer::Name("unordered_multimap");
  }
};

template <typename K, typename V, typename Less, typename A>
inline constexpr bool kMutableView<std::map<K, V, Less, A>> = kMutableView<V>;
template <typename K, typename V, typename Less, typename A>
inline constexpr bool kMutableView<std::multimap<K, V, Less, A>> =
    kMutableView<V>;
template <typename K, typename V, typename Hash, typename Equal, typename A>
inline constexpr bool kMutableView<std::unordered_map<K, V, Hash, Equal, A>> =
    kMutableView<V>;
template <typename K, typename V, typename Hash, typename Equal, typename A>
inline constexpr bool
    kMutableView<std::unordered_multimap<K, V, Hash, Equal, A>> =
        kMutableView<V>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_SETS_AND_MAPS_H_

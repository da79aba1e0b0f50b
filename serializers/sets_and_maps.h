#ifndef IRENEO_SERIALIZERS_SETS_AND_MAPS_H_
#define IRENEO_SERIALIZERS_SETS_AND_MAPS_H_

// Serializers for the sets and maps of the standard library, ordered and
// unordered, with and without repeated keys.
//
// An ordered one is written in its own order, an unordered one by the bytes of
// its keys, since its own order depends on its history: equal containers have
// equal bytes. Writing an unordered container therefore takes time and memory
// for sorting; an ordered one, or a vector, is faster.
//
// A container that compares by something with a state, such as a
// std::function, can be an argument but not a result.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
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

  static void WriteElement(const typename Container::value_type& element,
                           Sink& sink) {
    ireneo::Write(KeyOf(element), sink);
    if constexpr (kIsMap) ireneo::Write(element.second, sink);
  }

  // Without the const of a map's key.
  static auto ReadElement(Source& source) {
    if constexpr (kIsMap) {
      return ireneo::Read<std::pair<Key, typename Container::mapped_type>>(
          source);
    } else {
      return ireneo::Read<Key>(source);
    }
  }
  using Element =
      typename decltype(ReadElement(std::declval<Source&>()))::value_type;

  static absl::Status OutOfOrder(const Source& source) {
    return absl::DataLossError(
        absl::StrCat("a set or map: its elements up to offset ",
                     source.position(), " are not in order, or one is twice"));
  }
};

template <typename Container, bool kUnique>
struct OrderedSerializer : AssociativeSerializer<Container, kUnique> {
  using Base = AssociativeSerializer<Container, kUnique>;

  static void Write(const Container& value, Sink& sink) {
    sink.WriteU64(value.size());
    const std::uint64_t start = sink.position();
    for (const auto& element : value) Base::WriteElement(element, sink);
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
      if (value.size() != i + 1 || std::next(at) != value.end()) {
        return Base::OutOfOrder(source);
      }
    }
    if (!source.ok()) return source.status();
    return value;
  }
};

// `value` as if it were a blob of its own, so that it does not depend on where
// it is written. An error that it leaves is passed to `sink`.
template <typename T>
void AppendEncoding(const T& value, Sink& sink, std::string& bytes) {
  StringSink own(bytes);
  ireneo::Write(value, own);
  own.Flush();
  if (!own.ok()) sink.Fail(own.status());
}

template <typename Container, bool kUnique>
struct UnorderedSerializer : AssociativeSerializer<Container, kUnique> {
  using Base = AssociativeSerializer<Container, kUnique>;

  // By what elements are sorted: the key, and the value if keys may be equal.
  template <typename Element>
  static std::string Order(const Element& element, Sink& sink) {
    std::string bytes;
    if constexpr (Base::kIsMap) {
      AppendEncoding(element.first, sink, bytes);
      if constexpr (!kUnique) AppendEncoding(element.second, sink, bytes);
    } else {
      AppendEncoding(element, sink, bytes);
    }
    return bytes;
  }

  static void Write(const Container& value, Sink& sink) {
    using Entry = std::pair<std::string, const typename Container::value_type*>;
    std::vector<Entry> entries;
    entries.reserve(value.size());
    for (const auto& element : value) {
      entries.emplace_back(Order(element, sink), &element);
    }
    const auto before = [](const Entry& a, const Entry& b) {
      return a.first < b.first;
    };
    std::sort(entries.begin(), entries.end(), before);
    if (kUnique && std::adjacent_find(entries.begin(), entries.end(),
                                      [](const Entry& a, const Entry& b) {
                                        return a.first == b.first;
                                      }) != entries.end()) {
      sink.Fail(absl::InvalidArgumentError(
          "a set or map in which two keys have the same bytes, as NaN may, can "
          "not be stored"));
    }
    sink.WriteU64(value.size());
    const std::uint64_t start = sink.position();
    for (const Entry& entry : entries) Base::WriteElement(*entry.second, sink);
    RequireBytes(value.size(), start, sink);
  }

  static absl::StatusOr<Container> Read(Source& source) requires(
      std::is_empty_v<typename Container::hasher>&&
          std::is_empty_v<typename Container::key_equal>) {
    const std::size_t count = source.ReadCount(/*min_element_size=*/1);
    Container value;
    DigestSink errors;
    std::string last;
    for (std::size_t i = 0; i < count; ++i) {
      absl::StatusOr<typename Base::Element> element =
          Base::ReadElement(source);
      if (!element.ok()) return element.status();
      std::string order = Order(*element, errors);
      if (i != 0 && (kUnique ? order <= last : order < last)) {
        return Base::OutOfOrder(source);
      }
      last = std::move(order);
      value.insert(*std::move(element));
    }
    if (!source.ok()) return source.status();
    if (!errors.ok() || value.size() != count) return Base::OutOfOrder(source);
    return value;
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

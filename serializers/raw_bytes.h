#ifndef IRENEO_SERIALIZERS_RAW_BYTES_H_
#define IRENEO_SERIALIZERS_RAW_BYTES_H_

// Serializers for small structs of numbers, as their bytes in memory:
//
//     struct Rgb {
//       std::uint8_t red, green, blue;
//     };
//
//     template <>
//     struct ireneo::RawBytes<acme::Rgb> : ireneo::Raw<"acme.Rgb/1"> {};
//
// Use it for what there are millions of: a std::vector of such a type is
// hashed, written and read in one piece and can be viewed in place. Otherwise
// prefer a list of fields (serializers/fields.h), whose name changes with the
// types of the members. This one does not: raise the number whenever a member
// changes.
//
// The compiler checks that every byte belongs to a member and every pattern is
// a value: no padding, no pointers, no bool (use std::uint8_t), no private
// members, no base classes. Members may be numbers, std::complex, enumerations,
// std::array of these (C arrays do not compile) and structs of such members. An
// enumeration of its own can be given a name in this way, too.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "boost/pfr/core.hpp"
#include "boost/pfr/tuple_size.hpp"
#include "ireneo/serializers/format_name.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {

// Specialize it, with `Raw` as its base, for a type that is its bytes.
template <typename T>
struct RawBytes {};

template <internal::FixedString kName>
struct Raw {
  static constexpr std::string_view kRawName = kName.view();
};

namespace internal {

template <typename T>
concept HasRawBytes = requires {
  RawBytes<T>::kRawName;
};

template <typename T>
constexpr bool MembersAreBytes();

template <typename T>
constexpr bool IsBytes() {
  if constexpr (std::is_enum_v<T>) {
    return kIsRaw<std::underlying_type_t<T>>;
  } else if constexpr (kIsRaw<T>) {
    return true;
  } else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) {
    return MembersAreBytes<T>();
  } else {
    return false;
  }
}

// Whether the members of an aggregate are bytes and leave none over.
template <typename T>
constexpr bool MembersAreBytes() {
  return []<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    using boost::pfr::tuple_element_t;
    return (IsBytes<tuple_element_t<kIndex, T>>() && ...) &&
           (sizeof(tuple_element_t<kIndex, T>) + ... + 0) == sizeof(T);
  }
  (std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
}

template <typename T>
constexpr bool RequireBytes() {
  constexpr bool kCopies = std::is_trivially_copyable_v<T>;
  static_assert(kCopies,
                "ireneo: a type with ireneo::RawBytes must be trivially "
                "copyable. List its fields instead (serializers/fields.h)");
  if constexpr (std::is_enum_v<T>) {
    static_assert(IsBytes<T>(),
                  "ireneo: an enumeration of bool can have no "
                  "ireneo::RawBytes, since not every byte is one");
  } else if constexpr (kCopies) {
    constexpr bool kPlain = std::is_aggregate_v<T>;
    static_assert(kPlain,
                  "ireneo: a type with ireneo::RawBytes must be a struct "
                  "without constructors and private members, so that these "
                  "can be checked. Specialize ireneo::Serializer instead");
    if constexpr (kPlain) {
      static_assert(MembersAreBytes<T>(),
                    "ireneo: a type with ireneo::RawBytes has padding between "
                    "its members or a member that is not a number: a pointer, "
                    "a bool, a class. Order the members by size, name the "
                    "padding, or list the fields (serializers/fields.h)");
    }
  }
  return true;
}

template <HasRawBytes T>
inline constexpr bool kIsRaw<T> = true;

}  // namespace internal

// "acme.Rgb/1": the bytes.
template <internal::HasRawBytes T>
struct Serializer<T> {
  static std::string TypeName() {
    static_assert(internal::IsFormatName(RawBytes<T>::kRawName),
                  "ireneo: the name of a raw type must be letters, digits, '.' "
                  "and '_', a slash, and the number of the format, as "
                  "acme.Rgb/1");
    static_assert(internal::RequireBytes<T>());
    static_assert(!internal::HasUpgrade<T>,
                  "ireneo: a type with ireneo::RawBytes can have no "
                  "ireneo::Upgrade, since arrays of it are read in one piece");
    return std::string(RawBytes<T>::kRawName);
  }
  static void Write(const T& value, Sink& sink) {
    sink.Write(std::as_bytes(std::span(&value, 1)));
  }
  static absl::StatusOr<T> Read(Source& source) {
    const std::span<const std::byte> bytes = source.ReadBytes(sizeof(T));
    if (!source.ok()) return source.status();
    return internal::LoadRaw<T>(bytes.data());
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_RAW_BYTES_H_

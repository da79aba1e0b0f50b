#ifndef IRENEO_SERIALIZERS_ENUMS_H_
#define IRENEO_SERIALIZERS_ENUMS_H_

// Serializers for enumerations, as their underlying integers.
//
// The name has the integer and not the enumeration, "enum<i32>", so you may
// rename it and its enumerators. You may not renumber them: stored results
// would be read as others. Give them explicit values, or give the type a name
// of its own by ireneo::RawBytes (serializers/raw_bytes.h) and raise its
// number.
//
// Any integer of the type is read, an enumerator or not, as a program can make
// it by a cast. Give an enumeration a fixed type (`enum Color : int`): of one
// without, C++ allows fewer values, and compilers choose the type.

#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/raw_bytes.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

template <typename T>
concept PlainEnum =
    std::is_enum_v<T> && !RawScalar<T> && !HasRawBytes<T>;  // No std::byte.

template <PlainEnum T>
inline constexpr bool kIsRaw<T> = kIsRaw<std::underlying_type_t<T>>;

}  // namespace internal

// "enum<i32>": the integer. Of bool: DataLoss if it is not 0 or 1.
template <internal::PlainEnum T>
struct Serializer<T> {
  using Integer = std::underlying_type_t<T>;

  static std::string TypeName() {
    return absl::StrCat("enum<", ireneo::TypeName<Integer>(), ">");
  }
  static void Write(const T& value, Sink& sink) {
    ireneo::Write(static_cast<Integer>(value), sink);
  }
  static absl::StatusOr<T> Read(Source& source) {
    const absl::StatusOr<Integer> value = ireneo::Read<Integer>(source);
    if (!value.ok()) return value.status();
    return static_cast<T>(*value);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_ENUMS_H_

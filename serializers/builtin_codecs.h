#ifndef IRENEO_SERIALIZERS_BUILTIN_CODECS_H_
#define IRENEO_SERIALIZERS_BUILTIN_CODECS_H_

// The codecs of the types that Ireneo itself serializes, by family, and what
// they share. Their encodings are those of store/FORMAT.md, "Values"; they are
// read without instantiating a type. Internal to serializers/.
//
// Elements are looked at where they lie, since inside of another value nothing
// is aligned; a copy is made only of a .npy file that must be converted.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "ireneo/serializers/codec.h"
#include "ireneo/serializers/scalar_type.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/store/source.h"

namespace ireneo::internal {

std::span<const Codec> ScalarCodecs();  // And enum, string, path.
std::span<const Codec> ContainerCodecs();
std::span<const Codec> TimeCodecs();
std::span<const Codec> JsonCodecs();
std::span<const Codec> DenseEigenCodecs();
std::span<const Codec> SparseEigenCodecs();  // And the small types.

// Whether `type` is a head and nothing else.
bool IsBare(const ParsedTypeName& type);

// InvalidArgument unless `type` has that many arguments and no fields.
absl::Status ExpectArguments(const ParsedTypeName& type, std::size_t count);

// InvalidArgument that says what was `expected` and shows the name.
absl::Status BadName(const ParsedTypeName& type, std::string_view expected);

// A head that is a number, as the "3" of "array<f64,3>".
std::optional<std::uint64_t> ParseNumber(const ParsedTypeName& type);

// The scalar that is the underlying type of "enum<i32>"; null if there is none.
const ScalarType* UnderlyingScalar(const ParsedTypeName& type);

// The number and the unit of "duration<i64,ms>"; the scalar is null if it is
// none.
struct DurationType {
  const ScalarType* scalar = nullptr;
  std::uint64_t numerator = 1;  // Of the unit, in seconds.
  std::uint64_t denominator = 1;
};
DurationType ParseDuration(const ParsedTypeName& type);

// Whether it is "time_point<system,D>" or "time_point<local,D>", of a duration.
bool IsTimePoint(const ParsedTypeName& type);

// The next `size` bytes of `source`, elements of `type`. Leaves DataLoss if one
// is not a value.
std::span<const std::byte> ReadElements(const ScalarType& type,
                                        std::uint64_t size, Source& source);

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_BUILTIN_CODECS_H_

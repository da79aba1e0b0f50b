#ifndef IRENEO_SERIALIZERS_CODEC_H_
#define IRENEO_SERIALIZERS_CODEC_H_

// How tools read values of one family of types that they know by name alone:
// what a registry (serializers/registry.h) is made of.
//
// For a type with a serializer, `Registry::Add<T>()` makes a codec. Write one
// by hand for a family of types, as `acme.Grid<f64>/1` and `acme.Grid<i32>/1`:
//
//     absl::Status VisitGrid(const ireneo::ParsedTypeName& type,
//                            ireneo::ValueWalk& walk);
//
//     registry.Add({.name = "acme.Grid/1", .visit = VisitGrid});

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "boost/json/value_from.hpp"
#include "boost/pfr/core.hpp"
#include "boost/pfr/tuple_size.hpp"
#include "ireneo/serializers/raw_bytes.h"
#include "ireneo/serializers/scalar_type.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/source.h"

namespace ireneo {

class Registry;

// What is known of all values of a type that have the same size.
struct ElementLayout {
  std::size_t size = 0;

  // Of a raw element (store/FORMAT.md, "Scalars"); 0 for others.
  std::size_t alignment = 0;

  // Not null for numbers and characters and arrays of them, of `extents`.
  const ScalarType* scalar = nullptr;
  std::vector<std::uint64_t> extents = {};
};

// One reading of one value: where its bytes come from, what is told, and which
// codecs there are. Not thread-safe.
class ValueWalk {
 public:
  // All must outlive the walk.
  ValueWalk(const Registry& registry, Source& source, ValueVisitor& visitor)
      : registry_(registry), source_(source), visitor_(visitor) {}
  ValueWalk(const ValueWalk&) = delete;
  ValueWalk& operator=(const ValueWalk&) = delete;

  Source& source() { return source_; }
  ValueVisitor& visitor() { return visitor_; }

  // Tells the visitor the value at the source, of the type `type`, and consumes
  // exactly that value.
  //
  // Errors: NotFound if there is no codec for the type; DataLoss if the bytes
  // are not such a value, or nest deeper than `kMaxValueDepth`; InvalidArgument
  // if the arguments of the type are not what its codec takes, or the name
  // claims a value with more parts than bytes; what else a codec returns.
  absl::Status Visit(const ParsedTypeName& type);

  // The same for one value behind another, told as a tuple; for values of a
  // type with fields, the fields of `type`.
  absl::Status VisitMembers(const std::vector<ParsedTypeName>& types);
  absl::Status VisitFields(const ParsedTypeName& type);

  // The layout of the values of `type`; nullopt if they differ in size or
  // nothing is known of them.
  std::optional<ElementLayout> LayoutOf(const ParsedTypeName& type) const;

 private:
  // A type with fields that the walk is in: inside of its braces its bare name
  // means it. Lives on the stack.
  struct Scope {
    const ParsedTypeName& type;
    const Scope* outer;
  };

  absl::Status VisitResolved(const ParsedTypeName& type);

  const Registry& registry_;
  Source& source_;
  ValueVisitor& visitor_;
  const Scope* scope_ = nullptr;
  int depth_ = 0;
  std::uint64_t visits_ = 0;
};

// What tools can do with the values of one type, or of one family of types.
//
// Plain functions, so that a codec copies freely and outlives nothing.
struct Codec {
  // The head and, if it has one, the format of the names that it is for:
  // "vector", "f64", "eigen/1", "acme.Mesh/1".
  std::string name = {};

  // Tells `walk.visitor()` the value at `walk.source()`, of the type `type`,
  // and consumes exactly that value. May leave errors in the source: its caller
  // looks. Recurses by `walk.Visit`.
  absl::Status (*visit)(const ParsedTypeName& type, ValueWalk& walk) = nullptr;

  // Not 0 for a raw element: size and alignment in memory.
  std::size_t raw_size = 0;
  std::size_t raw_alignment = 0;
};

namespace internal {

// Checks `type_name` and returns the name of its codec.
absl::StatusOr<std::string> CodecNameOfType(std::string_view type_name);

// Whether `type` is the name of one type only, `type_name`; else what became of
// a type that has lost or changed its fields.
bool IsType(const ParsedTypeName& type, std::string_view type_name);

template <typename T, std::size_t... kIndex>
absl::Status AppendMembers(std::vector<ParsedTypeName>& types,
                           std::index_sequence<kIndex...>);

template <typename T>
concept HasToJson = requires(const T& value) {
  { Serializer<T>::ToJson(value) } -> std::convertible_to<boost::json::value>;
};

// Appends the types of the members of an aggregate that is its bytes; those of
// members without a serializer instead of these.
template <typename T>
absl::Status AppendMemberTypes(std::vector<ParsedTypeName>& types) {
  if constexpr (Hashable<T>) {
    absl::StatusOr<ParsedTypeName> type = ParseTypeName(TypeName<T>());
    if (!type.ok()) return type.status();
    types.push_back(*std::move(type));
    return absl::OkStatus();
  } else {
    return AppendMembers<T>(
        types, std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
  }
}

template <typename T, std::size_t... kIndex>
absl::Status AppendMembers(std::vector<ParsedTypeName>& types,
                           std::index_sequence<kIndex...>) {
  absl::Status status;
  (status.Update(
       AppendMemberTypes<boost::pfr::tuple_element_t<kIndex, T>>(types)),
   ...);
  return status;
}

template <typename T>
absl::Status VisitType(const ParsedTypeName& type, ValueWalk& walk) {
  constexpr bool kConverts =
      HasToJson<T> || boost::json::has_value_from<T>::value;
  if (type.has_fields && (!kConverts || !IsType(type, TypeName<T>()))) {
    return walk.VisitFields(type);
  }
  if (!IsType(type, TypeName<T>())) {
    return absl::InvalidArgumentError("'" + type.ToString() + "' is not '" +
                                      TypeName<T>() + "'");
  }
  if constexpr (HasRawBytes<T> && std::is_class_v<T> && !kConverts) {
    // There is no padding, so the members stand one behind another.
    std::vector<ParsedTypeName> members;
    absl::Status status = AppendMembers<T>(
        members, std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
    return status.ok() ? walk.VisitMembers(members) : status;
  } else {
    Source& source = walk.source();
    const std::uint64_t start = source.position();
    const absl::StatusOr<T> value = Read<T>(source);
    if (!value.ok()) return value.status();
    if constexpr (HasToJson<T>) {
      walk.visitor().Json(Serializer<T>::ToJson(*value));
    } else if constexpr (kConverts) {
      walk.visitor().Json(boost::json::value_from(*value));
    } else {
      walk.visitor().Opaque(
          TypeName<T>(),
          source.blob().bytes().subspan(start, source.position() - start));
    }
    return absl::OkStatus();
  }
}

// The codec of a type with a serializer. Errors: as of `Registry::Add<T>`.
template <typename T>
absl::StatusOr<Codec> CodecOf() {
  if constexpr (RequireStorable<T>()) {
    absl::StatusOr<std::string> name = CodecNameOfType(TypeName<T>());
    if (!name.ok()) return name.status();
    Codec codec{.name = *std::move(name), .visit = VisitType<T>};
    if constexpr (kIsRaw<T>) {
      codec.raw_size = sizeof(T);
      codec.raw_alignment = kRawAlignment<T>;
    }
    return codec;
  } else {
    return absl::UnimplementedError("no serializer");
  }
}

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_CODEC_H_

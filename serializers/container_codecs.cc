// Sequences, arrays, sets, maps, and what is made of a fixed number of parts.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// From here on an array of raw elements is aligned for every view.
constexpr std::uint64_t kBulk = 64;

// Tells `count` elements of numbers that lie in one piece.
absl::Status VisitNumbers(const ElementLayout& layout, std::uint64_t count,
                          ValueWalk& walk) {
  const std::span<const std::byte> bytes =
      ReadElements(*layout.scalar, count * layout.size, walk.source());
  if (!walk.source().ok()) return walk.source().status();
  ArrayView array{.type = *layout.scalar, .bytes = bytes, .shape = {count}};
  array.shape.insert(array.shape.end(), layout.extents.begin(),
                     layout.extents.end());
  walk.visitor().Array(array);
  return absl::OkStatus();
}

// The error that `count` elements took fewer bytes, from `start` on.
absl::Status CheckTaken(std::uint64_t count, std::uint64_t start,
                        const Source& source) {
  if (source.position() - start >= count) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(count, " elements without bytes at offset ", start));
}

bool IsUnordered(const ParsedTypeName& type) {
  return type.head.starts_with("unordered_");
}

// An element of an unordered container was written as a blob of its own.
class ElementScope {
 public:
  ElementScope(bool apart, Source& source)
      : source_(source),
        apart_(apart),
        origin_(apart_ ? source.AlignFromHere() : 0) {}
  ~ElementScope() {
    if (apart_) source_.AlignFrom(origin_);
  }
  ElementScope(const ElementScope&) = delete;
  ElementScope& operator=(const ElementScope&) = delete;

 private:
  Source& source_;
  const bool apart_;
  const std::uint64_t origin_;
};

// The elements `type.arguments[0]` of a container, behind their count; numbers
// in one piece. With `aligned` raw elements have padding before them.
absl::Status VisitSequence(const ParsedTypeName& type, bool aligned,
                           ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  const ParsedTypeName& inner = type.arguments[0];
  Source& source = walk.source();
  const std::optional<ElementLayout> layout = walk.LayoutOf(inner);
  const std::uint64_t count = source.ReadCount(layout ? layout->size : 1);
  if (!source.ok()) return source.status();
  if (layout.has_value() && aligned && layout->alignment > 0 && count > 0) {
    source.SkipTo(count * layout->size >= kBulk ? kBulk : layout->alignment);
    if (!source.ok()) return source.status();
  }
  if (layout.has_value() && layout->scalar != nullptr) {
    return VisitNumbers(*layout, count, walk);
  }
  const std::uint64_t start = source.position();
  walk.visitor().BeginList(count, ListKind::kSequence);
  for (std::uint64_t i = 0; i < count; ++i) {
    const ElementScope element(IsUnordered(type), source);
    IRENEO_RETURN_IF_ERROR(walk.Visit(inner));
  }
  walk.visitor().EndList();
  return CheckTaken(count, start, source);
}

absl::Status VisitVector(const ParsedTypeName& type, ValueWalk& walk) {
  return VisitSequence(type, /*aligned=*/true, walk);
}

absl::Status VisitSet(const ParsedTypeName& type, ValueWalk& walk) {
  return VisitSequence(type, /*aligned=*/false, walk);
}

absl::Status VisitArray(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  const ParsedTypeName& inner = type.arguments[0];
  const std::optional<std::uint64_t> count = ParseNumber(type.arguments[1]);
  if (!count.has_value()) {
    return BadName(type, "a type and a number of elements");
  }
  std::optional<ElementLayout> layout = walk.LayoutOf(inner);
  if (layout.has_value() && layout->scalar != nullptr) {
    if (*count > walk.source().remaining() / layout->size) {
      return absl::DataLossError(absl::StrCat(
          *count, " elements expected at offset ", walk.source().position(),
          ", ", walk.source().remaining(), " bytes remain"));
    }
    return VisitNumbers(*layout, *count, walk);
  }
  walk.visitor().BeginList(*count, ListKind::kSequence);
  for (std::uint64_t i = 0; i < *count; ++i) {
    IRENEO_RETURN_IF_ERROR(walk.Visit(inner));
  }
  walk.visitor().EndList();
  return absl::OkStatus();
}

absl::Status VisitMap(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  Source& source = walk.source();
  ValueVisitor& visitor = walk.visitor();
  const ParsedTypeName& key = type.arguments[0];
  const bool object = IsBare(key) &&
                      (key.head == "string" || key.head == "path") &&
                      (type.head == "map" || type.head == "unordered_map");
  const std::uint64_t count = source.ReadCount(/*min_element_size=*/1);
  if (!source.ok()) return source.status();
  const std::uint64_t start = source.position();
  if (object) {
    visitor.BeginObject(count);
  } else {
    visitor.BeginList(count, ListKind::kSequence);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const ElementScope element(IsUnordered(type), source);
    if (object) {
      const std::string_view text = source.ReadString();
      if (!source.ok()) return source.status();
      visitor.Key(text);
      IRENEO_RETURN_IF_ERROR(walk.Visit(type.arguments[1]));
    } else {
      IRENEO_RETURN_IF_ERROR(walk.VisitMembers(type.arguments));
    }
  }
  if (object) {
    visitor.EndObject();
  } else {
    visitor.EndList();
  }
  return CheckTaken(count, start, source);
}

absl::Status VisitPair(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  return walk.VisitMembers(type.arguments);
}

absl::Status VisitTuple(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, type.arguments.size()));
  return walk.VisitMembers(type.arguments);
}

absl::Status VisitOptional(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  Source& source = walk.source();
  const std::uint64_t offset = source.position();
  const int tag = source.ReadU8();
  if (!source.ok()) return source.status();
  if (tag == 1) return walk.Visit(type.arguments[0]);
  if (tag != 0) {
    return absl::DataLossError(absl::StrCat(
        "an optional starts with 0 or 1, found ", tag, " at offset ", offset));
  }
  walk.visitor().Null();
  return absl::OkStatus();
}

absl::Status VisitVariant(const ParsedTypeName& type, ValueWalk& walk) {
  constexpr std::size_t kMaxAlternatives = 255;
  const std::size_t alternatives = type.arguments.size();
  if (alternatives == 0 || alternatives > kMaxAlternatives || type.has_fields) {
    return BadName(type, "1 to 255 types");
  }
  Source& source = walk.source();
  const std::uint64_t offset = source.position();
  const std::size_t index = source.ReadU8();
  if (!source.ok()) return source.status();
  if (index >= alternatives) {
    return absl::DataLossError(absl::StrCat("a variant starts with 0 to ",
                                            alternatives - 1, ", found ", index,
                                            " at offset ", offset));
  }
  walk.visitor().BeginVariant(index);
  IRENEO_RETURN_IF_ERROR(walk.Visit(type.arguments[index]));
  walk.visitor().EndVariant();
  return absl::OkStatus();
}

absl::Status VisitMonostate(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  walk.visitor().Null();
  return absl::OkStatus();
}

}  // namespace

std::span<const Codec> ContainerCodecs() {
  static const std::vector<Codec>& codecs = *new std::vector<Codec>{
      {.name = "vector", .visit = VisitVector},
      {.name = "array", .visit = VisitArray},
      {.name = "set", .visit = VisitSet},
      {.name = "multiset", .visit = VisitSet},
      {.name = "unordered_set", .visit = VisitSet},
      {.name = "unordered_multiset", .visit = VisitSet},
      {.name = "map", .visit = VisitMap},
      {.name = "multimap", .visit = VisitMap},
      {.name = "unordered_map", .visit = VisitMap},
      {.name = "unordered_multimap", .visit = VisitMap},
      {.name = "pair", .visit = VisitPair},
      {.name = "tuple", .visit = VisitTuple},
      {.name = "optional", .visit = VisitOptional},
      {.name = "variant", .visit = VisitVariant},
      {.name = "monostate", .visit = VisitMonostate},
  };
  return codecs;
}

}  // namespace ireneo::internal

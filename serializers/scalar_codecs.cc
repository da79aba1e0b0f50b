// Scalars, enumerations, strings and paths.

#include <string>
#include <vector>

#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

absl::Status VisitElement(const ScalarType& type, ValueWalk& walk) {
  const std::span<const std::byte> bytes =
      ReadElements(type, type.size, walk.source());
  if (!walk.source().ok()) return walk.source().status();
  walk.visitor().Scalar(type, bytes.data());
  return absl::OkStatus();
}

absl::Status VisitScalar(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  return VisitElement(*FindScalar(type.head), walk);
}

absl::Status VisitEnum(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  const ScalarType* const scalar = UnderlyingScalar(type);
  if (scalar == nullptr) {
    return BadName(type, "the name of an integer, such as 'i32'");
  }
  return VisitElement(*scalar, walk);
}

absl::Status VisitString(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  const std::string_view text = walk.source().ReadString();
  if (!walk.source().ok()) return walk.source().status();
  walk.visitor().String(text);
  return absl::OkStatus();
}

std::vector<Codec> MakeCodecs() {
  std::vector<Codec> codecs;
  for (const ScalarType& scalar : AllScalars()) {
    codecs.push_back({.name = std::string(scalar.name), .visit = VisitScalar});
  }
  codecs.push_back({.name = "enum", .visit = VisitEnum});
  codecs.push_back({.name = "string", .visit = VisitString});
  codecs.push_back({.name = "path", .visit = VisitString});
  return codecs;
}

}  // namespace

const ScalarType* UnderlyingScalar(const ParsedTypeName& type) {
  if (type.arguments.size() != 1 || type.has_fields ||
      !IsBare(type.arguments[0])) {
    return nullptr;
  }
  const ScalarType* const scalar = FindScalar(type.arguments[0].head);
  if (scalar == nullptr) return nullptr;
  const bool integral = scalar->is_integer() ||
                        scalar->kind == ScalarType::Kind::kBool ||
                        scalar->kind == ScalarType::Kind::kCharacter;
  return integral ? scalar : nullptr;
}

std::span<const Codec> ScalarCodecs() {
  static const std::vector<Codec>& codecs = *new auto(MakeCodecs());
  return codecs;
}

}  // namespace ireneo::internal

#include "ireneo/serializers/element_size.h"

#include "absl/status/statusor.h"
#include "ireneo/serializers/scalar_type.h"
#include "ireneo/serializers/type_name.h"

namespace ireneo {
namespace {

bool IsArray(const ParsedTypeName& type) {
  return type.format == 0 && !type.has_fields && !type.arguments.empty() &&
         (type.head == "vector" || type.head == "array");
}

}  // namespace

int ElementSizeOf(std::string_view type_name) {
  // Most types are none, which is cheap to see.
  if (!type_name.starts_with("vector<") && !type_name.starts_with("array<")) {
    return 0;
  }
  const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(type_name);
  if (!parsed.ok() || !IsArray(*parsed)) return 0;
  const ParsedTypeName* element = &parsed->arguments[0];
  // Those of fixed size follow one another without a gap.
  while (element->head == "array" && IsArray(*element)) {
    element = &element->arguments[0];
  }
  if (element->has_arguments || element->has_fields || element->format != 0) {
    return 0;
  }
  const ScalarType* const scalar = FindScalar(element->head);
  // Those of bool are not mapped.
  if (scalar == nullptr || scalar->alignment == 0) return 0;
  return static_cast<int>(scalar->size);
}

}  // namespace ireneo

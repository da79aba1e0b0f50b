#include "ireneo/tools/npy_type.h"

#include <cstddef>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/npy_convert.h"
#include "ireneo/store/source.h"

namespace ireneo::tools {

std::string GuessNpyType(const Registry& registry, const Blob& blob) {
  Source source(blob);
  const absl::StatusOr<NpyHeader> header = ReadNpyHeader(source);
  if (!header.ok()) return "";
  const std::optional<internal::NpyElement> element =
      internal::ParseNpyDescr(header->descr);
  if (!element.has_value() || element->kind == 'V') return "";
  std::string type =
      absl::StrCat("eigen.tensor<", element->size == 1 ? "|" : "<",
                   std::string(1, element->kind), element->size, ",");
  for (std::size_t i = 0; i < header->shape.size(); ++i) type += "?,";
  type += header->fortran_order ? "F>/1" : "C>/1";
  return registry.Validate(type, blob).ok() ? type : "";
}

}  // namespace ireneo::tools

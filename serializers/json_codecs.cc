// JSON values, and what is stored as one.

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/serializers/json.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

absl::Status VisitJson(const ParsedTypeName& type, ValueWalk& walk) {
  const bool named = type.arguments.size() == 1 &&
                     type.arguments[0].format != 0 &&
                     !type.arguments[0].has_arguments;
  if ((type.has_arguments && !named) || type.has_fields) {
    return BadName(type, "one name such as 'acme.Config/1', or there are none");
  }
  IRENEO_ASSIGN_OR_RETURN(const boost::json::value value,
                          ReadJsonLine(walk.source()));
  walk.visitor().Json(value);
  return absl::OkStatus();
}

}  // namespace

std::span<const Codec> JsonCodecs() {
  static const std::vector<Codec>& codecs =
      *new std::vector<Codec>{{.name = "json", .visit = VisitJson}};
  return codecs;
}

}  // namespace ireneo::internal

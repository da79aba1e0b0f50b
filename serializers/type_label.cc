#include "ireneo/serializers/type_label.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ireneo/serializers/type_name.h"

namespace ireneo {
namespace {

// "f64" for "<f8", "c128" for "<c16", "bool" for "|b1".
std::string ScalarOfDescr(const std::string& descr) {
  int bytes = 0;
  if (descr.size() < 3 || !absl::SimpleAtoi(descr.substr(2), &bytes)) {
    return descr;
  }
  if (descr[1] == 'b') return "bool";
  return absl::StrCat(descr.substr(1, 1), 8 * bytes);
}

// Fields, which make names long, are left out.
ParsedTypeName WithoutFields(ParsedTypeName type) {
  type.has_fields = false;
  type.fields.clear();
  for (ParsedTypeName& argument : type.arguments) {
    argument = WithoutFields(std::move(argument));
  }
  return type;
}

std::string Label(const ParsedTypeName& type, const std::string& shape) {
  const std::vector<ParsedTypeName>& arguments = type.arguments;
  if ((type.head == "eigen" || type.head == "eigen.array") &&
      arguments.size() == 4) {
    std::vector<std::string> extents;
    for (const std::string& extent : {arguments[1].head, arguments[2].head}) {
      if (extent == "1") continue;
      extents.push_back(extent.starts_with('?') ? "?" : extent);
    }
    if (extents.empty()) extents.push_back("1");
    return absl::StrCat(ScalarOfDescr(arguments[0].head), "[",
                        shape.empty() ? absl::StrJoin(extents, "x") : shape,
                        "]");
  }
  if (type.head == "vector" && arguments.size() == 1) {
    return absl::StrCat(Label(arguments[0], ""), "[",
                        shape.empty() ? "?" : shape, "]");
  }
  return WithoutFields(type).ToString() +
         (shape.empty() ? "" : absl::StrCat("[", shape, "]"));
}

}  // namespace

std::string TypeLabel(const std::string& type, const std::string& shape) {
  const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(type);
  return parsed.ok() ? Label(*parsed, shape) : type;
}

}  // namespace ireneo

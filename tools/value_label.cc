// How values look in tables and in JSON.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/serializers/type_name.h"
#include "ireneo/tools/text.h"
#include "ireneo/tools/value_view.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxLabel = 100;

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

// Six digits and as many as the integer part has: enough to tell values apart
// in a list.
double Rounded(double number) {
  if (!std::isfinite(number) || std::trunc(number) == number) return number;
  const int integer_digits =
      static_cast<int>(std::floor(std::log10(std::abs(number)))) + 1;
  char buffer[64];
  const auto [end, error] =
      std::to_chars(buffer, std::end(buffer), number,
                    std::chars_format::general, std::max(6, integer_digits));
  double rounded = number;
  std::from_chars(buffer, end, rounded);
  return rounded;
}

json::value Rounded(const json::value& value) {
  if (value.is_double()) return Rounded(value.get_double());
  if (const json::object* const object = value.if_object()) {
    json::object rounded;
    for (const auto& [key, member] : *object) rounded[key] = Rounded(member);
    return rounded;
  }
  if (!value.is_array()) return value;
  json::array array;
  for (const json::value& element : value.get_array()) {
    array.push_back(Rounded(element));
  }
  return array;
}

// Without a shape, so that it is one line.
std::string OneLine(const Description& description) {
  return Shorten(
      Escape(ToText(Description{.preview = Rounded(description.preview)})),
      kMaxLabel);
}

// An array of which the preview left nothing out.
bool IsShortArray(const Description& description) {
  const json::array* const array = description.preview.if_array();
  if (array == nullptr) return false;
  return description.shape == absl::StrCat(array->size()) &&
         OneLine(description).find(kEllipsis) == std::string::npos;
}

json::value Statistics(const std::optional<ArrayStatistics>& statistics) {
  if (!statistics.has_value()) return nullptr;
  // A NaN becomes null.
  return json::object{{"count", statistics->count},
                      {"min", statistics->min},
                      {"max", statistics->max},
                      {"mean", statistics->mean},
                      {"standard_deviation", statistics->standard_deviation},
                      {"nans", statistics->nans},
                      {"infinities", statistics->infinities},
                      {"of_magnitudes", statistics->of_magnitudes}};
}

// [3, 4] for "3x4"; [] for what is no array.
json::array Shape(const std::string& shape) {
  json::array extents;
  for (const absl::string_view extent :
       absl::StrSplit(shape, 'x', absl::SkipEmpty())) {
    std::uint64_t size = 0;
    if (absl::SimpleAtoi(extent, &size)) extents.push_back(size);
  }
  return extents;
}

}  // namespace

std::string TypeLabel(const std::string& type, const std::string& shape) {
  const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(type);
  return parsed.ok() ? Label(*parsed, shape) : type;
}

std::string ValueLabel(const ValueView& view) {
  switch (view.state) {
    case ValueView::State::kNotKept:
      return absl::StrCat("(not kept) ", TypeLabel(view.type));
    case ValueView::State::kDamaged:
      return absl::StrCat(absl::IsNotFound(view.why) ? "(gone) " : "(damaged) ",
                          TypeLabel(view.type));
    case ValueView::State::kOpaque:
      return TypeLabel(view.type);
    case ValueView::State::kShown:
      break;
  }
  const Description& description = view.description;
  return description.shape.empty() || IsShortArray(description)
             ? OneLine(description)
             : TypeLabel(view.type, description.shape);
}

std::string ResultLabel(const ValueView& view) {
  if (view.state != ValueView::State::kShown) return ValueLabel(view);
  const Description& description = view.description;
  std::string type = TypeLabel(view.type, description.shape);
  if (!description.shape.empty()) return type;
  constexpr std::size_t kMaxValue = 24;
  const std::string value = OneLine(description);
  return value.size() > kMaxValue ? type : absl::StrCat(type, " ", value);
}

json::object ToJson(const ValueView& view, bool statistics) {
  json::object object = {{"type", view.type},
                         {"digest", view.digest.ToString()},
                         {"bytes", nullptr},
                         {"shape", nullptr},
                         {"preview", nullptr}};
  if (view.size.has_value()) object["bytes"] = *view.size;
  if (view.state == ValueView::State::kShown) {
    object["shape"] = Shape(view.description.shape);
    object["preview"] = view.description.preview;
  }
  if (statistics)
    object["statistics"] = Statistics(view.description.statistics);
  object["error"] = nullptr;
  if (!view.why.ok()) object["error"] = absl::StrCat(view.why.message());
  return object;
}

}  // namespace ireneo::tools

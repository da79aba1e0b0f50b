#include "ireneo/tools/value_label.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/type_label.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxLabel = 100;

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

}  // namespace

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

}  // namespace ireneo::tools

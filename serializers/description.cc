#include "ireneo/serializers/description.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "boost/json/string.hpp"

namespace ireneo {
namespace {

namespace json = boost::json;

// The value of one number, in the fewest digits that keep it.
std::string Shortest(double number) {
  char buffer[32];
  constexpr double kExactIntegers = 1e15;
  const std::to_chars_result end =
      std::abs(number) < kExactIntegers && std::trunc(number) == number
          ? std::to_chars(buffer, std::end(buffer), number,
                          std::chars_format::fixed)  // 100000, not 1e+05.
          : std::to_chars(buffer, std::end(buffer), number);
  return std::string(buffer, end.ptr);
}

std::string Rounded(double number) {
  constexpr int kDigits = 6;
  char buffer[32];
  const std::to_chars_result end = std::to_chars(
      buffer, std::end(buffer), number, std::chars_format::general, kDigits);
  std::string exact = Shortest(number);
  std::string rounded(buffer, end.ptr);
  return exact.size() <= rounded.size() ? exact : rounded;
}

std::string Quoted(json::string_view text) {
  const std::string quoted = json::serialize(text);
  std::string escaped;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    const unsigned char c = quoted[i];
    const unsigned char next = i + 1 < quoted.size() ? quoted[i + 1] : 0;
    if (c == 0x7f) {  // JSON lets DEL pass, and U+0080 to U+009F, among which
      escaped += "\\u007f";  // are controls that terminals obey.
    } else if (c == 0xc2 && next < 0xa0) {
      absl::StrAppend(&escaped, "\\u00", absl::Hex(next, absl::kZeroPad2));
      ++i;
    } else {
      escaped += quoted[i];
    }
  }
  return escaped;
}

// How the parts of one description are written.
struct Style {
  bool rounded = false;          // Cells of a grid.
  bool complex_numbers = false;  // Pairs are [re, im].
};

std::string Text(const json::value& value, Style style) {
  switch (value.kind()) {
    case json::kind::double_:
      return style.rounded ? Rounded(value.get_double())
                           : Shortest(value.get_double());
    case json::kind::string: {
      const json::string& text = value.get_string();
      const bool plain =
          text == kEllipsis || text == "nan" || text == "inf" || text == "-inf";
      return plain ? std::string(text) : Quoted(text);
    }
    case json::kind::array: {
      const json::array& array = value.get_array();
      std::vector<std::string> parts;
      parts.reserve(array.size());
      const bool number = style.complex_numbers && array.size() == 2 &&
                          !array[0].is_array() && !array[1].is_array();
      for (const json::value& part : array) parts.push_back(Text(part, style));
      if (!number) return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
      const char* plus = parts[1].starts_with('-') ? "" : "+";
      return absl::StrCat(parts[0], plus, parts[1], "j");
    }
    case json::kind::object: {
      std::vector<std::string> parts;
      for (const auto& [key, member] : value.get_object()) {
        parts.push_back(key == kEllipsis ? kEllipsis
                                         : absl::StrCat(Quoted(key), ": ",
                                                        Text(member, style)));
      }
      return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
    }
    default:
      return json::serialize(value);
  }
}

// In columns of a terminal; `text` is UTF-8 of narrow characters.
std::size_t Width(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](unsigned char c) { return (c & 0xc0) != 0x80; });
}

// Like NumPy's: rows below each other, columns aligned on the right.
std::string Grid(const json::array& rows, Style style) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const json::value& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    if (!row.is_array()) continue;  // Rows were left out here.
    for (const json::value& cell : row.get_array()) {
      line.push_back(Text(cell, style));
      if (widths.size() < line.size()) widths.push_back(0);
      std::size_t& width = widths[line.size() - 1];
      width = std::max(width, Width(line.back()));
    }
  }
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_array()) {
      lines.push_back(kEllipsis);
      continue;
    }
    for (std::size_t j = 0; j < cells[i].size(); ++j) {
      cells[i][j].insert(0, widths[j] - Width(cells[i][j]), ' ');
    }
    lines.push_back(absl::StrCat("[", absl::StrJoin(cells[i], "  "), "]"));
  }
  return absl::StrCat("[", absl::StrJoin(lines, "\n "), "]");
}

std::string Summary(const ArrayStatistics& statistics) {
  std::string text = statistics.of_magnitudes ? ", magnitudes:" : ",";
  if (statistics.nans + statistics.infinities == statistics.count) {
    text = "";  // No finite elements.
  } else {
    absl::StrAppend(&text, " min ", Rounded(statistics.min), ", max ",
                    Rounded(statistics.max), ", mean ",
                    Rounded(statistics.mean), ", standard deviation ",
                    Rounded(statistics.standard_deviation));
  }
  if (statistics.nans != 0) {
    absl::StrAppend(&text, ", ", statistics.nans, " nan");
  }
  if (statistics.infinities != 0) {
    absl::StrAppend(&text, ", ", statistics.infinities, " inf");
  }
  return text;
}

}  // namespace

std::string ToText(const Description& description) {
  Style style;
  style.complex_numbers = description.statistics.has_value() &&
                          description.statistics->of_magnitudes;
  style.rounded = description.shape.find('x') != std::string::npos;
  std::string text = style.rounded && description.preview.is_array()
                         ? Grid(description.preview.get_array(), style)
                         : Text(description.preview, style);
  if (!description.shape.empty()) {
    absl::StrAppend(&text, "\nshape ", description.shape);
  }
  if (description.statistics.has_value()) {
    text += Summary(*description.statistics);
  }
  return text;
}

}  // namespace ireneo

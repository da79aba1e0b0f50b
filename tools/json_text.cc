#include "ireneo/tools/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>

#include "absl/strings/str_format.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/serialize.hpp"
#include "boost/json/string.hpp"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

// What is at most that long stays on one line.
constexpr std::size_t kShort = 64;

std::string_view View(const json::string& text) {
  return {text.data(), text.size()};
}

void AppendEscape(char32_t code, std::string& out) {
  if (code >= 0x10000) {  // A surrogate pair.
    AppendEscape(0xd800 + ((code - 0x10000) >> 10), out);
    code = 0xdc00 + (code & 0x3ff);
  }
  absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(code));
}

void AppendString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    if (character.size == 0) {
      absl::StrAppendFormat(&out, "\\\\x%02x",
                            static_cast<unsigned char>(text[0]));
    } else if (character.code == '"' || character.code == '\\') {
      out += '\\';
      out += text[0];
    } else if (character.code == '\n') {
      out += "\\n";
    } else if (character.IsUnsafe()) {
      AppendEscape(character.code, out);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  out += '"';
}

void AppendDouble(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, std::end(buffer), number);
  const std::string_view digits(buffer, end - buffer);
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// False, and only a start is appended, if it takes more than `limit` bytes.
bool AppendCompact(const json::value& value, std::size_t limit,
                   std::string& out) {
  const std::size_t end =
      limit > out.max_size() - out.size() ? out.max_size() : out.size() + limit;
  const char* separator = "";
  if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& element : *array) {
      out += separator;
      if (out.size() > end || !AppendCompact(element, end - out.size(), out)) {
        return false;
      }
      separator = ", ";
    }
    out += ']';
  } else if (const json::object* object = value.if_object()) {
    out += '{';
    for (const auto& [name, member] : *object) {
      out += separator;
      AppendString({name.data(), name.size()}, out);
      out += ": ";
      if (out.size() > end || !AppendCompact(member, end - out.size(), out)) {
        return false;
      }
      separator = ", ";
    }
    out += '}';
  } else if (const json::string* text = value.if_string()) {
    AppendString(View(*text), out);
  } else if (const double* number = value.if_double()) {
    AppendDouble(*number, out);
  } else {
    out += json::serialize(value);
  }
  return out.size() <= end;
}

// A row of numbers, with "nan" and the like, is one line however long.
bool IsRow(const json::value& value) {
  constexpr std::size_t kShortWord = 8;
  const json::array* const array = value.if_array();
  return array != nullptr &&
         std::all_of(array->begin(), array->end(), [](const json::value& part) {
           const json::string* const text = part.if_string();
           return !part.is_structured() &&
                  (text == nullptr || text->size() <= kShortWord);
         });
}

void Append(const json::value& value, const std::string& line_start,
            std::string& out) {
  const std::size_t start = out.size();
  const bool one_line = !value.is_structured() || IsRow(value);
  if (AppendCompact(value, one_line ? out.max_size() : kShort, out)) return;
  out.resize(start);
  const std::string inner = line_start + "  ";
  const char* separator = "";
  out += value.is_array() ? '[' : '{';
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      out += separator + inner;
      Append(element, inner, out);
      separator = ",";
    }
  } else {
    for (const auto& [name, member] : value.get_object()) {
      out += separator + inner;
      AppendString({name.data(), name.size()}, out);
      out += ": ";
      Append(member, inner, out);
      separator = ",";
    }
  }
  out += line_start;
  out += value.is_array() ? ']' : '}';
}

}  // namespace

std::string ToJsonText(const json::value& value) {
  std::string text;
  Append(value, "\n", text);
  text += '\n';
  return text;
}

std::string ToJsonElement(const json::value& value, bool first) {
  const std::string line_start = "\n  ";
  std::string text = first ? "[" : ",";
  text += line_start;
  Append(value, line_start, text);
  return text;
}

}  // namespace ireneo::tools

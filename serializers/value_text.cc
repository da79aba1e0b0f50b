#include "ireneo/serializers/value_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

// How many bytes the UTF-8 character at the start of `text` has; 0 if there is
// none.
std::size_t Utf8Size(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const std::size_t size = first < 0xc2   ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong =
      (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool beyond = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : size;
}

void AppendQuoted(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      absl::StrAppend(
          &out, "\\u00",
          absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
  }
}

}  // namespace

std::string CharacterText(std::uint32_t c) {
  const auto last = [c](int shift) {
    return static_cast<char>(0x80 | ((c >> shift) & 0x3f));
  };
  if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff) {
    return absl::StrCat("\\u{", absl::Hex(c), "}");
  }
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0 | (c >> 6)), last(0)};
  if (c < 0x10000) {
    return {static_cast<char>(0xe0 | (c >> 12)), last(6), last(0)};
  }
  return {static_cast<char>(0xf0 | (c >> 18)), last(12), last(6), last(0)};
}

std::string EscapedByte(unsigned char byte) {
  return absl::StrCat("\\x", absl::Hex(byte, absl::kZeroPad2));
}

std::string StringText(std::string_view text, std::size_t max_size) {
  std::string out;
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = Utf8Size(text.substr(position, 4));
    const std::size_t step = std::max<std::size_t>(size, 1);
    if (step > max_size - position) {
      out += kEllipsisText;
      break;
    }
    if (size == 0) {
      out += EscapedByte(text[position]);
    } else {
      out += text.substr(position, size);
    }
    position += step;
  }
  return out;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    // Most characters pass as they are.
    const std::size_t plain =
        std::find_if(text.begin(), text.end(),
                     [](unsigned char c) {
                       return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
                     }) -
        text.begin();
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t size = Utf8Size(text.substr(0, 4));
    if (size == 1) {
      AppendQuoted(text[0], out);
    } else if (size > 1) {
      out += text.substr(0, size);
    } else {
      out += '\\' + EscapedByte(text[0]);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

}  // namespace ireneo::internal

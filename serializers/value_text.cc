#include "ireneo/serializers/value_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/utf8.h"

namespace ireneo::internal {
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
  while (!text.empty()) {
    // A character that may be cut is whole in what is looked at.
    constexpr std::size_t kMaxCharacter = 4;
    const std::size_t limit = std::min(max_size, text.size());
    std::size_t size =
        Utf8PrefixSize(text.substr(0, limit + kMaxCharacter - 1));
    if (size > limit) {
      size = limit;
      while (IsUtf8Continuation(text[size])) --size;
    }
    out += text.substr(0, size);
    text.remove_prefix(size);
    max_size -= size;
    if (text.empty()) break;
    if (max_size == 0 || Utf8PrefixSize(text.substr(0, kMaxCharacter)) != 0) {
      out += kEllipsisText;
      break;
    }
    out += EscapedByte(text[0]);
    text.remove_prefix(1);
    --max_size;
  }
  return out;
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = Utf8PrefixSize(text);
    for (const char c : text.substr(0, size)) AppendJsonEscaped(c, out);
    text.remove_prefix(size);
    if (text.empty()) break;
    out += '\\' + EscapedByte(text[0]);
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace ireneo::internal

#include "ireneo/serializers/utf8.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

bool IsBetween(char c, unsigned low, unsigned high) {
  const auto byte = static_cast<unsigned char>(c);
  return low <= byte && byte <= high;
}

// The size of the character at the start of `text`, which is not empty; 0 if
// there is none. The second byte has the limits that exclude overlong forms,
// surrogates and what is too large; the others any of 80 to BF.
std::size_t CharacterSize(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t size = 0;
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (first < 0x80) {
    return 1;
  } else if (first < 0xc2) {
    return 0;
  } else if (first < 0xe0) {
    size = 2;
  } else if (first < 0xf0) {
    size = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first < 0xf5) {
    size = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (size == 0 || text.size() < size || !IsBetween(text[1], low, high)) {
    return 0;
  }
  for (std::size_t i = 2; i < size; ++i) {
    if (!IsBetween(text[i], 0x80, 0xbf)) return 0;
  }
  return size;
}

}  // namespace

std::size_t Utf8PrefixSize(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    std::uint64_t word = 0;  // Eight characters of ASCII at once.
    if (text.size() - position >= sizeof(word)) {
      std::memcpy(&word, text.data() + position, sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        position += sizeof(word);
        continue;
      }
    }
    const std::size_t size = CharacterSize(text.substr(position));
    if (size == 0) break;
    position += size;
  }
  return position;
}

std::string Quoted(std::string_view text, std::size_t max_size) {
  std::size_t size = text.size();
  if (size > max_size) {
    size = max_size;
    while (size > 0 && IsUtf8Continuation(text[size])) --size;
  }
  const std::string_view shown = text.substr(0, size);
  const bool is_utf8 = Utf8PrefixSize(shown) == size;
  std::string quoted = "'";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8)) {
      absl::StrAppend(&quoted, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      quoted += c;
    }
  }
  absl::StrAppend(&quoted, size < text.size() ? "..." : "", "'");
  return quoted;
}

void AppendJsonEscaped(char c, std::string& out) {
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
  }
  if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
    absl::StrAppend(&out, "\\u00", absl::Hex(byte, absl::kZeroPad2));
  } else {
    out += c;
  }
}

}  // namespace ireneo::internal

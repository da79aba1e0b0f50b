#include "ireneo/tools/text.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ireneo::tools {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kUnsafe[] = {
    {0x00, 0x1f},        // C0.
    {0x7f, 0x9f},        // DEL and C1.
    {0x061c, 0x061c},    // What follows changes the direction of writing.
    {0x200e, 0x200f},    //
    {0x2028, 0x202e},    // Also line and paragraph separators.
    {0x2066, 0x2069},    //
    {0xfeff, 0xfeff},    // Zero-width no-break space.
    {0xe0000, 0xe007f},  // Tags: invisible ASCII.
};

// The blocks that terminals draw two columns wide.
constexpr Range kWide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

constexpr Range kZeroWidth[] = {
    {0x0300, 0x036f},  // Combining.
    {0x200b, 0x200d},
    {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f},  // Variation selectors.
};

template <std::size_t N>
bool IsIn(const Range (&ranges)[N], char32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code](const Range& range) {
                       return range.first <= code && code <= range.last;
                     });
}

std::size_t WidthOf(char32_t code) {
  if (IsIn(kZeroWidth, code)) return 0;
  return IsIn(kWide, code) ? 2 : 1;
}

// Of the tab or the end of a line at the start of `text`; 0 if there is none.
std::size_t LayoutSize(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  return text.starts_with('\n') || text.starts_with('\t') ? 1 : 0;
}

// Moves the first character of `text`, which must not be empty.
void TakeEscaped(std::string_view& text, std::string& escaped) {
  const Utf8Character character = FirstCharacter(text);
  const std::size_t size = std::max<std::size_t>(character.size, 1);
  if (character.size == 0) {
    absl::StrAppendFormat(&escaped, "\\x%02x",
                          static_cast<unsigned char>(text[0]));
  } else if (!character.IsUnsafe()) {
    escaped += text.substr(0, size);
  } else if (character.code == '\n') {
    escaped += "\\n";
  } else if (character.code == '\t') {
    escaped += "\\t";
  } else if (character.code < 0x80) {
    absl::StrAppendFormat(&escaped, "\\x%02x",
                          static_cast<unsigned>(character.code));
  } else {
    absl::StrAppendFormat(&escaped, "\\u{%x}",
                          static_cast<unsigned>(character.code));
  }
  text.remove_prefix(size);
}

}  // namespace

bool Utf8Character::IsUnsafe() const { return IsIn(kUnsafe, code); }

Utf8Character FirstCharacter(std::string_view text) {
  if (text.empty()) return {};
  const unsigned char first = text[0];
  if (first < 0x80) return {.size = 1, .code = first};
  const std::size_t size = first < 0xc2   ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || text.size() < size) return {};
  char32_t code = first & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const unsigned char byte = text[i];
    if ((byte & 0xc0) != 0x80) return {};
    code = code << 6 | (byte & 0x3f);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kSmallest[size] || surrogate || code > 0x10ffff) return {};
  return {.size = size, .code = code};
}

std::string Escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) TakeEscaped(text, escaped);
  return escaped;
}

std::string EscapeLines(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    if (const std::size_t size = LayoutSize(text); size > 0) {
      escaped += text.substr(0, size);
      text.remove_prefix(size);
    } else {
      TakeEscaped(text, escaped);
    }
  }
  return escaped;
}

bool IsSafeText(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    if (character.size == 0 ||
        (character.IsUnsafe() && LayoutSize(text) == 0)) {
      return false;
    }
    text.remove_prefix(character.size);
  }
  return true;
}

std::size_t Width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    width += WidthOf(character.code);
    text.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return width;
}

std::string Shorten(std::string_view text, std::size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t used = 1;  // The ellipsis.
  std::size_t size = 0;
  while (true) {
    const Utf8Character character = FirstCharacter(text.substr(size));
    used += WidthOf(character.code);
    if (used > width) break;
    size += std::max<std::size_t>(character.size, 1);
  }
  return std::string(text.substr(0, size)) + "\u2026";
}

std::string ShortenStart(std::string_view text, std::size_t width) {
  if (Width(text) <= width) return std::string(text);
  if (width == 0) return "";
  while (Width(text) + 1 > width) {
    text.remove_prefix(std::max<std::size_t>(FirstCharacter(text).size, 1));
  }
  return "\u2026" + std::string(text);
}

}  // namespace ireneo::tools

#ifndef IRENEO_TOOLS_TEXT_H_
#define IRENEO_TOOLS_TEXT_H_

// Text that comes from a store and goes to a terminal. Names, salts and paths
// can hold anything, also what makes a terminal move its cursor, change its
// title or show one name for another: such characters are written as escapes.
// Other UTF-8 passes.
//
// It does not promise that escaped text can be turned back: a backslash is
// written as it is.

#include <cstddef>
#include <string>
#include <string_view>

namespace ireneo::tools {

// The character at the start of a text.
struct Utf8Character {
  std::size_t size = 0;  // Bytes. 0: the text is empty or does not start UTF-8.
  char32_t code = 0;

  // Controls, and characters that reorder or hide what stands around them.
  bool IsUnsafe() const;
};

Utf8Character FirstCharacter(std::string_view text);

// `text` on one line: controls as "\n", "\x1b" or "\u{202e}", bytes that are
// not UTF-8 as "\xff".
std::string Escape(std::string_view text);

// `text` with its lines and tabs, and all else that a terminal would obey as
// `Escape` writes it.
std::string EscapeLines(std::string_view text);

// Whether a terminal shows `text` as it is: UTF-8, with no other unsafe
// characters than tabs and ends of lines.
bool IsSafeText(std::string_view text);

// In columns of a terminal, of escaped text.
std::size_t Width(std::string_view text);

// Escaped `text`, cut to `width` columns; an ellipsis stands for the end that
// is cut off, or the start.
std::string Shorten(std::string_view text, std::size_t width);
std::string ShortenStart(std::string_view text, std::size_t width);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_TEXT_H_

#ifndef IRENEO_SERIALIZERS_UTF8_H_
#define IRENEO_SERIALIZERS_UTF8_H_

// Whether bytes are UTF-8, where they are not, and how to quote them in JSON
// and, whatever they are, in an error message.

#include <cstddef>
#include <string>
#include <string_view>

namespace ireneo::internal {

// The size of the longest start of `text` that is whole, well-formed UTF-8
// (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above
// U+10FFFF. Equals `text.size()` exactly if all of it is.
std::size_t Utf8PrefixSize(std::string_view text);

// Whether `c` is not the first byte of its character.
constexpr bool IsUtf8Continuation(char c) { return (c & 0xc0) == 0x80; }

// Appends `c` as it stands in a JSON string: escaped if it is a quote, a
// backslash or a control.
void AppendJsonEscaped(char c, std::string& out);

// `text` in single quotes, with escapes for controls and, if it is not UTF-8,
// for all that is not ASCII. At most the first `max_size` bytes of it, cut
// between characters and followed by "...".
std::string Quoted(std::string_view text, std::size_t max_size);

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_UTF8_H_

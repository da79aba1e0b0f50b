#ifndef IRENEO_SERIALIZERS_VALUE_TEXT_H_
#define IRENEO_SERIALIZERS_VALUE_TEXT_H_

// Text of values, for the outputs of a registry: whatever the bytes, what is
// written is UTF-8. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace ireneo::internal {

// Stands in a preview where elements, or the end of a string, were left out.
inline constexpr char kEllipsisText[] = "\u2026";

// A code point as UTF-8; what is no Unicode scalar value as "\u{d800}".
std::string CharacterText(std::uint32_t code);

// A byte that is no character: "\x80".
std::string EscapedByte(unsigned char byte);

// `text` as UTF-8: bytes that are not become "\x80". What is longer is cut
// behind `max_size` bytes, at a character, and ends with an ellipsis.
std::string StringText(
    std::string_view text,
    std::size_t max_size = std::numeric_limits<std::size_t>::max());

// Appends the JSON string of `StringText(text)`.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_VALUE_TEXT_H_

#ifndef IRENEO_SERIALIZERS_FORMAT_NAME_H_
#define IRENEO_SERIALIZERS_FORMAT_NAME_H_

// The names that users give their own types, as "acme.Mesh/1": what is one, and
// how one becomes a template argument. For the headers that take such names;
// users include those.

#include <cstddef>
#include <string_view>

namespace ireneo::internal {

// "acme.Params/1": letters, digits, "_" and ".", a slash, and the number of the
// format, from 1, of at most the nine digits that ParseTypeName reads. By hand,
// since g++ does not evaluate searches in strings at compile time under
// UndefinedBehaviorSanitizer.
constexpr bool IsFormatName(std::string_view name) {
  std::size_t word = 0;    // How many characters before the slash.
  std::size_t number = 0;  // How many behind it.
  bool slash = false;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (slash) {
      if (!digit || (number == 0 && c == '0')) return false;
      ++number;
    } else if (c == '/') {
      slash = true;
    } else if (digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '.' || c == '_') {
      ++word;
    } else {
      return false;
    }
  }
  return word > 0 && number > 0 && number <= 9;
}

// A string literal as a template argument:
//
//     template <internal::FixedString kName>
//     struct Json;
//
// lets users write Json<"acme.Config/1">.
template <std::size_t kSize>
struct FixedString {
  // NOLINTNEXTLINE(google-explicit-constructor)
  consteval FixedString(const char (&literal)[kSize]) {
    for (std::size_t i = 0; i < kSize; ++i) text[i] = literal[i];
  }

  // Without the zero that ends the literal.
  constexpr std::string_view view() const { return {text, kSize - 1}; }

  char text[kSize] = {};
};

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_FORMAT_NAME_H_

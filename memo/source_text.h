#ifndef IRENEO_MEMO_SOURCE_TEXT_H_
#define IRENEO_MEMO_SOURCE_TEXT_H_

// A memoized lambda whose version is the text of its body:
//
//     auto area = IRENEO_MEMOIZE(*store, "acme.Area", [](double radius) {
//       return kPi * radius * radius;
//     });
//
// Prefer it for short functions that stand on their own: edit the body, and the
// next call computes; undo the edit, and the old results are hit again.
// Comments, white space and the place of the text do not count.
//
// It sees the text and nothing else. Not what a name in it means: a function
// that it calls, a constant, a type, a macro (`kPi` above). Not compiler flags.
// Who changes one of these gets the results of before, unless it is named in
// the options, or is a parameter. For a function that is more than its own
// text, prefer `cc_source_version` (tools/source_version.bzl).

#include <cstddef>
#include <string>
#include <string_view>

#include "ireneo/memo/memoize.h"          // IWYU pragma: export
#include "ireneo/memo/memoize_options.h"  // IWYU pragma: export

namespace ireneo::internal {

// "body:" and a hash of the tokens of a text: white space between them is none.
// What the program keeps of the text is the hash.
class BodyVersion {
 public:
  // `text` ends with a NUL and has been through the preprocessor's `#`, so that
  // each literal in it is complete.
  constexpr explicit BodyVersion(const char* text);

  std::string ToString() const { return std::string("body:") + hex_; }

  friend constexpr bool operator==(const BodyVersion&,
                                   const BodyVersion&) = default;

 private:
  char hex_[33] = {};
};

// More than this and the compilers may run into their limits.
inline constexpr std::size_t kMaxBodySize = 32768;

template <bool kIsLambda, std::size_t kSize>
consteval BodyVersion VersionOfBody(const char (&text)[kSize]) {
  static_assert(kIsLambda,
                "IRENEO_MEMOIZE needs the function itself, written in place as "
                "a lambda, [](double x) { ... }: of a name the text is no "
                "version. For a function that has a name, use ireneo::Memoize "
                "with cc_source_version");
  static_assert(kSize <= kMaxBodySize,
                "IRENEO_MEMOIZE: the text of the lambda is longer than 32 kB. "
                "Make it a function, and use ireneo::Memoize with "
                "cc_source_version");
  return BodyVersion(text);
}

inline MemoizeOptions WithBody(MemoizeOptions options,
                               const BodyVersion& body) {
  if (!options.version.empty()) options.version += '+';
  options.version += body.ToString();
  return options;
}

inline MemoizeOptions WithBody(std::string_view name, const BodyVersion& body) {
  return {.name = std::string(name), .version = body.ToString()};
}

}  // namespace ireneo::internal

// A memoized function (memo/memoize.h) made of a lambda that is written in
// place. `name` is its name or, for all that can be said of a function, a
// `MemoizeOptions`; a version in these stays, in front of that of the body:
//
//     const ireneo::MemoizeOptions options = {.name = "acme.Area",
//                                             .callees = {scale.version()}};
//     auto area = IRENEO_MEMOIZE(*store, options, [](double radius) { ... });
//
// No preprocessor directive may stand in the lambda (`_Pragma` may). A text of
// 20 kB compiles with the default limits of g++ and clang.
#define IRENEO_MEMOIZE(store, name, ...)                                   \
  ::ireneo::Memoize(                                                       \
      (store),                                                             \
      ::ireneo::internal::WithBody(                                        \
          name, ::ireneo::internal::VersionOfBody<#__VA_ARGS__[0] == '['>( \
                    #__VA_ARGS__)),                                        \
      __VA_ARGS__)

// Implementation only below.

namespace ireneo::internal {

// What a token may be that starts with a character. Tables, pointers and few
// statements, because compilers count the steps that a constant takes.
struct CharacterTable {
  enum Class : unsigned char {
    kSingle,    // A token of its own.
    kSpace,     // None.
    kOperator,  // One that may go on.
    kQuote,
    kDigit,
    kLetter,
  };

  constexpr CharacterTable() {
    for (int c = 0; c < 256; ++c) {
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        of[c] = kSpace;
      } else if (c >= '0' && c <= '9') {
        of[c] = kDigit;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                 c == '$' || c == '\\' || c >= 0x80) {
        // Outside of literals a backslash starts a \u1234, and what is not
        // ASCII is part of a name.
        of[c] = kLetter;
      }
    }
    for (const char c : {'"', '\''}) of[int{c}] = kQuote;
    for (const char c : std::string_view("!#%&*+-./:<=>^|")) {
      of[int{c}] = kOperator;
    }
  }

  Class of[256] = {};
};
inline constexpr CharacterTable kCharacters;

constexpr CharacterTable::Class ClassOf(char c) {
  return kCharacters.of[static_cast<unsigned char>(c)];
}

// The following return the end of the token that starts at `p`, by the rules of
// C++ [lex], except that digraphs are two tokens and that a suffix (1s, "a"sv)
// is part of its literal.

constexpr const char* WordEnd(const char* p) {
  while (kCharacters.of[static_cast<unsigned char>(*p)] >=
         CharacterTable::kDigit) {
    ++p;
  }
  return p;
}

// As the preprocessor sees a number: 0x1'000.8p-3f.
constexpr const char* NumberEnd(const char* p) {
  for (;;) {
    p = WordEnd(p + 1);
    const bool exponent =
        p[-1] == 'e' || p[-1] == 'E' || p[-1] == 'p' || p[-1] == 'P';
    const bool more = *p == '.' || (exponent && (*p == '+' || *p == '-')) ||
                      (*p == '\'' && ClassOf(p[1]) >= CharacterTable::kDigit);
    if (!more) return p;
  }
}

// A string or character; its quote is at `p`.
constexpr const char* QuotedEnd(const char* p) {
  const char quote = *p++;
  while (*p != quote) p += *p == '\\' ? 2 : 1;
  return WordEnd(p + 1);
}

// A raw string, "x(...)x"; its quote is at `p`.
constexpr const char* RawStringEnd(const char* p) {
  const char* const delimiter = ++p;
  while (*p != '(') ++p;
  const std::ptrdiff_t size = p - delimiter;
  for (;;) {
    while (*p != ')') ++p;
    ++p;
    std::ptrdiff_t same = 0;
    while (same < size && p[same] == delimiter[same]) ++same;
    if (same == size && p[size] == '"') return WordEnd(p + size + 1);
  }
}

// A name, or a literal with a prefix.
constexpr const char* NameEnd(const char* p) {
  const char* const end = WordEnd(p);
  if (ClassOf(*end) != CharacterTable::kQuote) return end;
  const bool raw = *end == '"' && end[-1] == 'R';
  const std::ptrdiff_t size = end - p - (raw ? 1 : 0);
  const bool prefix = size == 0 ||
                      (size == 1 && (*p == 'L' || *p == 'u' || *p == 'U')) ||
                      (size == 2 && p[0] == 'u' && p[1] == '8');
  if (!prefix) return end;
  return raw ? RawStringEnd(end) : QuotedEnd(end);
}

// <<= >>= <=> ->* ... :: .* -> ## ++ -- && || << >> and what ends in "=".
constexpr const char* OperatorEnd(const char* p) {
  const char a = p[0];
  const char b = p[1];
  if (b == '=') return p + (a == '<' && p[2] == '>' ? 3 : 2);
  if (a == '.') {
    if (ClassOf(b) == CharacterTable::kDigit) return NumberEnd(p);
    return p + (b == '*' ? 2 : b == '.' && p[2] == '.' ? 3 : 1);
  }
  if (a == '-' && b == '>') return p + (p[2] == '*' ? 3 : 2);
  if (a != b || a == '*' || a == '/' || a == '%' || a == '^' || a == '!') {
    return p + 1;
  }
  return p + ((a == '<' || a == '>') && p[2] == '=' ? 3 : 2);
}

constexpr const char* TokenEnd(const char* p, CharacterTable::Class first) {
  return first == CharacterTable::kLetter     ? NameEnd(p)
         : first == CharacterTable::kDigit    ? NumberEnd(p)
         : first == CharacterTable::kQuote    ? QuotedEnd(p)
         : first == CharacterTable::kOperator ? OperatorEnd(p)
                                              : p + 1;
}

// FNV-1a of 128 bits, over the tokens and a line feed after each. Not XXH3 as
// everywhere else, which asks for more steps than a compiler takes.
constexpr BodyVersion::BodyVersion(const char* text) {
  __extension__ using Uint128 = unsigned __int128;
  constexpr Uint128 kPrime = (Uint128{1} << 88) + 0x13b;
  Uint128 hash =
      Uint128{0x6c62272e07bb0142} << 64 | Uint128{0x62b821756295c58d};
  while (*text != '\0') {
    const CharacterTable::Class first = ClassOf(*text);
    if (first == CharacterTable::kSpace) {
      ++text;
    } else {
      const char* const end = TokenEnd(text, first);
      while (text != end) {
        hash = (hash ^ static_cast<unsigned char>(*text++)) * kPrime;
      }
      hash = (hash ^ '\n') * kPrime;
    }
  }
  for (int i = 0; i < 32; ++i) {
    hex_[i] = "0123456789abcdef"[static_cast<int>(hash >> (124 - 4 * i)) & 15];
  }
}

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SOURCE_TEXT_H_

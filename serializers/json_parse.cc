// The reader of JSON text: one recursive descent over bytes that are known to
// be UTF-8.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json_text.h"
#include "ireneo/serializers/utf8.h"

namespace ireneo {
namespace {

namespace json = boost::json;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsDigit(char c) { return '0' <= c && c <= '9'; }
bool IsWord(char c) {
  return IsDigit(c) || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') ||
         c == '_' || c == '+' || c == '-' || c == '.';
}

// Appends the character `code`, which is no surrogate.
void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto append = [&](std::uint32_t byte) {
    out += static_cast<char>(byte);
  };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xc0 | (code >> 6));
    append(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    append(0xe0 | (code >> 12));
    append(0x80 | ((code >> 6) & 0x3f));
    append(0x80 | (code & 0x3f));
  } else {
    append(0xf0 | (code >> 18));
    append(0x80 | ((code >> 12) & 0x3f));
    append(0x80 | ((code >> 6) & 0x3f));
    append(0x80 | (code & 0x3f));
  }
}

// Every function returns whether it went well; the first error stays.
class Parser {
 public:
  explicit Parser(std::string_view text)
      : text_(text), end_(internal::Utf8PrefixSize(text)) {}

  absl::StatusOr<json::value> Parse() {
    json::value value;
    if (text_.starts_with(kByteOrderMark)) {
      Fail(0, "JSON text has no byte order mark; remove these three bytes");
    } else if (Value(value, /*depth=*/0)) {
      SkipSpace();
      if (position_ == text_.size()) return value;
      Expected("the end");
    }
    return status_;
  }

 private:
  // '\0' at the end: nowhere in the grammar, so it never matches.
  char Peek() const { return position_ < end_ ? text_[position_] : '\0'; }

  bool Skip(char c) {
    if (Peek() != c) return false;
    ++position_;
    return true;
  }

  void SkipSpace() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' ||
           Peek() == '\r') {
      ++position_;
    }
  }

  bool SkipDigits() {
    const std::size_t start = position_;
    while (IsDigit(Peek())) ++position_;
    return position_ > start;
  }

  // A value behind white space, into `out`, which is null. `depth` arrays and
  // objects are open around it.
  bool Value(json::value& out, std::size_t depth) {
    SkipSpace();
    switch (Peek()) {
      case '[':
        return Array(out, depth);
      case '{':
        return Object(out, depth);
      case '"':
        return StringValue(out);
      case 't':
        return Word("true", true, out);
      case 'f':
        return Word("false", false, out);
      case 'n':
        return Word("null", nullptr, out);
      default:
        if (Peek() == '-' || IsDigit(Peek())) return Number(out);
        return Expected("a value");
    }
  }

  template <typename T>
  bool Word(std::string_view word, T value, json::value& out) {
    if (text_.substr(position_, word.size()) != word) {
      return Expected("a value");
    }
    position_ += word.size();
    out = value;
    return true;
  }

  bool Array(json::value& out, std::size_t depth) {
    if (!Open(depth)) return false;
    json::array& array = out.emplace_array();
    SkipSpace();
    if (Skip(']')) return true;
    while (true) {
      if (!Value(array.emplace_back(nullptr), depth + 1)) return false;
      SkipSpace();
      if (Skip(']')) return true;
      if (!Skip(',')) return Expected("',' or ']'");
    }
  }

  bool Object(json::value& out, std::size_t depth) {
    if (!Open(depth)) return false;
    json::object& object = out.emplace_object();
    SkipSpace();
    if (Skip('}')) return true;
    while (true) {
      SkipSpace();
      const std::size_t start = position_;
      if (Peek() != '"') {
        return Expected(object.empty() ? "a name in quotes or '}'"
                                       : "a name in quotes");
      }
      const std::optional<std::string_view> name = String();
      if (!name.has_value()) return false;
      const auto [member, is_new] = object.emplace(*name, nullptr);
      if (!is_new) {
        return Fail(start, absl::StrCat("the name ", Quoted(*name),
                                        " is in this object already"));
      }
      SkipSpace();
      if (!Skip(':')) return Expected("':'");
      if (!Value(member->value(), depth + 1)) return false;
      SkipSpace();
      if (Skip('}')) return true;
      if (!Skip(',')) return Expected("',' or '}'");
    }
  }

  bool Open(std::size_t depth) {
    if (depth == kMaxJsonDepth) {
      return Fail(position_, absl::StrCat("nested deeper than ", kMaxJsonDepth,
                                          " arrays and objects"));
    }
    ++position_;
    return true;
  }

  bool StringValue(json::value& out) {
    const std::optional<std::string_view> string = String();
    if (!string.has_value()) return false;
    out.emplace_string().assign(string->data(), string->size());
    return true;
  }

  // The characters of the string whose first quote is here, valid until the
  // next call. None if there is an error.
  std::optional<std::string_view> String() {
    std::size_t start = ++position_;
    bool escaped = false;
    unescaped_.clear();
    while (true) {
      const char c = Peek();
      if (c == '"') {
        const std::string_view plain = text_.substr(start, position_++ - start);
        if (!escaped) return plain;
        unescaped_ += plain;
        return unescaped_;
      } else if (c == '\\') {
        escaped = true;
        unescaped_ += text_.substr(start, position_ - start);
        if (!Escape()) return std::nullopt;
        start = position_;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        Expected(position_ < end_            ? "an escape for a control"
                 : position_ == text_.size() ? "'\"'"
                                             : "a character");
        return std::nullopt;
      } else {
        ++position_;
      }
    }
  }

  // One escape sequence, or two that are a surrogate pair.
  bool Escape() {
    const std::size_t start = position_++;
    switch (Peek()) {
      case '"':
      case '\\':
      case '/':
        unescaped_ += Peek();
        break;
      case 'b':
        unescaped_ += '\b';
        break;
      case 'f':
        unescaped_ += '\f';
        break;
      case 'n':
        unescaped_ += '\n';
        break;
      case 'r':
        unescaped_ += '\r';
        break;
      case 't':
        unescaped_ += '\t';
        break;
      case 'u':
        return UnicodeEscape(start);
      default:
        return Expected("one of \"\\/bfnrtu behind the backslash");
    }
    ++position_;
    return true;
  }

  bool UnicodeEscape(std::size_t start) {
    std::uint32_t code = 0;
    if (!HexDigits(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && Peek() == '\\' &&
        position_ + 1 < end_ && text_[position_ + 1] == 'u') {
      ++position_;
      std::uint32_t low = 0;
      if (!HexDigits(low)) return false;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      }
    }
    if (code >= 0xd800 && code < 0xe000) {
      return Fail(start, "an escaped surrogate without its other half");
    }
    AppendUtf8(code, unescaped_);
    return true;
  }

  // Four hexadecimal digits behind the "u" that is here.
  bool HexDigits(std::uint32_t& code) {
    ++position_;
    for (int i = 0; i < 4; ++i) {
      const char c = Peek();
      const char lower = static_cast<char>(c | 0x20);
      std::uint32_t digit = 0;
      if (IsDigit(c)) {
        digit = c - '0';
      } else if ('a' <= lower && lower <= 'f') {
        digit = lower - 'a' + 10;
      } else {
        return Expected("four hexadecimal digits behind \\u");
      }
      code = code << 4 | digit;
      ++position_;
    }
    return true;
  }

  bool Number(json::value& out) {
    const std::size_t start = position_;
    Skip('-');
    if (Skip('0')) {
      if (IsDigit(Peek())) return Fail(start, "a number with a leading zero");
    } else if (!SkipDigits()) {
      return Expected("a digit");
    }
    bool is_integer = true;
    if (Skip('.')) {
      is_integer = false;
      if (!SkipDigits()) return Expected("a digit behind the point");
    }
    if (Skip('e') || Skip('E')) {
      is_integer = false;
      if (!Skip('-')) Skip('+');
      if (!SkipDigits()) return Expected("a digit of the exponent");
    }
    const std::string_view text = text_.substr(start, position_ - start);
    if (!is_integer) {
      return Converted<double>(text, out) ||
             Fail(start, absl::StrCat(Quoted(text),
                                      " is beyond the range of a double"));
    }
    return Converted<std::int64_t>(text, out) ||
           Converted<std::uint64_t>(text, out) ||
           Fail(start, absl::StrCat(Quoted(text), " is not between -2^63 and ",
                                    "2^64 - 1; write a double with a point or "
                                    "an exponent"));
  }

  // Whether `text` is in the range of `T`. For a double: does not round to
  // infinity, nor from a nonzero number to 0.
  template <typename T>
  static bool Converted(std::string_view text, json::value& out) {
    T number{};
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ec != std::errc()) {
      return false;
    }
    out = number;
    return true;
  }

  static std::string Quoted(std::string_view text) {
    return internal::Quoted(text, /*max_size=*/40);
  }

  // The word or the character that is here.
  std::string Found() const {
    if (position_ == text_.size()) return "the end";
    const auto first = static_cast<unsigned char>(text_[position_]);
    if (position_ == end_) {
      return absl::StrCat("the byte ", absl::Hex(first, absl::kZeroPad2),
                          ", which is not UTF-8 here");
    }
    std::size_t stop = position_;
    while (stop < end_ && IsWord(text_[stop])) ++stop;
    if (stop > position_) {
      return Quoted(text_.substr(position_, stop - position_));
    }
    if (first < 0x80) return Quoted(text_.substr(position_, 1));
    std::uint32_t code = first;
    std::uint32_t mask = 0x3f;
    while (++stop < end_ && internal::IsUtf8Continuation(text_[stop])) {
      code = code << 6 | (text_[stop] & 0x3f);
      mask = mask << 5 | 0x1f;
    }
    return absl::StrCat("the character U+",
                        absl::Hex(code & mask, absl::kZeroPad4));
  }

  bool Expected(std::string_view what) {
    return Fail(
        position_,
        absl::StrCat("expected ", absl::string_view(what.data(), what.size()),
                     ", found ", Found()));
  }

  bool Fail(std::size_t position, std::string_view what) {
    const std::string_view before = text_.substr(0, position);
    const std::size_t line_start = before.rfind('\n') + 1;
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto continuations =
        std::count_if(before.begin() + line_start, before.end(),
                      internal::IsUtf8Continuation);
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "JSON, line ", lines + 1, ", column ",
        before.size() - line_start - continuations + 1, " (byte ", position,
        "): ", absl::string_view(what.data(), what.size())));
    return false;
  }

  const std::string_view text_;
  const std::size_t end_;  // Where UTF-8 ends.
  std::size_t position_ = 0;
  std::string unescaped_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<json::value> ParseJson(std::string_view text) {
  try {
    return Parser(text).Parse();
  } catch (const std::length_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("JSON: too large for Boost.JSON: ", error.what()));
  }
}

}  // namespace ireneo

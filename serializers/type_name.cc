#include "ireneo/serializers/type_name.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace ireneo {
namespace {

constexpr int kMaxFormatDigits = 9;  // What surely fits an int.
constexpr std::size_t kMaxQuoted = 80;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsHead(char c) {
  return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.';
}

// One recursive descent. The first error stays; from then on every function
// returns at once.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<ParsedTypeName> Parse() {
    if (text_.size() > kMaxTypeNameSize) {
      return absl::InvalidArgumentError(absl::StrCat(
          "type name has ", text_.size(), " characters, more than the ",
          kMaxTypeNameSize, " that are read: '", Quoted(), "'"));
    }
    ParsedTypeName name = Name(/*depth=*/1);
    if (status_.ok() && position_ != text_.size()) Expected("the end");
    if (!status_.ok()) return status_;
    return name;
  }

 private:
  // '\0' at the end: not in the grammar, so it never matches.
  char Peek() const {
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool Skip(char c) {
    if (Peek() != c) return false;
    ++position_;
    return true;
  }

  template <typename Predicate>
  std::size_t SkipWhile(Predicate predicate) {
    const std::size_t start = position_;
    while (position_ < text_.size() && predicate(text_[position_])) {
      ++position_;
    }
    return position_ - start;
  }

  std::string From(std::size_t start) const {
    return std::string(text_.substr(start, position_ - start));
  }

  ParsedTypeName Name(std::size_t depth) {
    ParsedTypeName name;
    if (depth > kMaxTypeNameDepth) {
      Fail(absl::StrCat("nested deeper than ", kMaxTypeNameDepth));
      return name;
    }
    const std::size_t start = position_;
    if (SkipWhile(IsHead) == 0) {
      Expected("a name");
      return name;
    }
    name.head = From(start);
    if (Skip('<')) {
      name.has_arguments = true;
      name.arguments = List('>', [&] { return Argument(depth + 1); });
    }
    if (status_.ok() && Skip('/')) name.format = Format();
    if (status_.ok() && Skip('{')) {
      name.has_fields = true;
      name.fields = List('}', [&] { return Name(depth + 1); });
    }
    return name;
  }

  ParsedTypeName Argument(std::size_t depth) {
    const std::size_t start = position_;
    if (Skip('?')) {
      SkipWhile(IsDigit);
    } else if (Skip('<') || Skip('|')) {
      if (!IsLower(Peek())) {
        Expected("a lower-case letter");
        return {};
      }
      ++position_;
      if (SkipWhile(IsDigit) == 0) Expected("a digit");
    } else {
      return Name(depth);
    }
    return {.head = From(start)};
  }

  template <typename Item>
  std::vector<ParsedTypeName> List(char close, Item item) {
    std::vector<ParsedTypeName> list;
    if (Skip(close)) return list;
    do {
      list.push_back(item());
      if (!status_.ok()) return {};
    } while (Skip(','));
    if (!Skip(close))
      Expected(absl::StrCat("',' or '", std::string(1, close), "'"));
    return list;
  }

  int Format() {
    int format = 0;
    if (Peek() == '0') {
      Expected("a format from 1 on");
      return 0;
    }
    const std::size_t start = position_;
    for (; IsDigit(Peek()); ++position_) {
      if (position_ - start == kMaxFormatDigits) {
        Expected(
            absl::StrCat("a format of at most ", kMaxFormatDigits, " digits"));
        return 0;
      }
      format = 10 * format + (Peek() - '0');
    }
    if (position_ == start) Expected("a format, such as '/1'");
    return format;
  }

  void Expected(std::string_view what) {
    const std::string found =
        position_ < text_.size()
            ? absl::StrCat("'", absl::CEscape({text_.data() + position_, 1}),
                           "'")
            : "the end";
    Fail(absl::StrCat("expected ", absl::string_view(what.data(), what.size()),
                      ", found ", found));
  }

  void Fail(std::string_view what) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("type name '", Quoted(), "', position ", position_, ": ",
                     absl::string_view(what.data(), what.size())));
  }

  std::string Quoted() const {
    const std::string_view head = text_.substr(0, kMaxQuoted);
    return absl::StrCat(absl::CEscape({head.data(), head.size()}),
                        head.size() < text_.size() ? "..." : "");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  absl::Status status_;
};

void Append(const ParsedTypeName& name, std::string& text);

void AppendList(const std::vector<ParsedTypeName>& list, std::string& text) {
  const char* separator = "";
  for (const ParsedTypeName& item : list) {
    text += std::exchange(separator, ",");
    Append(item, text);
  }
}

void Append(const ParsedTypeName& name, std::string& text) {
  text += name.head;
  if (name.has_arguments) {
    text += '<';
    AppendList(name.arguments, text);
    text += '>';
  }
  if (name.format != 0) absl::StrAppend(&text, "/", name.format);
  if (name.has_fields) {
    text += '{';
    AppendList(name.fields, text);
    text += '}';
  }
}

}  // namespace

std::string ParsedTypeName::ToString() const {
  std::string text;
  Append(*this, text);
  return text;
}

absl::StatusOr<ParsedTypeName> ParseTypeName(std::string_view name) {
  return Parser(name).Parse();
}

}  // namespace ireneo

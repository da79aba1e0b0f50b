// The writer of canonical JSON text.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json_text.h"
#include "ireneo/serializers/utf8.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

namespace json = boost::json;

std::string_view NameOf(const json::key_value_pair& member) {
  return {member.key().data(), member.key().size()};
}

// Every function returns whether it went well. The place of an error is put
// together on the way back from it, so that it costs nothing otherwise.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(sink) {}

  void Write(const json::value& value) {
    if (Value(value, /*depth=*/0)) return;
    std::string place;
    std::for_each(
        reversed_place_.rbegin(), reversed_place_.rend(),
        [&](const std::string& part) { absl::StrAppend(&place, "/", part); });
    if (!place.empty()) {
      place = absl::StrCat(" at ", internal::Quoted(place, /*max_size=*/200));
    }
    sink_.Fail(absl::InvalidArgumentError(
        absl::StrCat("JSON value", place, ": ", error_)));
  }

 private:
  void Text(std::string_view text) {
    sink_.Write(std::as_bytes(std::span(text)));
  }

  bool Value(const json::value& value, std::size_t depth) {
    switch (value.kind()) {
      case json::kind::null:
        Text("null");
        return true;
      case json::kind::bool_:
        Text(value.get_bool() ? "true" : "false");
        return true;
      case json::kind::int64:
        return Integer(value.get_int64());
      case json::kind::uint64:
        return Integer(value.get_uint64());
      case json::kind::double_:
        return Double(value.get_double());
      case json::kind::string:
        return String({value.get_string().data(), value.get_string().size()});
      case json::kind::array:
        return Array(value.get_array(), depth);
      case json::kind::object:
        break;
    }
    return Object(value.get_object(), depth);
  }

  template <typename T>
  bool Integer(T value) {
    char text[24];
    Text({text, std::to_chars(text, std::end(text), value).ptr});
    return true;
  }

  bool Double(double value) {
    if (!std::isfinite(value)) {
      return Fail(std::isnan(value)
                      ? "JSON has no NaN; use null or a string instead"
                      : "JSON has no infinity; use null or a string instead");
    }
    char text[32];
    const std::string_view digits(
        text, std::to_chars(text, std::end(text), value).ptr);
    Text(digits);
    if (digits.find_first_of(".e") == std::string_view::npos) Text(".0");
    return true;
  }

  bool String(std::string_view text) {
    if (const std::size_t size = internal::Utf8PrefixSize(text);
        size < text.size()) {
      return Fail(absl::StrCat("the string ",
                               internal::Quoted(text, /*max_size=*/40),
                               " is not UTF-8 at byte ", size));
    }
    Text("\"");
    std::size_t start = 0;
    std::string escaped;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      Text(text.substr(start, i - start));
      escaped.clear();
      internal::AppendJsonEscaped(text[i], escaped);
      Text(escaped);
      start = i + 1;
    }
    Text(text.substr(start));
    Text("\"");
    return true;
  }

  bool Array(const json::array& array, std::size_t depth) {
    if (depth == kMaxJsonDepth) return TooDeep();
    std::string_view separator = "[";
    for (std::size_t i = 0; i < array.size(); ++i) {
      Text(separator);
      separator = ",";
      if (!Value(array[i], depth + 1)) {
        reversed_place_.push_back(absl::StrCat(i));
        return false;
      }
    }
    Text(array.empty() ? "[]" : "]");
    return true;
  }

  bool Object(const json::object& object, std::size_t depth) {
    if (depth == kMaxJsonDepth) return TooDeep();
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const json::key_value_pair& member : object) {
      members.push_back(&member);
    }
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
      return NameOf(*a) < NameOf(*b);
    });
    std::string_view separator = "{";
    for (const json::key_value_pair* member : members) {
      Text(separator);
      separator = ",";
      const std::string_view name = NameOf(*member);
      if (!String(name)) return false;
      Text(":");
      if (!Value(member->value(), depth + 1)) {
        reversed_place_.push_back(
            absl::StrReplaceAll(absl::string_view(name.data(), name.size()),
                                {{"~", "~0"}, {"/", "~1"}}));
        return false;
      }
    }
    Text(object.empty() ? "{}" : "}");
    return true;
  }

  bool TooDeep() {
    return Fail(absl::StrCat("nested deeper than ", kMaxJsonDepth,
                             " arrays and objects"));
  }

  bool Fail(std::string what) {
    error_ = std::move(what);
    return false;
  }

  Sink& sink_;
  std::string error_;
  std::vector<std::string> reversed_place_;
};

}  // namespace

void WriteCanonicalJson(const json::value& value, Sink& sink) {
  Writer(sink).Write(value);
}

absl::StatusOr<std::string> CanonicalJson(const json::value& value) {
  std::string text;
  StringSink sink(text);
  WriteCanonicalJson(value, sink);
  sink.Flush();
  if (!sink.ok()) return sink.status();
  return text;
}

}  // namespace ireneo

// JSON values, and what is stored as one.

#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/json/basic_parser_impl.hpp"
#include "boost/json/value.hpp"
#include "boost/json/value_stack.hpp"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 256;

// Builds a value. Boost.JSON's own parser rounds doubles and keeps the last of
// the members that have one name; this rounds none and refuses those.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  json::value Release() { return stack_.release(); }
  const std::string& why() const { return why_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t size, json::error_code&) {
    stack_.push_array(size);
    return true;
  }
  bool on_object_begin(json::error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, json::error_code&) {
    keys_.pop_back();
    stack_.push_object(size);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_.append(part.data(), part.size());
    stack_.push_key(part);
    if (!keys_.back().insert(std::exchange(key_, std::string())).second) {
      return Fail("a name twice in an object", error);
    }
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, json::error_code&) {
    number_.clear();
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code&) {
    number_.clear();
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    number_.append(part.data(), part.size());
    const std::string text = std::exchange(number_, std::string());
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, code] = std::from_chars(text.data(), end, value);
    if (code != std::errc{} || rest != end ||
        text.find_first_of(".eE") == std::string::npos) {
      return Fail("a number that is out of range", error);
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool Fail(const char* why, json::error_code& error) {
    why_ = why;
    error = json::error::syntax;
    return false;
  }

  json::value_stack stack_;
  std::vector<std::set<std::string>> keys_;  // Of the objects that are open.
  std::string key_;
  std::string number_;
  std::string why_;
};

absl::StatusOr<json::value> ParseText(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  const std::size_t parsed =
      parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (!error && parsed == text.size()) return parser.handler().Release();
  return absl::DataLossError(
      absl::StrCat("no JSON text: ",
                   !parser.handler().why().empty() ? parser.handler().why()
                   : error                         ? error.message()
                           : "something behind the value",
                   " at character ", parsed));
}

absl::Status VisitJson(const ParsedTypeName& type, ValueWalk& walk) {
  const bool named = type.arguments.size() == 1 &&
                     type.arguments[0].format != 0 &&
                     !type.arguments[0].has_arguments;
  if ((type.has_arguments && !named) || type.has_fields) {
    return BadName(type, "one name such as 'acme.Config/1', or there are none");
  }
  Source& source = walk.source();
  const std::span<const std::byte> rest =
      source.blob().bytes().subspan(source.position());
  const std::string_view text(reinterpret_cast<const char*>(rest.data()),
                              rest.size());
  const std::size_t size = text.find('\n');
  if (size == std::string_view::npos) {
    return absl::DataLossError(
        absl::StrCat("expected JSON on a line from offset ", source.position(),
                     ", found no end of line"));
  }
  source.ReadBytes(size + 1);
  IRENEO_ASSIGN_OR_RETURN(const json::value value,
                          ParseText(text.substr(0, size)));
  walk.visitor().Json(value);
  return absl::OkStatus();
}

}  // namespace

std::span<const Codec> JsonCodecs() {
  static const std::vector<Codec>& codecs =
      *new std::vector<Codec>{{.name = "json", .visit = VisitJson}};
  return codecs;
}

}  // namespace ireneo::internal

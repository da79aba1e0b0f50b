#include "ireneo/serializers/json_text.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/value.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

namespace json = boost::json;

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Repeated(std::string_view text, std::size_t count) {
  std::string repeated;
  for (std::size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

json::value Parsed(std::string_view text) {
  absl::StatusOr<json::value> value = ParseJson(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *std::move(value) : json::value();
}

std::string ParseError(std::string_view text) {
  const absl::Status status = ParseJson(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

std::string Canonical(const json::value& value) {
  const absl::StatusOr<std::string> text = CanonicalJson(value);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

std::string WriteError(const json::value& value) {
  const absl::Status status = CanonicalJson(value).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

// `depth` arrays inside of one another.
json::value NestedArrays(std::size_t depth) {
  json::value value = nullptr;
  for (std::size_t i = 0; i < depth; ++i) {
    json::array outer;
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  return value;
}

TEST(ParseJsonTest, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(ParseError("[1,\n 2,\n {\"a\" 1}]"),
            "JSON, line 3, column 7 (byte 14): expected ':', found '1'");
  EXPECT_EQ(ParseError("[1 \n"),
            "JSON, line 2, column 1 (byte 4): expected ',' or ']', found the "
            "end");
  EXPECT_EQ(ParseError("[\"\xc3\xa4\xf0\x9d\x84\x9e\" x]"),
            "JSON, line 1, column 7 (byte 10): expected ',' or ']', found 'x'");
  EXPECT_EQ(ParseError("[" + Repeated("abcdefghij", 5)),
            "JSON, line 1, column 2 (byte 1): expected a value, found "
            "'abcdefghijabcdefghijabcdefghijabcdefghij...'");
}

TEST(ParseJsonTest, LongNamesAreCutBetweenCharacters) {
  const std::string name =
      absl::StrCat("\"x", Repeated("\xc3\xa4", 30), "\":0");
  EXPECT_THAT(ParseError(absl::StrCat("{", name, ",", name, "}")),
              HasSubstr(absl::StrCat("the name 'x", Repeated("\xc3\xa4", 19),
                                     "...' is in this object already")));
}

TEST(ParseJsonTest, NumbersAreOfTheirKind) {
  EXPECT_EQ(Parsed("9223372036854775807").get_int64(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Parsed("-9223372036854775808").get_int64(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Parsed("9223372036854775808").get_uint64(), std::uint64_t{1} << 63);
  EXPECT_EQ(Parsed("18446744073709551615").get_uint64(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(Parsed("-0").get_int64(), 0);
  EXPECT_EQ(Parsed("1.0").get_double(), 1);
  EXPECT_EQ(Parsed("1e0").get_double(), 1);
  EXPECT_TRUE(std::signbit(Parsed("-0.0").get_double()));
  EXPECT_TRUE(std::signbit(Parsed("-0e-999999999999").get_double()));
  EXPECT_FALSE(std::signbit(Parsed("0e0").get_double()));
}

TEST(ParseJsonTest, NumbersOfManyDigits) {
  const std::string digits = Repeated("1", 1'000'000);
  EXPECT_EQ(Parsed("0." + digits).get_double(), 0.1111111111111111111);
  EXPECT_EQ(Parsed(digits + "e-999999").get_double(), 1.111111111111111111);
  EXPECT_EQ(Parsed("0." + Repeated("0", 1'000'000) + "1e1000001").get_double(),
            1);
  EXPECT_THAT(ParseError(digits), HasSubstr("is not between -2^63"));
  EXPECT_THAT(ParseError(digits + ".5"), HasSubstr("the range of a double"));
}

TEST(ParseJsonTest, DepthIsBounded) {
  for (const std::string_view open : {"[", "{\"a\":", "[{\"a\":"}) {
    const std::size_t each = open.size() > 5 ? 2 : 1;
    const std::string_view close = each == 2 ? "}]" : open == "[" ? "]" : "}";
    const auto nested = [&](std::size_t count) {
      return absl::StrCat(Repeated(open, count), "0", Repeated(close, count));
    };
    EXPECT_EQ(Canonical(Parsed(nested(kMaxJsonDepth / each))),
              nested(kMaxJsonDepth / each));
    EXPECT_THAT(ParseError(nested(kMaxJsonDepth / each + 1)),
                HasSubstr("nested deeper than 256 arrays and objects"));
  }
  EXPECT_THAT(ParseError(Repeated("[", 100'000)), HasSubstr("(byte 256)"));
  EXPECT_THAT(ParseError(Repeated("{\"a\":", 100'000)),
              HasSubstr("(byte 1280)"));
  EXPECT_THAT(ParseError(Repeated("[{\"\":", 100'000)), HasSubstr("deeper"));
  EXPECT_THAT(ParseError(Repeated("]", 100'000)), HasSubstr("found ']'"));
}

TEST(ParseJsonTest, DepthIsOfWhatIsOpen) {
  const std::string wide =
      absl::StrCat("[0", Repeated(",[{\"a\":[]}]", 1000), "]");
  EXPECT_THAT(Parsed(wide).get_array(), SizeIs(1001));
}

TEST(ParseJsonTest, LargeObjectsNeedNotLongAndKeepNamesApart) {
  std::string text = "{";
  for (int i = 99'999; i >= 0; --i) absl::StrAppend(&text, "\"", i, "\":0,");
  text.back() = '}';
  const json::value value = Parsed(text);
  EXPECT_THAT(value.get_object(), SizeIs(100'000));
  EXPECT_THAT(Canonical(value), SizeIs(text.size()));
  text.back() = ',';
  EXPECT_THAT(ParseError(text + "\"77777\":0}"),
              HasSubstr("the name '77777' is in this object already"));
}

TEST(ParseJsonTest, TakesLargeStrings) {
  const std::string plain = Repeated("\xc3\xa4 and more ", 100'000);
  EXPECT_EQ(Parsed(absl::StrCat("\"", plain, "\"")).get_string(), plain);
  const std::string escapes = Repeated("\\n", 100'000);
  EXPECT_EQ(Parsed(absl::StrCat("\"", escapes, "\"")).get_string(),
            Repeated("\n", 100'000));
}

TEST(ParseJsonTest, ReadsNothingBehindTheText) {
  for (const std::string_view text :
       {"nul", "tru", "-", "1.", "1e", "\"\\", "\"\\u12", "\"\\ud834\\",
        "\"\xc3", "\"\xf0\x9d\x84", "[1", "{\"a\"", " "}) {
    // AddressSanitizer guards the end.
    const std::vector<char> exact(text.begin(), text.end());
    EXPECT_FALSE(ParseJson(std::string_view(exact.data(), exact.size())).ok());
  }
}

TEST(CanonicalJsonTest, EqualValuesHaveEqualText) {
  EXPECT_EQ(Canonical(json::value(std::int64_t{7})),
            Canonical(json::value(std::uint64_t{7})));
  EXPECT_EQ(Canonical({{"a", 1}, {"b", 2}}), Canonical({{"b", 2}, {"a", 1}}));
  EXPECT_NE(Canonical(json::value(1)), Canonical(json::value(1.0)));
  EXPECT_NE(Canonical(json::value(0.0)), Canonical(json::value(-0.0)));
  EXPECT_NE(Canonical(json::value("1")), Canonical(json::value(1)));
  EXPECT_NE(Canonical(json::object()), Canonical(json::array()));
}

TEST(CanonicalJsonTest, EveryAsciiCharacterComesBack) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    const json::value value{{text, text}};
    const std::string canonical = Canonical(value);
    EXPECT_EQ(Parsed(canonical), value) << canonical;
    EXPECT_EQ(canonical.find('\n'), std::string::npos);
  }
}

TEST(CanonicalJsonTest, ErrorsNameThePlace) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(WriteError(nan),
            "JSON value: JSON has no NaN; use null or a string instead");
  EXPECT_EQ(WriteError({{"a", {1, {{"b", -infinity}}}}}),
            "JSON value at '/a/1/b': JSON has no infinity; use null or a "
            "string instead");
  EXPECT_THAT(WriteError({{"a/b~c", {{"", nan}}}}),
              HasSubstr("JSON value at '/a~1b~0c/': "));
  EXPECT_THAT(WriteError({{"\n\xc3\xa4", {nan}}}),
              HasSubstr("JSON value at '/\\x0a\xc3\xa4/0': "));
  EXPECT_EQ(WriteError({0, "ab\xc3"}),
            "JSON value at '/1': the string 'ab\\xc3' is not UTF-8 at byte 2");
  EXPECT_EQ(WriteError({{"a", {{"\xff", 1}}}}),
            "JSON value at '/a': the string '\\xff' is not UTF-8 at byte 0");
  EXPECT_THAT(WriteError(json::value(Repeated("\x80", 1000))),
              HasSubstr("the string '...' is not"));
}

TEST(CanonicalJsonTest, DepthIsBounded) {
  EXPECT_EQ(Canonical(NestedArrays(256)),
            absl::StrCat(Repeated("[", 256), "null", Repeated("]", 256)));
  EXPECT_THAT(WriteError(NestedArrays(257)),
              HasSubstr("/0/0...': nested deeper than 256 arrays and objects"));
  EXPECT_THAT(WriteError({{"a", NestedArrays(256)}}), HasSubstr("at '/a/0"));
}

TEST(WriteCanonicalJsonTest, AppendsToTheSinkOrFailsIt) {
  std::string text;
  StringSink sink(text);
  WriteCanonicalJson({1, "two"}, sink);
  WriteCanonicalJson(nullptr, sink);
  sink.Flush();
  EXPECT_TRUE(sink.ok());
  EXPECT_EQ(text, "[1,\"two\"]null");
  WriteCanonicalJson({1, std::numeric_limits<double>::infinity()}, sink);
  EXPECT_EQ(sink.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ireneo

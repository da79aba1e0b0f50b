#include "ireneo/tools/json_text.h"

#include <cmath>
#include <limits>
#include <string>

#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/parse.hpp"
#include "gtest/gtest.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

TEST(ToJsonTextTest, ShortValuesStayOnOneLine) {
  EXPECT_EQ(ToJsonText(json::object{{"a", json::array{1, nullptr, true}},
                                    {"b", json::object{}}}),
            "{\"a\": [1, null, true], \"b\": {}}\n");
}

TEST(ToJsonTextTest, LongValuesAreIndented) {
  const std::string text(60, 'x');
  EXPECT_EQ(ToJsonText(json::object{{"a", json::array{text, 1}}, {"b", 2}}),
            "{\n"
            "  \"a\": [\n"
            "    \"" +
                text +
                "\",\n"
                "    1\n"
                "  ],\n"
                "  \"b\": 2\n"
                "}\n");
}

TEST(ToJsonTextTest, RowsOfNumbersStayOnOneLine) {
  json::array row(100, json::value(0.5));
  row.push_back("nan");
  const std::string line = ToJsonText(row);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(ToJsonText(json::array{row, row}),
            "[\n  " + line.substr(0, line.size() - 1) + ",\n  " +
                line.substr(0, line.size() - 1) + "\n]\n");
}

TEST(ToJsonTextTest, ShortMeansSixtyFourBytes) {
  for (const std::size_t size : {59, 60, 61}) {
    const std::string text = ToJsonText(json::array{std::string(size, 'x')});
    EXPECT_EQ(text.find('\n') == text.size() - 1, size <= 60) << text;
    const json::value nested = {{"a", {{"b", std::string(size - 12, 'x')}}}};
    EXPECT_EQ(json::parse(ToJsonText(nested)), nested);
    EXPECT_EQ(ToJsonText(nested).find('\n') == ToJsonText(nested).size() - 1,
              size <= 60);
  }
}

TEST(ToJsonTextTest, ElementsOneByOneMakeTheSameText) {
  const json::array array = {json::object{{"a", std::string(80, 'x')}},
                             json::array{1, 2}, std::string(80, 'y'), nullptr};
  std::string text;
  for (const json::value& element : array) {
    text += ToJsonElement(element, text.empty());
  }
  EXPECT_EQ(text + "\n]\n", ToJsonText(array));
}

TEST(ToJsonTextTest, DoublesAreShortAndStayDoubles) {
  EXPECT_EQ(ToJsonText(0.1), "0.1\n");
  EXPECT_EQ(ToJsonText(5.0), "5.0\n");
  EXPECT_EQ(ToJsonText(1e300), "1e+300\n");
  EXPECT_EQ(ToJsonText(-0.0), "-0.0\n");
  EXPECT_EQ(ToJsonText(~0ull), "18446744073709551615\n");
  EXPECT_EQ(ToJsonText(std::nan("")), "null\n");
  EXPECT_EQ(ToJsonText(-std::numeric_limits<double>::infinity()), "null\n");
}

TEST(ToJsonTextTest, StringsAreSafeOnATerminal) {
  EXPECT_EQ(ToJsonText("\"\\/\n\t\x1b\x7f"),
            "\"\\\"\\\\/\\n\\u0009\\u001b\\u007f\"\n");
  EXPECT_EQ(ToJsonText("gr\u00fc\u00df \u009b\u202e\U000e0041"),
            "\"gr\u00fc\u00df \\u009b\\u202e\\udb40\\udc41\"\n");
}

TEST(ToJsonTextTest, IsJsonWhateverTheBytes) {
  EXPECT_EQ(ToJsonText("a\xff"), "\"a\\\\xff\"\n");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const json::value value = json::object{{all, all}};
  boost::system::error_code error;
  json::parse(ToJsonText(value), error);
  EXPECT_FALSE(error) << error.message();
}

TEST(ToJsonTextTest, ParsesToTheSameValue) {
  const json::value value = {
      {"strings", {"\u0001", "\U0001f600", "\u202e", "/"}},
      {"numbers", {1, -2, 0.1, 1e-300, 12345678901234567890u}},
      {"nested", {{"a", {{1, 2}, {3, 4}}}, {"b", nullptr}}}};
  EXPECT_EQ(json::parse(ToJsonText(value)), value);
}

}  // namespace
}  // namespace ireneo::tools

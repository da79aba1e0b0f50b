// The codec of JSON values.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

std::string Line(std::string_view text) {
  return Json("json", Bytes().Text(text).Text("\n"));
}

TEST(JsonCodecTest, WhatWasStoredIsWritten) {
  for (const char* text :
       {"null", "true", "[]", "{}", "1", "1.0", "-0.0", "18446744073709551615",
        "-9223372036854775808", "0.1", "5e-324", "1e+300",
        "{\"a\":[1,\"x\"],\"b\":{}}", "\"\\u0001\\n\\\"\u00e9\""}) {
    EXPECT_EQ(Line(text), text);
  }
}

TEST(JsonCodecTest, DoublesAreNotRounded) {
  // Boost.JSON 1.81 by itself reads this one wrong.
  for (const char* text : {"1.7976931348623157e+308", "2.2250738585072014e-308",
                           "0.30000000000000004", "9007199254740993.0"}) {
    EXPECT_EQ(Describe("json", Bytes().Text(text).Text("\n"))->preview,
              std::stod(text));
  }
}

TEST(JsonCodecTest, AnyOneLineIsRead) {
  EXPECT_EQ(Line("{ \"b\" : 1E2, \"a\":\t\"\\u00e9\" }"),
            "{\"b\":100.0,\"a\":\"\u00e9\"}");
}

TEST(JsonCodecTest, TypesWithAJsonFormAreTheirValue) {
  EXPECT_EQ(Json("json<acme.Config/1>", Bytes().Text("[1]\n")), "[1]");
  EXPECT_EQ(Json("tuple<json,u8>", Bytes().Text("[1]\n\7")), "[[1],7]");
  EXPECT_EQ(ErrorOf("json<f64>", Bytes().Text("1\n")).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(JsonCodecTest, WhatIsNoJsonLineIsDataLoss) {
  for (const std::string_view text :
       {"", "1", "\n", "[1\n", "[1]]\n", "1 2\n", "{\"a\":1,\"a\":2}\n",
        "18446744073709551616\n", "1e400\n", "1e-400\n", "\"\xff\"\n",
        "\"\\ud800\"\n", "nan\n",
        "\xef\xbb\xbf"
        "1\n",
        "1\n2\n"}) {
    ExpectDataLoss("json", Bytes().Text(text), "");
  }
  const auto nested = [](int depth) {
    return Bytes()
        .Text(std::string(depth, '['))
        .Text(std::string(depth, ']'))
        .Text("\n");
  };
  EXPECT_TRUE(ErrorOf("json", nested(256)).ok());
  ExpectDataLoss("json", nested(257), "");
}

}  // namespace
}  // namespace ireneo

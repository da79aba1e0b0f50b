// Names and bytes of JSON values.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "boost/json/value.hpp"
#include "gtest/gtest.h"
#include "ireneo/serializers/json.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"

namespace acme {

struct Config {
  double tolerance = 0;
  std::string solver = {};
};

void tag_invoke(boost::json::value_from_tag, boost::json::value& value,
                const Config& config) {
  value = {{"tolerance", config.tolerance}, {"solver", config.solver}};
}

Config tag_invoke(boost::json::value_to_tag<Config>,
                  const boost::json::value& value) {
  return {.tolerance = value.at("tolerance").as_double(),
          .solver = value.at("solver").as_string().c_str()};
}

}  // namespace acme

template <>
struct ireneo::JsonBytes<acme::Config> : ireneo::Json<"acme.Config/1"> {};

namespace ireneo {
namespace {

namespace json = boost::json;

// `bytes`: less the newline.
template <typename T>
void ExpectPinned(const T& value, std::string_view name,
                  std::string_view bytes) {
  SCOPED_TRACE(bytes);
  EXPECT_EQ(TypeName<T>(), name);
  const absl::StatusOr<std::string> written = testing::BytesOf(value);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(*written, std::string(bytes) + "\n");
  const absl::StatusOr<T> read = testing::FromBytes<T>(*written);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*testing::BytesOf(*read), *written);
}

void ExpectPinned(const json::value& value, std::string_view bytes) {
  ExpectPinned(value, "json", bytes);
}

TEST(JsonGoldenTest, Literals) {
  ExpectPinned(nullptr, "null");
  ExpectPinned(true, "true");
  ExpectPinned(false, "false");
}

TEST(JsonGoldenTest, Integers) {
  ExpectPinned(0, "0");
  ExpectPinned(-7, "-7");
  ExpectPinned(std::uint64_t{7}, "7");
  ExpectPinned(std::numeric_limits<std::int64_t>::min(),
               "-9223372036854775808");
  ExpectPinned(std::numeric_limits<std::int64_t>::max(), "9223372036854775807");
  ExpectPinned(std::numeric_limits<std::uint64_t>::max(),
               "18446744073709551615");
}

TEST(JsonGoldenTest, Doubles) {
  ExpectPinned(0.0, "0.0");
  ExpectPinned(-0.0, "-0.0");
  ExpectPinned(1.0, "1.0");
  ExpectPinned(0.1, "0.1");
  ExpectPinned(-1.5, "-1.5");
  ExpectPinned(1.0 / 3, "0.3333333333333333");
  ExpectPinned(1000.0, "1000.0");
  ExpectPinned(10000.0, "10000.0");
  ExpectPinned(100000.0, "1e+05");
  ExpectPinned(123456.0, "123456.0");
  ExpectPinned(1e22, "1e+22");
  ExpectPinned(1e300, "1e+300");
  ExpectPinned(123456789012345680.0, "123456789012345680.0");
  ExpectPinned(0.001, "0.001");
  ExpectPinned(0.0001, "1e-04");
  ExpectPinned(1.5e-7, "1.5e-07");
  ExpectPinned(5e-324, "5e-324");
  ExpectPinned(1.7976931348623157e308, "1.7976931348623157e+308");
  ExpectPinned(2.2250738585072014e-308, "2.2250738585072014e-308");
}

TEST(JsonGoldenTest, Strings) {
  ExpectPinned("", "\"\"");
  ExpectPinned("a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\"");
  ExpectPinned("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
  ExpectPinned(json::string("\0\x01\x0b\x1f", 4),
               "\"\\u0000\\u0001\\u000b\\u001f\"");
  ExpectPinned("\x7f \xc3\xa4 \xe2\x80\xa8 \xf0\x9d\x84\x9e",
               "\"\x7f \xc3\xa4 \xe2\x80\xa8 \xf0\x9d\x84\x9e\"");
}

TEST(JsonGoldenTest, ArraysAndObjects) {
  ExpectPinned(json::array(), "[]");
  ExpectPinned(json::object(), "{}");
  ExpectPinned({1, 1.0, "1", nullptr, json::array()}, "[1,1.0,\"1\",null,[]]");
  ExpectPinned({{"b", 1}, {"a", {2, 3}}, {"\xc3\xa4", true}, {"B", {{"", 0}}}},
               "{\"B\":{\"\":0},\"a\":[2,3],\"b\":1,\"\xc3\xa4\":true}");
}

TEST(JsonGoldenTest, TypesWithConversions) {
  ExpectPinned(acme::Config{.tolerance = 1e-9, .solver = "cg"},
               "json<acme.Config/1>",
               "{\"solver\":\"cg\",\"tolerance\":1e-09}");
}

}  // namespace
}  // namespace ireneo

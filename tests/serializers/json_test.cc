#include "ireneo/serializers/json.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "boost/json/value.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace acme {

namespace json = boost::json;

struct Config {
  std::string solver = "cg";
  double tolerance = 1e-9;
  std::vector<int> levels = {};
  std::optional<std::int64_t> seed = {};

  friend bool operator==(const Config&, const Config&) = default;
};

void tag_invoke(json::value_from_tag, json::value& value,
                const Config& config) {
  value = {{"solver", config.solver},
           {"tolerance", config.tolerance},
           {"levels", json::value_from(config.levels)},
           {"seed", json::value_from(config.seed)}};
}

Config tag_invoke(json::value_to_tag<Config>, const json::value& value) {
  return {
      .solver = json::value_to<std::string>(value.at("solver")),
      .tolerance = json::value_to<double>(value.at("tolerance")),
      .levels = json::value_to<std::vector<int>>(value.at("levels")),
      .seed = json::value_to<std::optional<std::int64_t>>(value.at("seed"))};
}

// Its conversions throw what they are told to.
struct Thrower {
  std::string what = {};
};

void tag_invoke(json::value_from_tag, json::value& value,
                const Thrower& thrower) {
  if (thrower.what == "int") throw 1;
  if (thrower.what == "bad_alloc") throw std::bad_alloc();
  if (!thrower.what.empty()) throw std::runtime_error(thrower.what);
  value = nullptr;
}

Thrower tag_invoke(json::value_to_tag<Thrower>, const json::value& value) {
  if (value.is_null()) throw 1;
  if (value == "bad_alloc") throw std::bad_alloc();
  throw std::runtime_error(value.as_string().c_str());
}

// Reads by the conversion that does not throw.
struct Percent {
  int value = 0;

  friend bool operator==(const Percent&, const Percent&) = default;
};

void tag_invoke(json::value_from_tag, json::value& value,
                const Percent& percent) {
  value = percent.value;
}

json::result<Percent> tag_invoke(json::try_value_to_tag<Percent>,
                                 const json::value& value) {
  const json::result<int> number = json::try_value_to<int>(value);
  if (!number.has_value()) return number.error();
  if (*number < 0 || *number > 100)
    return json::make_error_code(json::error::not_exact);
  return Percent{*number};
}

}  // namespace acme

template <>
struct ireneo::JsonBytes<acme::Config> : ireneo::Json<"acme.Config/1"> {};
template <>
struct ireneo::JsonBytes<acme::Thrower> : ireneo::Json<"acme.Thrower/2"> {};
template <>
struct ireneo::JsonBytes<acme::Percent> : ireneo::Json<"acme.Percent/1"> {};

namespace ireneo {
namespace {

namespace json = boost::json;

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using ::testing::HasSubstr;

static_assert(Storable<json::value>);
static_assert(Storable<acme::Config>);
static_assert(Storable<acme::Percent>);
static_assert(!Hashable<json::object>);
static_assert(!Hashable<json::array>);
static_assert(!Hashable<json::string>);
static_assert(!HasJsonBytes<json::value>);
static_assert(!HasJsonBytes<int>);

template <typename T>
std::string ReadError(std::string_view bytes) {
  const absl::Status status = FromBytes<T>(bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  return std::string(status.message());
}

template <typename T>
std::string WriteError(const T& value) {
  const absl::Status status = BytesOf(value).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(JsonTest, Serializer) {
  EXPECT_TRUE(VerifySerializer<json::value>(
      {nullptr,
       true,
       false,
       0,
       1,
       -1,
       10,
       1.0,
       0.1,
       1e300,
       std::numeric_limits<std::int64_t>::min(),
       std::numeric_limits<std::int64_t>::max(),
       std::numeric_limits<std::uint64_t>::max(),
       5e-324,
       "",
       "1",
       "a",
       "a\n",
       "\xc3\xa4\xf0\x9d\x84\x9e",
       json::string("a\0b", 3),
       json::array(),
       json::array{1},
       json::array{1, 2},
       json::array{json::array{1, 2}},
       json::array{json::array(), json::array()},
       json::object(),
       json::object{{"a", 1}},
       json::object{{"a", 1.0}},
       json::object{{"a", {{"b", {1, nullptr, "x"}}}}, {"", false}}}));
}

TEST(JsonTest, SerializerTellsTheZerosApart) {
  const auto equal = [](const json::value& a, const json::value& b) {
    return std::signbit(a.get_double()) == std::signbit(b.get_double());
  };
  EXPECT_TRUE(VerifySerializer<json::value>({0.0, -0.0}, equal));
}

TEST(JsonTest, SerializerOfTypesWithConversions) {
  EXPECT_TRUE(VerifySerializer<acme::Config>(
      {{},
       {.solver = "gmres"},
       {.tolerance = 1},
       {.levels = {1}},
       {.levels = {1, 2}},
       {.seed = 0},
       {.seed = std::numeric_limits<std::int64_t>::min()}}));
  EXPECT_TRUE(VerifySerializer<acme::Percent>({{0}, {1}, {10}, {100}}));
  EXPECT_EQ(TypeName<acme::Config>(), "json<acme.Config/1>");
}

TEST(JsonTest, IsAnElementOfOtherTypes) {
  EXPECT_TRUE(VerifySerializer<std::vector<json::value>>(
      {{}, {nullptr}, {1, "a\n", {{"a", 1}}}, {json::array()}}));
  EXPECT_TRUE((VerifySerializer<std::pair<json::value, std::string>>(
      {{json::array{1, 2}, "x"}, {json::array(), ""}})));
  EXPECT_TRUE((VerifySerializer<std::tuple<json::value, acme::Config>>(
      {{json::array{1}, {}}, {json::array(), {}}})));
  EXPECT_TRUE(VerifySerializer<std::optional<json::value>>(
      {std::nullopt, json::value(), json::value(1)}));
  EXPECT_EQ(TypeName<std::vector<acme::Config>>(),
            "vector<json<acme.Config/1>>");
}

TEST(JsonTest, OneElementIsNotTakenForAnArray) {
  EXPECT_EQ(*FromBytes<json::value>("1\n"), json::value(1));
  EXPECT_EQ(*FromBytes<json::value>("[1]\n"), json::value(json::array{1}));
  const auto vector =
      FromBytes<std::vector<json::value>>(std::string_view("\1\0\0\0\0\0\0\0"
                                                           "[1]\n",
                                                           12));
  ASSERT_TRUE(vector.ok()) << vector.status();
  EXPECT_EQ(vector->at(0), json::value(json::array{1}));
}

TEST(JsonTest, ReadsAnySpellingAndWritesOne) {
  const absl::StatusOr<json::value> value =
      FromBytes<json::value>(" { \"b\" : 1e2 ,\"\\u0061\": [ ] }\r\n");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*BytesOf(*value), "{\"a\":[],\"b\":100.0}\n");
}

TEST(JsonTest, ReadsOneLine) {
  EXPECT_EQ(ReadError<json::value>(""),
            "JSON: no newline in the 0 bytes that remain, where a line of JSON "
            "should end");
  EXPECT_THAT(ReadError<json::value>("1"), HasSubstr("no newline in the 1 by"));
  EXPECT_EQ(ReadError<json::value>("\n"),
            "JSON, line 1, column 1 (byte 0): expected a value, found the end");
  EXPECT_THAT(ReadError<json::value>("[1,\n2]\n"), HasSubstr("found the end"));
  EXPECT_THAT(ReadError<json::value>("1\n\n"), HasSubstr("left"));
  EXPECT_THAT(ReadError<json::value>("{\"a\":1,\"a\":1}\n"),
              HasSubstr("the name 'a' is in this object already"));
  EXPECT_THAT(ReadError<json::value>("\"\xff\"\n"), HasSubstr("not UTF-8"));
}

TEST(JsonTest, RefusesToWriteWhatHasNoText) {
  EXPECT_THAT(WriteError<json::value>(
                  {{"a", std::numeric_limits<double>::quiet_NaN()}}),
              HasSubstr("JSON value at '/a': JSON has no NaN"));
  EXPECT_THAT(WriteError(acme::Config{
                  .tolerance = std::numeric_limits<double>::infinity()}),
              HasSubstr("JSON value at '/tolerance': JSON has no infinity"));
  EXPECT_THAT(WriteError(acme::Config{.solver = "\xe4"}),
              HasSubstr("'/solver': the string '\\xe4' is not UTF-8"));
}

TEST(JsonTest, ConversionsThatFailAreDataLossThatNamesTheType) {
  EXPECT_THAT(ReadError<acme::Config>("{\"solver\":\"cg\"}\n"),
              HasSubstr("json<acme.Config/1>: the conversion from JSON fa"));
  EXPECT_THAT(ReadError<acme::Config>("[]\n"), HasSubstr("acme.Config/1"));
  EXPECT_THAT(ReadError<acme::Config>("{\n"), HasSubstr("column 2"));
  EXPECT_THAT(ReadError<acme::Percent>("101\n"), HasSubstr("acme.Percent/1"));
  EXPECT_THAT(ReadError<acme::Percent>("1.5\n"), HasSubstr("acme.Percent/1"));
  EXPECT_EQ(ReadError<acme::Thrower>("\"no such thing\"\n"),
            "json<acme.Thrower/2>: the conversion from JSON failed: no such "
            "thing");
  EXPECT_EQ(ReadError<acme::Thrower>("null\n"),
            "json<acme.Thrower/2>: the conversion from JSON failed: an "
            "exception that is no std::exception");
}

TEST(JsonTest, ConversionsThatThrowAreNotWritten) {
  EXPECT_EQ(*BytesOf(acme::Thrower()), "null\n");
  EXPECT_EQ(WriteError(acme::Thrower{.what = "unset"}),
            "json<acme.Thrower/2>: the conversion to JSON failed: unset");
  EXPECT_THAT(WriteError(acme::Thrower{.what = "int"}),
              HasSubstr("failed: an exception that is no std::exception"));
}

TEST(JsonTest, AConversionThatIsOutOfMemoryIsNoErrorOfTheValue) {
  EXPECT_THROW((void)FromBytes<acme::Thrower>("\"bad_alloc\"\n"),
               std::bad_alloc);
  EXPECT_THROW((void)BytesOf(acme::Thrower{"bad_alloc"}), std::bad_alloc);
}

TEST(JsonTest, ConversionsOwnWhatTheyRead) {
  const acme::Config config{.solver = "a long name of a solver, on the heap"};
  EXPECT_EQ(*FromBytes<acme::Config>(*BytesOf(config)), config);
}

}  // namespace
}  // namespace ireneo

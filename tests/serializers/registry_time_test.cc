// Codecs of durations and points in time.

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(TimeCodecsTest, DurationsHaveAUnitForPeopleOnly) {
  const Bytes three = Bytes().Raw(std::int64_t{3});
  EXPECT_EQ(Preview("duration<i64,ms>", three), "\"3 ms\"");
  EXPECT_EQ(Preview("duration<i64,1_30>", three), "\"3 * 1/30 s\"");
  EXPECT_EQ(Preview("duration<f64,h>", Bytes().Raw(0.5)), "\"0.5 h\"");
  EXPECT_EQ(Json("duration<i64,ms>", three), "3");
  EXPECT_EQ(Csv("duration<i64,ms>", three), "3\r\n");
  EXPECT_EQ(Preview("vector<duration<i32,s>>",
                    Bytes().U64(2).Raw(std::int32_t{1}, std::int32_t{2})),
            "[1, 2]");
  for (const char* type :
       {"duration<i64,day>", "duration<bool,s>", "duration<i64,0_1>",
        "duration<i64,1_>", "duration<string,s>", "duration<i64>"}) {
    EXPECT_EQ(ErrorOf(type, three).code(), absl::StatusCode::kInvalidArgument)
        << type;
  }
}

TEST(TimeCodecsTest, TimePointsAreRfc3339WhereThatIsExact) {
  const auto show = [](const std::string& type, auto count) {
    return Json("time_point<" + type + ">", Bytes().Raw(count));
  };
  EXPECT_EQ(show("system,duration<i64,ns>", std::int64_t{1'500'000'000}),
            "\"1970-01-01T00:00:01.5Z\"");
  EXPECT_EQ(show("local,duration<i64,s>", std::int64_t{-1}),
            "\"1969-12-31T23:59:59\"");
  EXPECT_EQ(show("system,duration<i64,ns>", kMin),
            "\"1677-09-21T00:12:43.145224192Z\"");
  EXPECT_EQ(show("system,duration<i32,86400_1>", std::int32_t{19000}),
            "\"2022-01-08T00:00:00Z\"");
  EXPECT_EQ(show("system,duration<u64,ns>", ~std::uint64_t{0}),
            "\"2554-07-21T23:34:33.709551615Z\"");
  EXPECT_EQ(show("system,duration<i64,1_30>", std::int64_t{15}),
            "\"1970-01-01T00:00:00.5Z\"");
  // A third of a second, the year 10000 and fractions are numbers.
  EXPECT_EQ(show("system,duration<i64,1_30>", std::int64_t{10}), "10");
  EXPECT_EQ(show("system,duration<i64,s>", std::int64_t{253'402'300'799}),
            "\"9999-12-31T23:59:59Z\"");
  EXPECT_EQ(show("system,duration<i64,s>", std::int64_t{253'402'300'800}),
            "253402300800");
  EXPECT_EQ(show("system,duration<i64,h>", kMax), "9223372036854775807");
  EXPECT_EQ(show("system,duration<f64,s>", 0.5), "0.5");
  EXPECT_EQ(
      ErrorOf("time_point<steady,duration<i64,s>>", Bytes().U64(0)).code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(TimeCodecsTest, VectorsOfTimePointsAreRaw) {
  EXPECT_EQ(Json("tuple<u8,vector<time_point<system,duration<i32,s>>>>",
                 Bytes().Text("\7").U64(1).Zeros(3).Raw(std::int32_t{0})),
            "[7,[\"1970-01-01T00:00:00Z\"]]");
}

TEST(TimeCodecsTest, AbslDurations) {
  const auto show = [](std::int64_t seconds, std::uint32_t quarters) {
    return Json("absl.Duration/1", Bytes().Raw(seconds, quarters));
  };
  EXPECT_EQ(show(0, 0), "\"0\"");
  EXPECT_EQ(show(3661, 2'000'000'000), "\"1h1m1.5s\"");
  EXPECT_EQ(show(-1, 2'000'000'000), "\"-500ms\"");
  EXPECT_EQ(show(60, 1), "\"1m0.00000000025s\"");
  EXPECT_EQ(show(kMax, ~std::uint32_t{0}), "\"inf\"");
  EXPECT_EQ(show(kMin, ~std::uint32_t{0}), "\"-inf\"");
  ExpectDataLoss("absl.Duration/1",
                 Bytes().Raw(std::int64_t{0}, std::uint32_t{4'000'000'000}),
                 "4000000000 quarters of a nanosecond at offset 8");
  ExpectDataLoss("absl.Duration/1",
                 Bytes().Raw(std::int64_t{0}, ~std::uint32_t{0}), "quarters");
}

TEST(TimeCodecsTest, AbslTimes) {
  const auto show = [](std::int64_t seconds, std::uint32_t quarters) {
    return Json("absl.Time/1", Bytes().Raw(seconds, quarters));
  };
  EXPECT_EQ(show(0, 1), "\"1970-01-01T00:00:00.00000000025Z\"");
  EXPECT_EQ(show(-62'167'219'200, 0), "\"0000-01-01T00:00:00Z\"");
  EXPECT_EQ(show(kMax, ~std::uint32_t{0}), "\"inf\"");
  EXPECT_NE(show(kMax, 0), "\"inf\"");
}

}  // namespace
}  // namespace ireneo

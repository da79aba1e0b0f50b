#include "ireneo/tools/since.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo::tools {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1795398707);

absl::Time Since(const std::string& text) {
  const absl::StatusOr<absl::Time> since = ParseSince(text, kNow);
  EXPECT_THAT(since, IsOk()) << text;
  return since.value_or(absl::InfiniteFuture());
}

absl::Time Utc(int hour, int minute, double second) {
  return absl::FromCivil(absl::CivilSecond(2026, 11, 23, hour, minute),
                         absl::UTCTimeZone()) +
         absl::Seconds(second);
}

TEST(ParseSinceTest, ReadsAges) {
  EXPECT_EQ(kNow - Since("90d"), absl::Hours(90 * 24));
  EXPECT_EQ(kNow - Since("12h"), absl::Hours(12));
  EXPECT_EQ(kNow - Since("30m"), absl::Minutes(30));
  EXPECT_EQ(kNow - Since("1.5s"), absl::Seconds(1.5));
  EXPECT_EQ(kNow - Since("2w"), absl::Hours(14 * 24));
  EXPECT_EQ(kNow - Since("0d"), absl::ZeroDuration());
}

TEST(ParseSinceTest, ReadsTimes) {
  EXPECT_EQ(Since("2026-11-23"), Utc(0, 0, 0));
  EXPECT_EQ(Since("2026-11-23T01:51"), Utc(1, 51, 0));
  EXPECT_EQ(Since("2026-11-23 01:51:47"), Utc(1, 51, 47));
  EXPECT_EQ(Since("2026-11-23T01:51:47.5Z"), Utc(1, 51, 47.5));
  EXPECT_EQ(Since("2026-11-23T01:51:47-02:00"), Utc(3, 51, 47));
  EXPECT_EQ(Since("2026-11-23T01:51+01:00"), Utc(0, 51, 0));
}

TEST(ParseSinceTest, RefusesTheRest) {
  for (const char* text : {"",
                           "d",
                           "90",
                           "90x",
                           "90dd",
                           "-1d",
                           "+1d",
                           " 1d",
                           "1d ",
                           "1e3d",
                           "infd",
                           "infinite-past",
                           "2026",
                           "2026-11",
                           "2026-13-01",
                           "2026-02-30",
                           "2026-11-23T",
                           "2026-11-23T25:00",
                           "2026-11-23Z",
                           "0x10d",
                           "now"}) {
    EXPECT_THAT(ParseSince(text, kNow),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(std::string("'") + text + "'")));
  }
}

}  // namespace
}  // namespace ireneo::tools

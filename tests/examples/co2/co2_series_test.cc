#include "ireneo/examples/co2/co2_series.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace co2 {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kHeader[] = "Date,CO2,adjusted CO2\n";

TEST(Co2SeriesTest, TheEmbeddedFileIsTheWholeSeries) {
  const absl::StatusOr<Co2Series> series = ParseCo2Csv(EmbeddedCo2Csv());
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->years.size(), 741);
  ASSERT_EQ(series->ppm.size(), 741);
  EXPECT_DOUBLE_EQ(series->years(0), 1958 + 2.5 / 12);
  EXPECT_EQ(series->ppm(0), 315.70);
  EXPECT_DOUBLE_EQ(series->years(740), 2020 + 3.5 / 12);
  EXPECT_EQ(series->ppm(740), 416.18);
  EXPECT_GT((series->years.tail(740) - series->years.head(740)).minCoeff(), 0);
}

TEST(Co2SeriesTest, AMonthIsAtItsMiddleWhateverTheDay) {
  const absl::StatusOr<Co2Series> series = ParseCo2Csv(
      std::string(kHeader) + "1999-12-01,368.04,368.7\n2000-01-31,369.5,369\n");
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->years.size(), 2);
  EXPECT_EQ(series->years(0), 1999 + 11.5 / 12);
  EXPECT_EQ(series->years(1), 2000 + 0.5 / 12);
  EXPECT_EQ(series->ppm(1), 369.5);
}

TEST(Co2SeriesTest, TheLastLineMayLackItsNewline) {
  const absl::StatusOr<Co2Series> series =
      ParseCo2Csv(std::string(kHeader) + "2000-01-01,369.5,369");
  ASSERT_TRUE(series.ok()) << series.status();
  EXPECT_EQ(series->years.size(), 1);
}

TEST(Co2SeriesTest, ABadLineIsNamedWithItsNumberAndText) {
  constexpr std::string_view kBad[] = {
      "",                       // blank line
      "2000-02-01",             // one column
      "2000-02-01,369.5",       // two columns
      "2000-02-01,,369",        // blank value
      "2000-02-01,369.5x,369",  // not all of it a number
      "2000-02-01, 369.5,369",  // a space
      "2000-02-01,nan,369",     // not finite
      "2000-02-01,inf,369",     //
      "2000-02-01,-99.99,369",  // how other files mark a missing month
      "2000-13-01,369.5,369",   // no such month
      "2000-00-01,369.5,369",   //
      "2000-2-01,369.5,369",    // not two digits
      "-200-02-01,369.5,369",   // negative year
      "2000/02/01,369.5,369",   // not dashes
      "2000-01-01,369.5,369",   // the same month again
      "1999-12-01,369.5,369",   // going back
      "2000-02-01,1e999,369",   // out of range
  };
  for (const std::string_view bad : kBad) {
    const absl::StatusOr<Co2Series> series =
        ParseCo2Csv(std::string(kHeader) + "2000-01-01,369.5,369\n" +
                    std::string(bad) + "\n2000-03-01,369.5,369\n");
    EXPECT_EQ(series.status().code(), absl::StatusCode::kInvalidArgument)
        << bad;
    EXPECT_THAT(
        std::string(series.status().message()),
        AllOf(HasSubstr("line 3 "), HasSubstr("\"" + std::string(bad) + "\"")));
  }
}

TEST(Co2SeriesTest, AnotherHeaderIsRefusedWithBothNamed) {
  const absl::StatusOr<Co2Series> series =
      ParseCo2Csv("Date,CO2\n2000-01-01,369.5\n");
  EXPECT_EQ(series.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(series.status().message()),
              AllOf(HasSubstr("line 1 "), HasSubstr("\"Date,CO2\""),
                    HasSubstr("\"Date,CO2,adjusted CO2\"")));
}

TEST(Co2SeriesTest, NoMonthsIsAnError) {
  EXPECT_EQ(ParseCo2Csv("").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseCo2Csv(kHeader).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace co2

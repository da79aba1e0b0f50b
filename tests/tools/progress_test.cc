#include "ireneo/tools/progress.h"

#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ireneo::tools {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class ProgressTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(ends_), 0); }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  // What was written since the last time.
  std::string Written() {
    char buffer[1024];
    const ssize_t size = ::read(ends_[0], buffer, sizeof buffer);
    return std::string(buffer, size < 0 ? 0 : static_cast<std::size_t>(size));
  }

  int ends_[2];
};

TEST_F(ProgressTest, HowMuchOfHowMuch) {
  Progress progress("verifying", Progress::Unit::kBytes, ends_[1]);
  progress.Show(1 << 20, 4 << 20);
  EXPECT_THAT(Written(), EndsWith("verifying  25 %  1.00 MiB of 4.00 MiB"));
}

TEST_F(ProgressTest, OfNobodyKnowsHowMuch) {
  Progress progress("receiving", Progress::Unit::kBytes, ends_[1]);
  progress.Show(1 << 20, 0);
  EXPECT_THAT(Written(), EndsWith("receiving  1.00 MiB"));
}

TEST_F(ProgressTest, RateAndTimeLeft) {
  Progress known("verifying", Progress::Unit::kCount, ends_[1]);
  Progress unknown("receiving", Progress::Unit::kCount, ends_[1]);
  ::usleep(1'100'000);
  known.Show(100, 300);
  EXPECT_THAT(Written(),
              MatchesRegex(".*  33 %  100 of 300  [0-9]+/s  [0-9.]+ s left"));
  unknown.Show(100, 0);
  EXPECT_THAT(Written(), MatchesRegex(".*receiving  100  [0-9]+/s"));
}

TEST_F(ProgressTest, TheLineGoesAtTheEnd) {
  {
    Progress progress("verifying", Progress::Unit::kBytes, ends_[1]);
    progress.Show(1, 2);
    EXPECT_THAT(Written(), HasSubstr("verifying"));
  }
  EXPECT_THAT(Written(), Not(HasSubstr("verifying")));
}

}  // namespace
}  // namespace ireneo::tools

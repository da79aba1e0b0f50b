// A program that was linked with -no-pie and takes the address of a function of
// a shared object.

#include <dlfcn.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/build_id.h"
#include "tests/versions/two.h"

namespace ireneo {
namespace {

using ::testing::MatchesRegex;

double Half(double x) { return x / 2; }

TEST(BuildIdNoPieTest, AFunctionOfAnotherObjectIsUnknown) {
  // Else this tests nothing: the address is one in the program.
  Dl_info own;
  Dl_info other;
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&Half), &own), 0);
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&Twice), &other), 0);
  ASSERT_EQ(other.dli_fbase, own.dli_fbase);
  EXPECT_THAT(BuildId(&Twice), MatchesRegex("unknown:[0-9a-f]{32}"));
}

TEST(BuildIdNoPieTest, AFunctionOfTheProgramHasItsId) {
  EXPECT_THAT(BuildId(&Half), MatchesRegex("build:[0-9a-f]+"));
}

}  // namespace
}  // namespace ireneo

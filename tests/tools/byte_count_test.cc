#include "ireneo/tools/byte_count.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo::tools {
namespace {

using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ParseByteCountTest, UnitsArePowersOf1024) {
  for (const auto& [text, bytes] :
       std::initializer_list<std::pair<std::string, std::uint64_t>>{
           {"0", 0},
           {"4096", 4096},
           {"7b", 7},
           {"2K", 2048},
           {"2k", 2048},
           {"1.5M", 3 << 19},
           {"10G", 10ull << 30},
           {"10GiB", 10ull << 30},
           {"10 gb", 10ull << 30},
           {"1T", 1ull << 40},
           {"1P", 1ull << 50}}) {
    EXPECT_EQ(ParseByteCount(text).value_or(12345), bytes) << text;
  }
}

TEST(ParseByteCountTest, OtherTextIsRefused) {
  for (const std::string text :
       {"", "G", "ten", "-1", "+1", " 1", "1  K", "1X", "1KK", "1bb", "1ib",
        "1e3", "0x10", "inf", "nan", "1G ", "99999P", "1,5G"}) {
    EXPECT_THAT(ParseByteCount(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

}  // namespace
}  // namespace ireneo::tools

#include "ireneo/tools/format.h"

#include <span>
#include <string_view>

#include "gtest/gtest.h"

namespace ireneo::tools {
namespace {

TEST(HumanBytesTest, HasThreeDigitsInABinaryUnit) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.00 KiB");
  EXPECT_EQ(HumanBytes(12 * 1024), "12.0 KiB");
  EXPECT_EQ(HumanBytes(123 * 1024 + 512), "124 KiB");
  EXPECT_EQ(HumanBytes(1 << 20), "1.00 MiB");
  EXPECT_EQ(HumanBytes((1ull << 30) * 3 / 2), "1.50 GiB");
  EXPECT_EQ(HumanBytes(~0ull), "16384 PiB");
}

TEST(HumanBytesTest, RoundsIntoTheNextUnit) {
  EXPECT_EQ(HumanBytes((1 << 20) - 1), "1.00 MiB");
  EXPECT_EQ(HumanBytes(10 * 1024 - 1), "10.0 KiB");
  EXPECT_EQ(HumanBytes(100 * 1024 - 1), "100 KiB");
}

TEST(HumanDurationTest, HasThreeDigits) {
  EXPECT_EQ(HumanDuration(absl::ZeroDuration()), "0 s");
  EXPECT_EQ(HumanDuration(absl::Nanoseconds(7)), "7 ns");
  EXPECT_EQ(HumanDuration(absl::Nanoseconds(999)), "999 ns");
  EXPECT_EQ(HumanDuration(absl::Nanoseconds(1234)), "1.23 \u00b5s");
  EXPECT_EQ(HumanDuration(absl::Microseconds(29345)), "29.3 ms");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(1874)), "1.87 s");
  EXPECT_EQ(HumanDuration(absl::Seconds(750)), "12.5 min");
  EXPECT_EQ(HumanDuration(absl::Minutes(192)), "3.20 h");
  EXPECT_EQ(HumanDuration(absl::Hours(60)), "2.50 d");
  EXPECT_EQ(HumanDuration(absl::Hours(24 * 5000)), "5000 d");
  EXPECT_EQ(HumanDuration(absl::Seconds(-2)), "-2.00 s");
  EXPECT_EQ(HumanDuration(absl::InfiniteDuration()), "for ever");
}

TEST(HumanDurationTest, RoundsIntoTheNextUnit) {
  EXPECT_EQ(HumanDuration(absl::Nanoseconds(999999)), "1.00 ms");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(9996)), "10.0 s");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(59999)), "1.00 min");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(59900)), "59.9 s");
}

TEST(HumanAgeTest, RoundsDown) {
  EXPECT_EQ(HumanAge(absl::Seconds(-100)), "now");
  EXPECT_EQ(HumanAge(absl::Milliseconds(999)), "now");
  EXPECT_EQ(HumanAge(absl::Seconds(59)), "59 s");
  EXPECT_EQ(HumanAge(absl::Seconds(119)), "1 min");
  EXPECT_EQ(HumanAge(absl::Minutes(59)), "59 min");
  EXPECT_EQ(HumanAge(absl::Hours(47)), "47 h");
  EXPECT_EQ(HumanAge(absl::Hours(48)), "2 d");
  EXPECT_EQ(HumanAge(absl::Hours(24 * 364)), "364 d");
  EXPECT_EQ(HumanAge(absl::Hours(24 * 365)), "1 y");
}

TEST(TimeTest, IsUtc) {
  const absl::Time time = absl::FromUnixMicros(1795398707260574);
  EXPECT_EQ(HumanTime(time), "2026-11-23 01:51:47 UTC");
}

TEST(CountTest, KnowsOneFromMany) {
  EXPECT_EQ(Count(0, "call"), "0 calls");
  EXPECT_EQ(Count(1, "call"), "1 call");
  EXPECT_EQ(Count(2, "call"), "2 calls");
}

TEST(HexDumpTest, ShowsEightBytesALine) {
  const auto dump = [](std::string_view text) {
    return HexDump(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(dump(""), "");
  EXPECT_EQ(dump(std::string_view("\x93NUMPY\x01\0", 8)),
            "0000  93 4e 55 4d 50 59 01 00  .NUMPY..");
  EXPECT_EQ(dump("123456789"),
            "0000  31 32 33 34 35 36 37 38  12345678\n"
            "0008  39                       9");
  const std::string long_text(kHexDumpSize + 1, 'x');
  EXPECT_EQ(dump(long_text), dump(long_text.substr(1)));
}

}  // namespace
}  // namespace ireneo::tools

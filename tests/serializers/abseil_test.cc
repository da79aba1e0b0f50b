#include "ireneo/serializers/abseil.h"

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;

TEST(AbseilTest, TimeSerializers) {
  const absl::Duration tick = absl::Nanoseconds(1) / 4;
  const absl::Duration longest =
      absl::Seconds(std::numeric_limits<std::int64_t>::max());
  const absl::Duration lowest =
      absl::Seconds(std::numeric_limits<std::int64_t>::min());
  const std::vector<absl::Duration> durations = {
      absl::ZeroDuration(),
      tick,
      -tick,
      absl::Seconds(1),
      absl::Seconds(-1),
      absl::Seconds(1) - tick,
      absl::Seconds(-1) - tick,
      absl::Seconds(-1) + tick,
      longest,
      longest + absl::Seconds(1) - tick,
      lowest,
      lowest + tick,
      absl::InfiniteDuration(),
      -absl::InfiniteDuration()};
  EXPECT_TRUE(VerifySerializer(durations));
  std::vector<absl::Time> times = {absl::InfiniteFuture(), absl::InfinitePast(),
                                   absl::UnixEpoch(), absl::FromUnixNanos(-1)};
  EXPECT_TRUE(VerifySerializer(times));
  EXPECT_EQ(TypeName<absl::Duration>(), "absl.Duration/1");
  EXPECT_EQ(TypeName<absl::Time>(), "absl.Time/1");
}

TEST(AbseilTest, ASecondHasAFixedNumberOfTicks) {
  std::string bytes = *BytesOf(absl::Seconds(5) - absl::Nanoseconds(1) / 4);
  ASSERT_TRUE(FromBytes<absl::Duration>(bytes).ok());
  bytes.replace(8, 4, std::string("\x00\x28\x6b\xee", 4));  // 4 * 10^9.
  EXPECT_EQ(FromBytes<absl::Duration>(bytes).status().code(),
            absl::StatusCode::kDataLoss);
  bytes.replace(8, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(FromBytes<absl::Duration>(bytes).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(AbseilTest, IntegersOf128Bits) {
  EXPECT_TRUE(VerifySerializer<absl::uint128>(
      {0, 1, absl::MakeUint128(1, 0), absl::Uint128Max()}));
  EXPECT_TRUE(VerifySerializer<absl::int128>(
      {0, 1, -1, absl::Int128Min(), absl::Int128Max()}));
  EXPECT_TRUE(VerifySerializer<std::vector<absl::int128>>(
      {{}, {-1}, {1, 2}, {0, 1, 2, 3, 4}}));
  EXPECT_EQ(TypeName<absl::int128>(), "i128");
  EXPECT_EQ(TypeName<absl::uint128>(), "u128");
}

TEST(AbseilTest, ContainerSerializers) {
  EXPECT_TRUE((VerifySerializer<absl::flat_hash_map<std::string, int>>(
      {{}, {{"", 1}}, {{"a", 1}, {"b", 2}}, {{"b", 1}, {"a", 2}}})));
  EXPECT_TRUE((VerifySerializer<absl::node_hash_map<int, std::vector<double>>>(
      {{}, {{1, {}}}, {{1, {1, 2}}}})));
  EXPECT_TRUE(VerifySerializer<absl::flat_hash_set<int>>({{}, {1}, {1, 256}}));
  EXPECT_TRUE(VerifySerializer<absl::node_hash_set<int>>({{}, {1}, {1, 256}}));
  EXPECT_TRUE((VerifySerializer<absl::btree_map<int, std::string>>(
      {{}, {{1, "a"}}, {{1, "a"}, {2, ""}}})));
  EXPECT_TRUE((VerifySerializer<absl::btree_multimap<int, int>>(
      {{}, {{1, 2}, {1, 1}}, {{1, 1}, {1, 2}}})));
  EXPECT_TRUE(VerifySerializer<absl::btree_set<int>>({{}, {1}, {1, 2}}));
  EXPECT_TRUE(VerifySerializer<absl::btree_multiset<int>>({{}, {1}, {1, 1}}));
  EXPECT_TRUE((VerifySerializer<absl::InlinedVector<std::string, 2>>(
      {{}, {"a"}, {"a", "b", "c"}})));
  EXPECT_TRUE(
      (VerifySerializer<absl::InlinedVector<double, 2>>({{}, {1}, {1, 2, 3}})));
  EXPECT_TRUE(VerifySerializer<absl::FixedArray<double>>(
      {absl::FixedArray<double>(0), absl::FixedArray<double>(1, 0),
       absl::FixedArray<double>(100, 0)}));
  EXPECT_TRUE(VerifySerializer<absl::FixedArray<std::string>>(
      {absl::FixedArray<std::string>(0), {"a", "b"}}));
}

TEST(AbseilTest, AsTheStandardLibrary) {
  using Map = std::unordered_map<int, int>;
  EXPECT_EQ(RefOf(absl::flat_hash_map<int, int>{{1, 2}, {3, 4}}),
            RefOf(Map{{3, 4}, {1, 2}}));
  EXPECT_EQ(RefOf(absl::btree_map<int, int>{{1, 2}}),
            RefOf(std::map<int, int>{{1, 2}}));
  const std::vector<double> vector(20, 1.0);
  EXPECT_EQ(RefOf(absl::Span<const double>(vector)), RefOf(vector));
  EXPECT_EQ(RefOf(absl::InlinedVector<double, 1>(20, 1.0)), RefOf(vector));
  EXPECT_EQ(RefOf(absl::string_view("abc")), RefOf(std::string("abc")));
}

TEST(AbseilTest, ViewsAreForArguments) {
  EXPECT_FALSE(Storable<absl::string_view>);
  EXPECT_FALSE(Storable<absl::Span<const int>>);
  EXPECT_TRUE(kMutableView<absl::Span<int>>);
  EXPECT_FALSE(kMutableView<absl::Span<const int>>);
}

}  // namespace
}  // namespace ireneo

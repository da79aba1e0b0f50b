// Small results in memory, in front of the index.

#include "ireneo/memo/memory_tier.h"

#include <filesystem>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"

namespace ireneo {
namespace {

using ::ireneo::internal::FoundCall;
using ::ireneo::internal::MemoryTier;
using ::ireneo::testing::IsOk;

FoundCall Call(int i, std::size_t size) {
  const std::string bytes(size, 'x');
  FoundCall call;
  call.key = Digest::Of(std::to_string(i));
  call.result = Digest::Of(bytes);
  call.result_size = size;
  call.blob = Blob::Copy(std::as_bytes(std::span(bytes)));
  return call;
}

void Add(MemoryTier& tier, const FoundCall& call) {
  tier.Insert(call, tier.generation(call.key));
}

TEST(MemoryTierTest, FindsWhatWasInserted) {
  MemoryTier tier(1 << 20);
  const FoundCall call = Call(1, 100);
  EXPECT_EQ(tier.Find(call.key), std::nullopt);
  Add(tier, call);
  const auto found = tier.Find(call.key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->result, call.result);
  EXPECT_EQ(found->blob->size(), 100u);
}

TEST(MemoryTierTest, StaysWithinItsCapacity) {
  MemoryTier tier(64 << 10);
  for (int i = 0; i < 10000; ++i) Add(tier, Call(i, 1000));
  int kept = 0;
  for (int i = 0; i < 10000; ++i) {
    kept += tier.Find(Call(i, 0).key).has_value();
  }
  EXPECT_GT(kept, 20);
  EXPECT_LT(kept, 65);
}

TEST(MemoryTierTest, TheLeastRecentlyUsedGoFirst) {
  MemoryTier tier(256 << 10);
  const FoundCall used = Call(-1, 500);
  Add(tier, used);
  for (int i = 0; i < 5000; ++i) {
    Add(tier, Call(i, 500));
    ASSERT_TRUE(tier.Find(used.key).has_value()) << i;
  }
}

TEST(MemoryTierTest, LargeResultsAreLeftOut) {
  MemoryTier tier(1 << 30);
  const FoundCall call = Call(1, MemoryTier::kLargestResult + 1);
  Add(tier, call);
  EXPECT_EQ(tier.Find(call.key), std::nullopt);
}

TEST(MemoryTierTest, WhatWasReadBeforeAnEraseIsNotInserted) {
  MemoryTier tier(1 << 20);
  const FoundCall call = Call(1, 10);
  const std::uint64_t before = tier.generation(call.key);
  tier.Erase(call.key);
  tier.Insert(call, before);
  EXPECT_EQ(tier.Find(call.key), std::nullopt);
  Add(tier, call);
  EXPECT_TRUE(tier.Find(call.key).has_value());
  tier.Clear();
  EXPECT_EQ(tier.Find(call.key), std::nullopt);
}

TEST(MemoryTierTest, ZeroTurnsItOff) {
  MemoryTier tier(0);
  Add(tier, Call(1, 10));
  EXPECT_EQ(tier.Find(Call(1, 10).key), std::nullopt);
}

class TieredStoreTest : public ::ireneo::testing::MemoFixture {};

TEST_F(TieredStoreTest, ServesWithoutTheIndexAndForgetsWithIt) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int n) { return n; });
  f(1);
  {
    const auto other = testing::OpenStore(dir_.path() / "store");
    EXPECT_THAT(other->Forget(*f.KeyOf(1)), IsOk());
  }
  EXPECT_EQ(f(1), 1);
  EXPECT_TRUE(LastHit());
  EXPECT_THAT(f.Forget(1), IsOk());
  EXPECT_EQ(*f.Contains(1), false);
  f(1);
  EXPECT_FALSE(LastHit());
  EXPECT_THAT(store().Forget(*f.KeyOf(1)), IsOk());
  f(1);
  EXPECT_FALSE(LastHit());
}

TEST_F(TieredStoreTest, HitsFromMemoryAreCounted) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int n) { return n; });
  for (int i = 0; i < 10; ++i) f(1);
  EXPECT_EQ(store().Stats()->hits, 9);
}

TEST_F(TieredStoreTest, TurnedOffEachCallAsksTheIndex) {
  Open({.memory_bytes = 0});
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int n) { return n; });
  f(1);
  f(1);
  EXPECT_TRUE(LastHit());
  const auto other = testing::OpenStore(dir_.path() / "store");
  EXPECT_THAT(other->Forget(*f.KeyOf(1)), IsOk());
  f(1);
  EXPECT_FALSE(LastHit());
}

}  // namespace
}  // namespace ireneo

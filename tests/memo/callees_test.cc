// Calls inside of calls are recorded.

#include <atomic>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::testing::ElementsAre;

const MemoStore* open_store = nullptr;

int Leaf(int n) { return n; }
auto MemoizedLeaf() {
  return Memoize(*open_store, {.name = "leaf", .version = "1"}, Leaf);
}
int Branch(int n) { return MemoizedLeaf()(n) + MemoizedLeaf()(n + 1); }
auto MemoizedBranch() {
  return Memoize(*open_store, {.name = "branch", .version = "1"}, Branch);
}
int Root(int n) {
  int sum = MemoizedLeaf()(n);
  for (int i = 0; i < 3; ++i) sum += MemoizedBranch()(i);
  return sum + MemoizedBranch()(0);
}

class CalleesTest : public ::ireneo::testing::MemoFixture {
 protected:
  void SetUp() override {
    MemoFixture::SetUp();
    open_store = &store();
  }
};

TEST_F(CalleesTest, AreRecordedOnceInTheOrderOfTheirFirstCall) {
  const auto root = Memoize(store(), {.name = "root", .version = "1"}, Root);
  root(0);
  const auto record = store().FindCall(*root.KeyOf(0));
  ASSERT_THAT(record, IsOk());
  EXPECT_THAT(
      record->callees,
      ElementsAre(*MemoizedLeaf().KeyOf(0), *MemoizedBranch().KeyOf(0),
                  *MemoizedBranch().KeyOf(1), *MemoizedBranch().KeyOf(2)));
  EXPECT_THAT(store().FindCall(*MemoizedBranch().KeyOf(1))->callees,
              ElementsAre(*MemoizedLeaf().KeyOf(1), *MemoizedLeaf().KeyOf(2)));
  EXPECT_THAT(store().FindCall(*MemoizedLeaf().KeyOf(1))->callees,
              ElementsAre());
}

TEST_F(CalleesTest, HandlesTracesAndRecomputationsCount) {
  const auto f = Memoize(store(), {.name = "f", .version = "1"}, [](int n) {
    return *MemoizedLeaf().Recall(n)->Load() + MemoizedLeaf().Recompute(n + 1) +
           MemoizedLeaf().Trace(n + 2)->value +
           MemoizedLeaf().Lookup(n)->value_or(0);
  });
  EXPECT_EQ(f.Recall(1)->record().callees.size(), 3u);
  EXPECT_EQ(f.Recall(1)->record().callees.size(), 3u);
}

TEST_F(CalleesTest, WhatIsNotRememberedIsNoCallee) {
  const auto f = Memoize(store(), {.name = "f", .version = "1"}, [](int n) {
    return Memoize(
        *open_store,
        {.name = "leaf", .version = "1", .min_compute_time = absl::Hours(1)},
        Leaf)(n);
  });
  EXPECT_THAT(f.Recall(1)->record().callees, ElementsAre());
}

TEST_F(CalleesTest, CallsOfAnotherStoreAreNot) {
  const auto other = testing::OpenStore(dir_.path() / "other");
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int n) { return MemoizedLeaf()(n); });
  open_store = &*other;
  EXPECT_THAT(f.Recall(1)->record().callees, ElementsAre());
}

TEST_F(CalleesTest, ManyAreKept) {
  const auto f = Memoize(store(), {.name = "f", .version = "1"}, [](int n) {
    const WriteBatch batch = open_store->Batch();
    int sum = 0;
    for (int i = 0; i < n; ++i) sum += MemoizedLeaf()(i);
    return sum;
  });
  EXPECT_EQ(f.Recall(5000)->record().callees.size(), 5000u);
}

}  // namespace
}  // namespace ireneo

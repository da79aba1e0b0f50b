// Many threads and many processes on one store.

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::TemporaryDirectory;

// Small and large results, in turn; a pure function of `n`.
std::vector<double> Values(int n) {
  std::vector<double> values(n % 2 == 0 ? 10 : 2000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = n + 0.25 * i;
  return values;
}

auto MemoizedValues(const MemoStore& store) {
  return Memoize(store, {.name = "test.Values", .version = "1"}, Values);
}

void RunInThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(MemoizeConcurrencyTest, ThreadsShareOneFunction) {
  const TemporaryDirectory dir;
  std::atomic<int> hits = 0;
  std::atomic<int> faults = 0;
  const auto store =
      testing::OpenStore(dir.path(), {.observer = [&](const CallEvent& event) {
                           hits += event.hit;
                           faults += !event.fault.ok();
                         }});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedValues(*store);
  RunInThreads(8, [&](int thread) {
    for (int i = 0; i < 200; ++i) {
      const int n = (i * 7 + thread * 13) % 40;
      ASSERT_EQ(f(n), Values(n));
      if (i % 50 == thread) {
        ASSERT_THAT(f.Forget(n), IsOk());
      }
    }
  });
  EXPECT_GT(hits, 1000);
  EXPECT_EQ(faults, 0);
}

TEST(MemoizeConcurrencyTest, ProcessesShareOneStore) {
  const TemporaryDirectory dir;
  RunInChildren(4, [&](int process) {
    const auto store = testing::OpenStore(dir.path());
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizedValues(*store);
    RunInThreads(2, [&](int thread) {
      for (int i = 0; i < 100; ++i) {
        const int n = (i * 7 + process * 11 + thread * 13) % 60;
        ASSERT_EQ(f(n), Values(n));
      }
    });
    EXPECT_EQ(store->Stats()->faults, 0);
  });
  const auto store = testing::OpenStore(dir.path());
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(store->Stats()->calls, 60);
  const auto f = MemoizedValues(*store);
  for (int n = 0; n < 60; ++n) EXPECT_EQ(**f.Lookup(n), Values(n));
}

TEST(MemoizeConcurrencyTest, AForkedChildUsesTheStoreOfItsParent) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedValues(*store);
  EXPECT_EQ(f(1), Values(1));
  RunInChildren(3, [&](int child) {
    EXPECT_EQ(**f.Lookup(1), Values(1));
    EXPECT_EQ(f(10 + child), Values(10 + child));
    EXPECT_EQ(store->Stats()->faults, 0);
  });
  for (int child = 0; child < 3; ++child) {
    EXPECT_EQ(**f.Lookup(10 + child), Values(10 + child));
  }
  EXPECT_EQ(f(2), Values(2));
}

}  // namespace
}  // namespace ireneo

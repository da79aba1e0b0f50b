// Calls that are written in groups.

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/database.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::ChildProcess;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInThreads;
using ::ireneo::testing::StatusIs;

std::atomic<int> executions = 0;

std::vector<int> Values(int n) {
  ++executions;
  return std::vector<int>(n % 3 == 0 ? 5 : 3000, n);
}

class BatchTest : public ::ireneo::testing::MemoFixture {
 protected:
  BatchTest() { executions = 0; }

  auto Memoized(const MemoStore& store) {
    return Memoize(store, {.name = "values", .version = "1"}, Values);
  }
  // As another process sees it.
  int CallsOnDisk() {
    const auto other = testing::OpenStore(dir_.path() / "store");
    return static_cast<int>(other->Stats()->calls);
  }
};

TEST_F(BatchTest, OthersSeeItWhenItEnds) {
  const auto f = Memoized(store());
  {
    const WriteBatch batch = store().Batch();
    f(1);
    f(2);
    EXPECT_EQ(CallsOnDisk(), 0);
    EXPECT_THAT(batch.Flush(), IsOk());
    EXPECT_EQ(CallsOnDisk(), 2);
    f(3);
  }
  EXPECT_EQ(CallsOnDisk(), 3);
  f(4);
  EXPECT_EQ(CallsOnDisk(), 4);
}

TEST_F(BatchTest, ThisProcessSeesItAtOnce) {
  for (const std::uint64_t memory :
       {std::uint64_t{0}, std::uint64_t{1} << 20}) {
    Open({.memory_bytes = memory});
    executions = 0;
    const auto f = Memoized(store());
    EXPECT_THAT(f.Clear(), IsOk());
    const WriteBatch batch = store().Batch();
    EXPECT_EQ(f(1), f(1));
    EXPECT_EQ(f(3), f(3));
    EXPECT_EQ(executions, 2);
    EXPECT_EQ(*f.Contains(1), true);
    EXPECT_EQ(*f.Recall(3)->Load(), Values(3));
    EXPECT_EQ(store().Stats()->calls, 2);  // Which writes it.
    f(4);
    EXPECT_THAT(f.Forget(4), IsOk());
    EXPECT_EQ(*f.Contains(4), false);
    f(5);
    EXPECT_EQ(f.Calls().size(), 3u);
  }
}

TEST_F(BatchTest, ARecomputedCallReplacesOneOfTheBatch) {
  for (const std::uint64_t memory :
       {std::uint64_t{0}, std::uint64_t{1} << 20}) {
    Open({.memory_bytes = memory});
    static std::atomic<int> now;
    now = 1;
    const auto f = Memoize(store(), {.name = "f", .version = "1"},
                           [](int) { return now.load(); });
    EXPECT_THAT(f.Clear(), IsOk());
    {
      const WriteBatch batch = store().Batch();
      EXPECT_EQ(f(0), 1);
      now = 2;
      EXPECT_EQ(f.Recompute(0), 2);
      EXPECT_EQ(f(0), 2);
    }
    EXPECT_EQ(f(0), 2);
  }
}

TEST_F(BatchTest, ASlowCallIsWrittenAtOnce) {
  const auto f = Memoize(store(), {.name = "slow", .version = "1"}, [](int n) {
    absl::SleepFor(absl::Milliseconds(120));
    return n;
  });
  const WriteBatch batch = store().Batch();
  f(1);
  EXPECT_EQ(CallsOnDisk(), 1);
}

TEST_F(BatchTest, ManyAreWrittenBeforeItEnds) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int n) { return n; });
  const WriteBatch batch = store().Batch();
  for (int i = 0; i < 10'000; ++i) f(i);
  EXPECT_GE(CallsOnDisk(), 5000);
}

TEST_F(BatchTest, NothingIsLostWhenItEndsWhileOthersCall) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int n) { return n; });
  constexpr int kCalls = 300;
  RunInThreads(4, [&](int thread) {
    for (int i = 0; i < kCalls; ++i) {
      std::optional<WriteBatch> batch;
      if (i % 3 == thread % 3) batch.emplace(store());
      f(thread * kCalls + i);
    }
  });
  EXPECT_EQ(CallsOnDisk(), 4 * kCalls);
}

TEST_F(BatchTest, OneCallThatCannotBeWrittenLosesNoOther) {
  IRENEO_SKIP_WITHOUT_DATABASE();    // There a lost file is noticed by a hit.
  const auto f = Memoized(store());  // 1, 2, 4, ... have files.
  std::optional<WriteBatch> batch;
  batch.emplace(store());
  for (int n = 0; n < 9; ++n) f(n);
  const Digest lost = Digest::Of([] {
    std::string bytes;
    StringSink sink(bytes);
    Write(Values(4), sink);
    sink.Flush();
    return bytes;
  }());
  ASSERT_TRUE(std::filesystem::remove(store().BlobPath(lost)));
  batch.reset();
  EXPECT_EQ(CallsOnDisk(), 8);
  EXPECT_EQ(store().Stats()->faults, 1);
}

TEST_F(BatchTest, TheFirstResultIsKept) {
  static std::atomic<int> now;
  now = 1;
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int) { return now.load(); });
  const auto other_store = testing::OpenStore(dir_.path() / "store");
  const auto other = Memoize(*other_store, {.name = "f", .version = "1"},
                             [](int) { return now.load(); });
  {
    const WriteBatch batch = store().Batch();
    EXPECT_EQ(f(0), 1);
    now = 2;
    EXPECT_EQ(other(0), 2);  // It does not see the batch, and is written first.
  }
  EXPECT_EQ(f(0), 2);
  EXPECT_EQ(other(0), 2);
  EXPECT_EQ(store().Stats()->conflicts, 1);
}

TEST_F(BatchTest, ALockedIndexLosesNothingAndStopsNoHit) {
  IRENEO_SKIP_WITHOUT_DATABASE();
  const auto f = Memoized(store());
  const WriteBatch batch = store().Batch();
  f(0);
  const auto database = Database::Open(dir_.path() / "store" / "index.db", "",
                                       internal::IndexUpgrades());
  ASSERT_THAT(database, IsOk());
  auto connection = (*database)->Acquire();
  {
    auto transaction = WriteTransaction::Begin(*connection);
    ASSERT_THAT(transaction, IsOk());
    std::thread flusher([&] {
      EXPECT_THAT(batch.Flush(), StatusIs(absl::StatusCode::kUnavailable));
    });
    absl::SleepFor(absl::Milliseconds(200));
    EXPECT_EQ(f(0), Values(0));  // While the other waits for the lock.
    EXPECT_TRUE(LastHit());
    flusher.join();
  }
  EXPECT_THAT(batch.Flush(), IsOk());
  EXPECT_EQ(CallsOnDisk(), 1);
  EXPECT_EQ(store().Stats()->faults, 0);
}

TEST_F(BatchTest, ThreadsShareIt) {
  const auto f = Memoized(store());
  {
    const WriteBatch batch = store().Batch();
    RunInThreads(4, [&](int thread) {
      const WriteBatch nested = store().Batch();
      for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(f((i + 10 * thread) % 60), Values((i + 10 * thread) % 60));
      }
    });
  }
  EXPECT_EQ(CallsOnDisk(), 60);
  EXPECT_EQ(executions, 60 + 400);
}

TEST_F(BatchTest, AChildDoesNotWriteTheBatchOfItsParent) {
  const auto f = Memoized(store());
  std::optional<WriteBatch> batch;
  batch.emplace(store());
  f(1);
  ChildProcess child([&] {
    f(2);
    EXPECT_EQ(store().Stats()->calls, 1);
  });
  child.Join();
  EXPECT_EQ(CallsOnDisk(), 1);
  batch.reset();
  EXPECT_EQ(CallsOnDisk(), 2);
  // Nor does a child batch what its parent opened one for.
  batch.emplace(store());
  ChildProcess([&] { f(4); }).Join();
  EXPECT_EQ(CallsOnDisk(), 3);
}

TEST_F(BatchTest, ACallOutlivesAnArgumentThatIsRemoved) {
  const auto f = Memoize(store(), {.name = "sum", .version = "1"},
                         [](const std::vector<int>& v) { return v.front(); });
  const std::vector<int> v(5000, 7);
  EXPECT_EQ(f(v), 7);
  const Digest argument = store().Calls()->front().arguments[0].digest;
  EXPECT_THAT(f.Clear(), IsOk());
  {
    const WriteBatch batch = store().Batch();
    EXPECT_EQ(f(v), 7);
    // As a collection of another process could.
    EXPECT_THAT(store().blobs().Remove(argument), IsOk());
  }
  EXPECT_EQ(store().Stats()->faults, 0);
  const std::vector<CallRecord> calls = *store().Calls();
  ASSERT_EQ(calls.size(), 1u);
  // An index of files does not look.
  EXPECT_EQ(calls[0].arguments[0].kept, testing::TestsDirectoryIndex());
}

TEST_F(BatchTest, FlushTellsWhatWasLostBefore) {
  IRENEO_SKIP_WITHOUT_DATABASE();
  const auto f = Memoize(store(), {.name = "slow", .version = "1"}, [](int n) {
    absl::SleepFor(absl::Milliseconds(120));
    return n;
  });
  const std::filesystem::path index = store().directory() / "index.db";
  const WriteBatch batch = store().Batch();
  std::filesystem::rename(index, dir_.path() / "moved");
  EXPECT_EQ(f(1), 1);  // Written at once, in vain.
  std::filesystem::rename(dir_.path() / "moved", index);
  EXPECT_THAT(batch.Flush(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(batch.Flush(), IsOk());
}

}  // namespace
}  // namespace ireneo

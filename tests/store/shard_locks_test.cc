#include "ireneo/store/shard_locks.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::ChildProcess;
using ::ireneo::testing::Signal;
using ::ireneo::testing::TemporaryDirectory;

class ShardLocksTest : public ::testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::filesystem::path file_ = directory_.path() / "shards";
  ShardLocks locks_{file_};
};

TEST_F(ShardLocksTest, SharedHoldersExcludeWhoRemoves) {
  for (const int shard : {0, 1, 255}) {
    const auto byte = static_cast<std::uint8_t>(shard);
    {
      const ShardLocks::Shared one = locks_.Share(byte);
      const ShardLocks::Shared two = locks_.Share(byte);
      EXPECT_TRUE(one.held());
      EXPECT_TRUE(two.held());
      EXPECT_FALSE(locks_.TryExclusive(byte).has_value());
      EXPECT_FALSE(ShardLocks(file_).TryExclusive(byte).has_value());
      // Another shard is another lock.
      EXPECT_TRUE(locks_.TryExclusive(static_cast<std::uint8_t>(shard ^ 1))
                      .has_value());
    }
    const auto exclusive = locks_.TryExclusive(byte);
    ASSERT_TRUE(exclusive.has_value());
    EXPECT_TRUE(exclusive->held());
    EXPECT_FALSE(locks_.TryExclusive(byte).has_value());
  }
}

TEST_F(ShardLocksTest, TheLastTokenGivesTheLockBack) {
  ShardLocks::Shared one = locks_.Share(7);
  ShardLocks::Shared two = one;               // A copy holds it as well,
  ShardLocks::Shared three = std::move(one);  // a move only once.
  EXPECT_FALSE(locks_.TryExclusive(7).has_value());
  two = ShardLocks::Shared();
  EXPECT_FALSE(locks_.TryExclusive(7).has_value());
  three = locks_.Share(8);
  EXPECT_TRUE(locks_.TryExclusive(7).has_value());
  EXPECT_FALSE(locks_.TryExclusive(8).has_value());
}

TEST_F(ShardLocksTest, ATokenOutlivesItsLocks) {
  ShardLocks::Shared token;
  {
    const ShardLocks other(file_);
    token = other.Share(3);
  }
  EXPECT_FALSE(locks_.TryExclusive(3).has_value());
  token = ShardLocks::Shared();
  EXPECT_TRUE(locks_.TryExclusive(3).has_value());
}

TEST_F(ShardLocksTest, AWriterWaitsForWhoRemoves) {
  std::optional<ShardLocks::Exclusive> exclusive = locks_.TryExclusive(9);
  ASSERT_TRUE(exclusive.has_value());
  std::atomic<bool> released = false;
  std::thread writer([&] {
    const ShardLocks::Shared token = locks_.Share(9);
    EXPECT_TRUE(token.held());
    EXPECT_TRUE(released);
  });
  absl::SleepFor(absl::Milliseconds(20));
  released = true;
  exclusive.reset();
  writer.join();
}

TEST_F(ShardLocksTest, WhoRemovesWaitsForAWriterAsLongAsToldTo) {
  std::optional<ShardLocks::Shared> token = locks_.Share(9);
  EXPECT_FALSE(locks_.TryExclusive(9, absl::Milliseconds(10)).has_value());
  std::thread writer([&] {
    absl::SleepFor(absl::Milliseconds(20));
    token.reset();
  });
  EXPECT_TRUE(locks_.TryExclusive(9, absl::Seconds(60)).has_value());
  writer.join();
}

TEST_F(ShardLocksTest, WithoutAFolderAllGoOnWithout) {
  const ShardLocks none(directory_.path() / "no" / "shards");
  EXPECT_FALSE(none.Share(1).held());
  const auto exclusive = none.TryExclusive(1);
  ASSERT_TRUE(exclusive.has_value());
  EXPECT_FALSE(exclusive->held());
}

TEST_F(ShardLocksTest, AChildHasLocksOfItsOwn) {
  std::optional<ShardLocks::Shared> parents = locks_.Share(5);
  {
    const ChildProcess child([&] {
      EXPECT_FALSE(locks_.TryExclusive(5).has_value());
      // What the child does with its copy of the token is nothing to the
      // parent.
      parents.reset();
      EXPECT_FALSE(locks_.TryExclusive(5).has_value());
      const ShardLocks::Shared own = locks_.Share(6);
      EXPECT_TRUE(own.held());
      EXPECT_FALSE(locks_.TryExclusive(6).has_value());
    });
  }
  EXPECT_FALSE(locks_.TryExclusive(5).has_value());
  EXPECT_TRUE(locks_.TryExclusive(6).has_value());
  parents.reset();
  EXPECT_TRUE(locks_.TryExclusive(5).has_value());
}

// One that has inherited the file, and uses no locks.
TEST_F(ShardLocksTest, AChildThatLivesOnKeepsNoLockOfItsParent) {
  Signal end;
  std::optional<ShardLocks::Shared> token = locks_.Share(5);
  std::optional<ShardLocks::Exclusive> exclusive = locks_.TryExclusive(6);
  const ChildProcess child([&] { end.Await(); });
  token.reset();
  exclusive.reset();
  EXPECT_TRUE(locks_.TryExclusive(5).has_value());
  EXPECT_TRUE(locks_.TryExclusive(6).has_value());
  end.Give();
}

// Nor of a lock that the parent took later, and was killed over.
TEST_F(ShardLocksTest, ALockTakenAfterAForkIsTheTakersAlone) {
  Signal end;
  (void)locks_.Share(1);  // The file is open.
  {
    const ChildProcess child([&] {
      (void)locks_.Share(1);  // Open, of the child.
      if (::fork() == 0) {
        end.Await();
        ::_exit(0);
      }
      const ShardLocks::Shared token = locks_.Share(5);
      EXPECT_TRUE(token.held());
      ::_exit(::testing::Test::HasFailure() ? 1 : 0);  // As if killed.
    });
  }
  EXPECT_TRUE(locks_.TryExclusive(5).has_value());
  end.Give();
}

TEST_F(ShardLocksTest, ThreadsNeverMeet) {
  constexpr int kRounds = 300;
  std::atomic<int> writers = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        if (t == 0) {
          const auto exclusive = locks_.TryExclusive(1);
          if (!exclusive.has_value()) continue;
          EXPECT_EQ(writers, 0);
        } else {
          const ShardLocks::Shared token = locks_.Share(1);
          EXPECT_TRUE(token.held());
          ++writers;
          const ShardLocks::Shared copy = token;
          EXPECT_FALSE(locks_.TryExclusive(1).has_value());
          --writers;
        }
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(locks_.TryExclusive(1).has_value());
}

}  // namespace
}  // namespace ireneo

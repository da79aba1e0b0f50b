// Of many that want the same result at once, one computes.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::ChildProcess;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunInThreads;
using ::ireneo::testing::TemporaryDirectory;

// Says that it ran, across processes, in the file at `log`.
std::int64_t Slow(const std::string& log, std::int64_t n) {
  std::ofstream(log, std::ios::app) << 'x' << std::flush;
  absl::SleepFor(absl::Milliseconds(200));
  return n * n;
}

auto MemoizedSlow(const MemoStore& store, MemoizeOptions options = {}) {
  options.name = "test.Slow";
  options.version = "1";
  return Memoize(store, options, Slow);
}

TEST(SingleFlightTest, ThirtyTwoCallersComputeOnce) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  RunInChildren(4, [&](int) {
    const auto store = testing::OpenStore(dir.path() / "store");
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizedSlow(*store);
    RunInThreads(8, [&](int) { EXPECT_EQ(f(log, 12), 144); });
  });
  EXPECT_EQ(FileBytes(log), "x");
}

TEST(SingleFlightTest, OtherKeysDoNotWait) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  const auto store = testing::OpenStore(dir.path() / "store");
  const auto f = MemoizedSlow(*store);
  std::atomic<int> computing = 0;
  std::atomic<int> most = 0;
  static std::atomic<int>* now = &computing;
  static std::atomic<int>* peak = &most;
  const auto g = Memoize(*store, {.name = "g", .version = "1"}, [](int n) {
    const int others = ++*now;
    int seen = *peak;
    while (seen < others && !peak->compare_exchange_weak(seen, others)) {
    }
    while (*peak < 4) absl::SleepFor(absl::Milliseconds(1));
    --*now;
    return n;
  });
  RunInThreads(4, [&](int i) { EXPECT_EQ(g(i), i); });
  EXPECT_EQ(most, 4);
}

TEST(SingleFlightTest, WhoWaitsForAKilledProcessTakesOver) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  const std::filesystem::path pid_file = dir.path() / "pid";
  const auto store = testing::OpenStore(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  // Hangs in the first process that computes it.
  const auto hang = [](const std::string& file) {
    if (!std::filesystem::exists(file)) {
      std::ofstream(file + ".new") << ::getpid() << std::flush;
      std::filesystem::rename(file + ".new", file);
      absl::SleepFor(absl::Hours(1));
    }
    return 7;
  };
  for (const Wait wait : {Wait::kBlock, Wait::kTimeout}) {
    const MemoizeOptions options = {
        .name = wait == Wait::kBlock ? "block" : "timeout",
        .version = "1",
        .wait = wait,
        .wait_timeout = absl::Hours(1)};
    const pid_t child = ::fork();
    if (child == 0) {
      const auto own = testing::OpenStore(dir.path() / "store");
      Memoize(*own, options, hang)(pid_file);
      ::_exit(0);
    }
    while (!std::filesystem::exists(pid_file)) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    std::thread killer([&] {
      absl::SleepFor(absl::Milliseconds(50));
      ::kill(child, SIGKILL);
    });
    EXPECT_EQ(Memoize(*store, options, hang)(pid_file), 7);
    killer.join();
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(*Memoize(*store, options, hang).Contains(pid_file), true);
    std::filesystem::remove(pid_file);
  }
}

TEST(SingleFlightTest, ALockDoesNotOutliveItsHolderInAForkedChild) {
  const TemporaryDirectory dir;
  const std::filesystem::path hanging = dir.path() / "hanging";
  const MemoizeOptions options = {.name = "test.Hang",
                                  .version = "1",
                                  .wait = Wait::kTimeout,
                                  .wait_timeout = absl::Seconds(30)};
  // Hangs in the first process that gets the name of a file to make.
  const auto hang = [](const std::string& file) {
    if (!file.empty() && std::ofstream(file, std::ios::app).tellp() == 0) {
      std::ofstream(file) << 'x' << std::flush;
      absl::SleepFor(absl::Hours(1));
    }
    return 7;
  };
  int open_while_test_runs[2];
  ASSERT_EQ(::pipe(open_while_test_runs), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto store = testing::OpenStore(dir.path() / "store");
    const auto f = Memoize(*store, options, hang);
    f("");  // The file of locks is open now.
    if (::fork() == 0) {
      ::close(open_while_test_runs[1]);
      char byte;
      (void)!::read(open_while_test_runs[0], &byte, 1);
    } else {
      f(hanging);
    }
    ::_exit(0);
  }
  while (!std::filesystem::exists(hanging) ||
         std::filesystem::file_size(hanging) == 0) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  ::kill(holder, SIGKILL);
  ASSERT_EQ(::waitpid(holder, nullptr, 0), holder);
  const auto store = testing::OpenStore(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  const absl::Time start = absl::Now();
  EXPECT_EQ(Memoize(*store, options, hang)(hanging), 7);
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  ::close(open_while_test_runs[0]);
  ::close(open_while_test_runs[1]);
}

// A child that leaves a flight of its parent's, and then one that wants it.
bool is_other = false;
const MemoizeOptions kForkInside = {.name = "test.ForkInside",
                                    .version = "1",
                                    .wait = Wait::kTimeout,
                                    .wait_timeout = absl::Milliseconds(100)};
int ForkInside(const std::string& directory) {
  if (is_other) return 7;
  const pid_t child = ::fork();
  if (child == 0) throw std::runtime_error("leaves");
  ::waitpid(child, nullptr, 0);
  ChildProcess other([&] {
    is_other = true;
    const auto store = testing::OpenStore(directory);
    const absl::Time start = absl::Now();
    EXPECT_EQ(Memoize(*store, kForkInside, ForkInside)(directory), 7);
    EXPECT_GE(absl::Now() - start, kForkInside.wait_timeout);
  });
  other.Join();
  return 7;
}

TEST(SingleFlightTest, AChildDoesNotDropALockOfItsParent) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path());
  ASSERT_THAT(store, IsOk());
  try {
    EXPECT_EQ(Memoize(*store, kForkInside, ForkInside)(dir.path()), 7);
  } catch (const std::runtime_error&) {
    ::_exit(0);
  }
}

TEST(SingleFlightTest, WaitNeverAndTimeoutsCompute) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  const auto store = testing::OpenStore(dir.path() / "store");
  const auto never = MemoizedSlow(*store, {.wait = Wait::kNever});
  RunInThreads(3, [&](int) { EXPECT_EQ(never(log, 3), 9); });
  EXPECT_EQ(FileBytes(log), "xxx");

  std::filesystem::remove(log);
  const auto timeout = MemoizedSlow(
      *store, {.wait = Wait::kTimeout, .wait_timeout = absl::Milliseconds(1)});
  RunInThreads(2, [&](int) { EXPECT_EQ(timeout(log, 4), 16); });
  EXPECT_EQ(FileBytes(log), "xx");

  std::filesystem::remove(log);
  const auto patient = MemoizedSlow(
      *store, {.wait = Wait::kTimeout, .wait_timeout = absl::Hours(1)});
  RunInThreads(3, [&](int) { EXPECT_EQ(patient(log, 5), 25); });
  EXPECT_EQ(FileBytes(log), "x");
}

TEST(SingleFlightTest, ALockThatCannotBeHadStopsNobody) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  {
    ASSERT_THAT(testing::OpenStore(dir.path() / "store"), IsOk());
    std::filesystem::remove_all(dir.path() / "store" / "locks");
    std::ofstream(dir.path() / "store" / "locks") << "no folder";
  }
  const auto store = testing::OpenStore(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedSlow(*store);
  EXPECT_EQ(f(log, 2), 4);
  RunInThreads(4, [&](int) { EXPECT_EQ(f(log, 3), 9); });  // In a process.
  EXPECT_EQ(FileBytes(log), "xx");
  EXPECT_EQ(store->Stats()->faults, 0);
}

TEST(SingleFlightTest, AFailureReleasesAllAtOnce) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path() / "store");
  static std::atomic<int> inside = 0;
  static std::atomic<int> runs = 0;
  static std::atomic<int> most = 0;
  const auto f = Memoize(*store, {.name = "f", .version = "1"},
                         [](int n) -> absl::StatusOr<int> {
                           ++runs;
                           const int others = ++inside;
                           if (others > most) most = others;
                           absl::SleepFor(absl::Milliseconds(50));
                           --inside;
                           if (n < 0) return absl::OutOfRangeError("negative");
                           throw std::runtime_error("thrown");
                         });
  RunInThreads(8, [&](int) {
    EXPECT_EQ(f(-1).status().message(), "negative");
    EXPECT_THROW((void)f(1), std::runtime_error);
  });
  EXPECT_EQ(runs, 16);
  EXPECT_GT(most, 2);  // Not one after the other.
}

// Memoized functions that call themselves and each other.
const MemoStore* recursive_store = nullptr;
std::int64_t Fibonacci(std::int64_t n);
std::int64_t MemoizedFibonacci(std::int64_t n) {
  return Memoize(*recursive_store, {.name = "fibonacci", .version = "1"},
                 Fibonacci)(n);
}
std::atomic<int> fibonacci_runs = 0;
std::int64_t Fibonacci(std::int64_t n) {
  ++fibonacci_runs;
  return n < 2 ? n : MemoizedFibonacci(n - 1) + MemoizedFibonacci(n - 2);
}

bool IsOdd(int n);
bool IsEven(int n) {
  return n == 0 || Memoize(*recursive_store, {.name = "odd", .version = "1"},
                           IsOdd)(n - 1);
}
bool IsOdd(int n) {
  return n != 0 && Memoize(*recursive_store, {.name = "even", .version = "1"},
                           IsEven)(n - 1);
}

TEST(SingleFlightTest, RecursionDoesNotDeadlock) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path() / "store");
  recursive_store = &*store;
  RunInThreads(8, [](int i) {
    EXPECT_EQ(MemoizedFibonacci(40 + i), Fibonacci(40 + i));
    const auto even =
        Memoize(*recursive_store, {.name = "even", .version = "1"}, IsEven);
    EXPECT_EQ(even(50 + i), i % 2 == 0);
  });
  // Each of the 48 once, besides the 8 direct calls.
  EXPECT_EQ(fibonacci_runs, 48 + 8);
}

// Two threads, each of which computes what the other waits for: no pure
// functions do this, but it must not hang.
std::atomic<int> arrived = 0;
int Left(int depth);
int Right(int depth);
int CallLeft(int depth) {
  return Memoize(*recursive_store, {.name = "left", .version = "1"},
                 Left)(depth);
}
int CallRight(int depth) {
  return Memoize(*recursive_store, {.name = "right", .version = "1"},
                 Right)(depth);
}
void Meet() {
  ++arrived;
  while (arrived < 2) absl::SleepFor(absl::Milliseconds(1));
}
thread_local int nesting = 0;
int Left(int depth) {
  Meet();
  return ++nesting < 3 ? CallRight(depth) : 1;
}
int Right(int depth) {
  Meet();
  return ++nesting < 3 ? CallLeft(depth) : 1;
}

TEST(SingleFlightTest, ACircleOfThreadsIsBroken) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path() / "store");
  recursive_store = &*store;
  RunInThreads(
      2, [](int i) { EXPECT_EQ(i == 0 ? CallLeft(0) : CallRight(0), 1); });
}

TEST(SingleFlightTest, AChildDoesNotWaitForAThreadOfItsParent) {
  const TemporaryDirectory dir;
  const std::string log = dir.path() / "log";
  const auto store = testing::OpenStore(dir.path() / "store");
  const auto f = Memoize(
      *store,
      {.name = "f",
       .version = "1",
       .wait = Wait::kTimeout,
       .wait_timeout = absl::Milliseconds(10)},
      [](int n) {
        // The child inherits the flight of this very call.
        ChildProcess child([&] {
          EXPECT_EQ(Memoize(*recursive_store, {.name = "g", .version = "1"},
                            [](int k) { return k; })(n),
                    n);
        });
        child.Join();
        return n;
      });
  recursive_store = &*store;
  EXPECT_EQ(f(1), 1);
}

}  // namespace
}  // namespace ireneo

// Collections beside threads and processes that use the store, one that was
// killed, and those that a store with a limit makes by itself.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/digest.h"
#include "tests/memo/collection_fixture.h"
#include "tests/memo/memo_fixture.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CollectionFixture;
using ::ireneo::testing::CountEntries;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kLarge;
using ::ireneo::testing::Large;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunInThreads;
using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class CollectionConcurrencyTest : public CollectionFixture {};

// A function whose calls are forgotten and made again while others collect: its
// results are there already, unreferred, when it stores them. Two calls have
// the same.
auto Repeated(const MemoStore& store) {
  return Memoize(store, {.name = "repeated", .version = "1"},
                 [](int i) { return Large(i / 2, i % 4 < 2 ? 20'000 : 1000); });
}

void ForgetAndRepeat(const MemoStore& store) {
  const auto f = Repeated(store);
  const absl::Time end = absl::Now() + absl::Seconds(3);
  for (int i = 0; absl::Now() < end; i = (i + 1) % 24) {
    ASSERT_THAT(f.Forget(i), IsOk());
    ASSERT_THAT(f.Forget(i ^ 1), IsOk());
    absl::SleepFor(absl::Milliseconds(i % 5));
    EXPECT_EQ(f(i), Large(i / 2, i % 4 < 2 ? 20'000 : 1000));
    // It was remembered, and nobody but us forgets it.
    const absl::StatusOr<std::optional<std::string>> found = f.Lookup(i);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(found->has_value());
  }
}

void ExpectNoFault(const std::vector<absl::Status>& faults) {
  for (const absl::Status& fault : faults) EXPECT_THAT(fault, IsOk());
}

TEST_F(CollectionConcurrencyTest, WritersThatReuseGarbageKeepIt) {
  Open({.memory_bytes = 0});
  std::atomic<bool> done = false;
  std::int64_t removed = 0;
  std::thread collector([&] {
    while (!done) {
      removed += Collect({.grace = absl::ZeroDuration()}).blobs;
    }
  });
  ForgetAndRepeat(store());
  done = true;
  collector.join();
  EXPECT_GT(removed, 0);
  for (const Event& event : events_) EXPECT_THAT(event.fault, IsOk());
}

TEST_F(CollectionConcurrencyTest,
       WritersInOtherProcessesThatReuseGarbageKeepIt) {
  std::atomic<std::int64_t> removed = 0;
  const fs::path directory = store().directory();
  store_.reset();
  RunInChildren(3, [&](int child) {
    std::vector<absl::Status> faults;
    const auto store =
        MemoStore::Open(directory, {.observer =
                                        [&](const CallEvent& event) {
                                          if (!event.fault.ok())
                                            faults.push_back(event.fault);
                                        },
                                    .memory_bytes = 0});
    ASSERT_THAT(store, IsOk());
    if (child == 0) {
      const absl::Time end = absl::Now() + absl::Seconds(3);
      while (absl::Now() < end) {
        const auto report = store->Collect({.grace = absl::ZeroDuration()});
        ASSERT_THAT(report, IsOk());
        removed += report->blobs;
      }
      EXPECT_GT(removed, 0);
    } else {
      // Each has its own calls, of the same results as the other's.
      const auto f = Repeated(*store);
      const absl::Time end = absl::Now() + absl::Seconds(3);
      for (int i = 0; absl::Now() < end; i = (i + 1) % 4) {
        const int own = 2 * i + child - 1;
        ASSERT_THAT(f.Forget(own), IsOk());
        // Long enough for the other one to forget it, too.
        absl::SleepFor(absl::Milliseconds(i));
        EXPECT_EQ(f(own), Large(i, own % 4 < 2 ? 20'000 : 1000));
        const auto found = f.Lookup(own);
        ASSERT_THAT(found, IsOk());
        EXPECT_TRUE(found->has_value());
      }
      ExpectNoFault(faults);
    }
  });
}

TEST_F(CollectionConcurrencyTest, ReadersOfWhatIsForgottenSeeAMissAndNoDamage) {
  Open({.memory_bytes = 0});
  std::atomic<bool> done = false;
  std::int64_t forgotten = 0;
  std::thread collector([&] {
    while (!done) {
      forgotten += Collect({.max_age = absl::ZeroDuration()}).calls;
    }
  });
  const auto f = Repeated(store());
  RunInThreads(2, [&](int) {
    const absl::Time end = absl::Now() + absl::Seconds(2);
    for (int i = 0; absl::Now() < end; i = (i + 1) % 24) {
      EXPECT_EQ(f(i), Large(i / 2, i % 4 < 2 ? 20'000 : 1000));
    }
  });
  done = true;
  collector.join();
  EXPECT_GT(forgotten, 0);
  int hits = 0;
  for (const Event& event : events_) {
    hits += event.hit;
    EXPECT_THAT(event.fault, IsOk());
  }
  EXPECT_GT(hits, 0);
  EXPECT_EQ(CountEntries(store().directory() / "quarantine"), 0u);
}

const MemoStore* collected = nullptr;
CollectReport collected_inside;

TEST_F(CollectionConcurrencyTest,
       CallsThatComputeKeepNothingFromBeingCollected) {
  // Garbage in the shard of the argument.
  const std::string argument = Large(0);
  int i = 1;
  while (Digest::Of(Large(i, 5000)).bytes()[0] !=
         Digest::Of(std::string("\xa0\x86\x01\0\0\0\0\0", 8) + argument)
             .bytes()[0]) {
    ++i;
  }
  collected = &store();
  const auto f = Memoize(
      store(),
      {.name = "f", .version = "1", .keep_arguments = KeepArguments::kAll},
      [](const std::string& text) {
        collected_inside = *collected->Collect({.grace = absl::ZeroDuration()});
        return text.size();
      });
  ASSERT_THAT(store().blobs().Put(Large(i, 5000)), IsOk());
  f(argument);
  EXPECT_EQ(collected_inside.blobs, 1);
  EXPECT_EQ(collected_inside.spared, 0);
  EXPECT_TRUE(*f.Contains(argument));
}

TEST_F(CollectionConcurrencyTest, TheNextCollectionCompletesThatOfAKilledOne) {
  const fs::path directory = store().directory();
  for (int kill_at = 1;; ++kill_at) {
    SCOPED_TRACE(kill_at);
    Open();
    std::vector<Digest> kept;
    for (int i = 0; i < 30; ++i) {
      const Digest key = Insert("f", i, Large(i, i % 2 ? 9000 : 900),
                                absl::Hours(i % 3 == 0 ? 9 : 1));
      if (i % 3 != 0) kept.push_back(key);
    }
    store_.reset();
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = MemoStore::Open(directory);
      int events = 0;
      (void)store->Collect(
          {.max_age = absl::Hours(2), .progress = [&](const CollectProgress&) {
             if (++events == kill_at) ::kill(::getpid(), SIGKILL);
           }});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    Open();
    AgeBlobs();
    // What was referred to since then is garbage all the same if it is not any
    // more.
    Collect({.max_age = absl::Hours(2)});
    const StoreStats stats = *store().Stats();
    EXPECT_EQ(stats.calls, 20);
    EXPECT_EQ(stats.blobs, 20);
    EXPECT_EQ(CountFiles(), 10u);
    for (const Digest& key : kept) {
      const absl::StatusOr<CallRecord> record = store().FindCall(key);
      ASSERT_THAT(record, IsOk());
      EXPECT_THAT(store().blobs().Get(record->result), IsOk());
    }
    if (!WIFSIGNALED(status)) {
      EXPECT_GT(kill_at, 3);
      break;
    }
  }
}

TEST_F(CollectionConcurrencyTest, AStoreKeepsWithinItsLimit) {
  const std::uint64_t limit = 3'000'000;
  Open({.max_bytes = limit});
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int i) { return Large(i); });
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(f(i), Large(i));
    EXPECT_LE(*store().state().index().DiskUsage(), limit + 2 * kLarge);
    // What was just remembered is not what goes.
    EXPECT_TRUE(*f.Contains(i));
  }
  // Down to nine tenths, and no further.
  EXPECT_GT(store().Stats()->calls, 15);
  EXPECT_EQ(store().Stats()->faults, 0);
}

TEST_F(CollectionConcurrencyTest, ALimitHoldsForSmallResultsToo) {
  const std::uint64_t limit = 2'000'000;
  Open({.max_bytes = limit});
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int i) { return Large(i, 900); });
  std::int64_t most = 0;
  for (int i = 0; i < 6000; ++i) {
    f(i);
    if (i % 500 == 0) most = std::max(most, store().Stats()->calls);
  }
  EXPECT_LT(*store().state().index().DiskUsage(), limit * 3 / 2);
  EXPECT_LT(store().Stats()->calls, 2500);
  EXPECT_GT(store().Stats()->calls, 500);
  EXPECT_GT(most, 700);
}

TEST_F(CollectionConcurrencyTest, AResultLargerThanTheLimitDisplacesNothing) {
  Open({.max_bytes = 3'000'000});
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int size) { return Large(size, size); });
  f(1'000'000);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(f(5'000'000).size(), 5'000'000u);
  EXPECT_TRUE(*f.Contains(1'000'000));
  EXPECT_FALSE(*f.Contains(5'000'000));
}

TEST_F(CollectionConcurrencyTest,
       WhatCannotBeCollectedIsNotTriedAgainAndAgain) {
  Open({.max_bytes = 1'000'000});
  const Digest key = Insert("f", 1, Large(1, 2'000'000));
  ASSERT_THAT(store().Pin(key, "mine"), IsOk());
  const auto f =
      Memoize(store(), {.name = "g", .version = "1"}, [](int i) { return i; });
  f(0);
  const fs::path record = store().directory() / "locks" / "gc";
  ASSERT_TRUE(fs::exists(record));
  const fs::file_time_type collected = fs::last_write_time(record);
  for (int i = 1; i < 5; ++i) {
    absl::SleepFor(absl::Milliseconds(60));
    f(i);
  }
  EXPECT_EQ(fs::last_write_time(record), collected);
  // Once, as it is tried once.
  EXPECT_EQ(store().Stats()->faults, 1);
  EXPECT_THAT(events_.front().fault,
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("no more can go: the rest is pinned")));
  // And there is a snapshot of a store that nobody collects but its limit.
  EXPECT_EQ(CountEntries(store().directory() / "snapshots"), 1u);
  // Another limit, another try.
  Open({.max_bytes = 900'000});
  const auto g =
      Memoize(store(), {.name = "g", .version = "1"}, [](int i) { return i; });
  g(10);
  EXPECT_NE(fs::last_write_time(record), collected);
}

TEST_F(CollectionConcurrencyTest, ManyProcessesKeepOneStoreWithinItsLimit) {
  const std::uint64_t limit = 2'000'000;
  const fs::path directory = store().directory();
  store_.reset();
  RunInChildren(4, [&](int child) {
    const auto store = MemoStore::Open(directory, {.max_bytes = limit});
    ASSERT_THAT(store, IsOk());
    const auto f = Memoize(*store, {.name = "f", .version = "1"},
                           [](int i) { return Large(i, 20'000); });
    for (int i = 0; i < 150; ++i) {
      const int own = i * 4 + child;
      EXPECT_EQ(f(own), Large(own, 20'000));
    }
    EXPECT_EQ(store->Stats()->faults, 0);
  });
  Open();
  EXPECT_LT(*store().state().index().DiskUsage(), limit * 5 / 4);
  EXPECT_GT(store().Stats()->calls, 50);
}

TEST_F(CollectionConcurrencyTest, GarbageThatStaysIsNotHeldAgainstCalls) {
  for (int i = 0; i < 10; ++i) Insert("f", i, Large(i), absl::Hours(i));
  for (int i = 10; i < 20; ++i) {
    ASSERT_THAT(store().blobs().Put(Large(i)), IsOk());
  }
  const CollectReport report = Collect({.max_bytes = 11 * kLarge});
  EXPECT_EQ(report.calls, 0);
  EXPECT_EQ(report.waiting, 10);
  EXPECT_GE(report.waiting_bytes, 10 * kLarge);
  EXPECT_GT(report.bytes_after, 20 * kLarge);
}

}  // namespace
}  // namespace ireneo

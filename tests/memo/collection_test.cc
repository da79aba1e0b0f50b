// What a collection forgets and removes, and what it must leave alone.

#include "ireneo/memo/collection.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"
#include "tests/memo/collection_fixture.h"
#include "tests/memo/insert_call.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CollectionFixture;
using ::ireneo::testing::CountEntries;
using ::ireneo::testing::InsertCall;
using ::ireneo::testing::InsertHit;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kLarge;
using ::ireneo::testing::Large;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

class CollectionTest : public CollectionFixture {};

TEST_F(CollectionTest, WithoutCriteriaOnlyGarbageGoes) {
  const Digest kept = Insert("f", 1, Large(1), absl::Hours(10'000));
  const Digest small = Insert("f", 2, Large(2, 500));
  const Digest forgotten = Insert("f", 3, Large(3));
  ASSERT_THAT(store().blobs().Put(Large(4)), IsOk());
  ASSERT_THAT(store().blobs().Put("loose"), IsOk());
  ASSERT_THAT(store().Forget(forgotten), IsOk());
  AgeBlobs();
  const CollectReport report = Collect();
  EXPECT_EQ(report.calls, 0);
  EXPECT_EQ(report.blobs, 3);
  EXPECT_EQ(report.bytes, 2 * kLarge + 5);
  EXPECT_EQ(report.spared, 0);
  EXPECT_LT(report.bytes_after, report.bytes_before - 2 * kLarge + 1);
  EXPECT_THAT(report.functions, IsEmpty());
  EXPECT_TRUE(Has(kept));
  EXPECT_TRUE(Has(small));
  EXPECT_TRUE(HasBlob(Large(1)));
  EXPECT_TRUE(HasBlob(Large(2, 500)));
  EXPECT_EQ(CountFiles(), 1u);
  EXPECT_EQ(CountEntries(store().directory() / "tmp"), 0u);
  EXPECT_EQ(store().Stats()->blobs, 2);
  EXPECT_EQ(Collect().blobs, 0);
}

TEST_F(CollectionTest, GarbageStaysForItsTimeOfGrace) {
  ASSERT_THAT(store().blobs().Put(Large(1)), IsOk());
  EXPECT_EQ(Collect().blobs, 0);
  EXPECT_EQ(Collect({.grace = absl::Hours(2)}).blobs, 0);
  EXPECT_EQ(Collect({.grace = absl::ZeroDuration()}).blobs, 1);
}

TEST_F(CollectionTest, PuttingABlobAgainRenewsItsTimeOfGrace) {
  for (const std::string& bytes : {Large(1), std::string("small")}) {
    ASSERT_THAT(store().blobs().Put(bytes), IsOk());
    AgeBlobs();
    EXPECT_FALSE(store().blobs().Put(bytes)->inserted);
    EXPECT_EQ(Collect().blobs, 0);
    AgeBlobs();
    EXPECT_EQ(Collect().blobs, 1);
  }
}

TEST_F(CollectionTest, CallsThatWereNotUsedForLongGo) {
  const Digest old = Insert("f", 1, Large(1), absl::Hours(50));
  const Digest used = Insert("f", 2, Large(2), absl::Hours(50));
  InsertHit(store(), used, absl::Now() - absl::Hours(10));
  const Digest fresh = Insert("g", 1, Large(3), absl::Hours(47));
  const CollectReport report = Collect({.max_age = absl::Hours(48)});
  EXPECT_EQ(report.calls, 1);
  // At once, though it was put just now.
  EXPECT_EQ(report.blobs, 1);
  EXPECT_FALSE(Has(old));
  EXPECT_FALSE(HasBlob(Large(1)));
  EXPECT_TRUE(Has(used));
  EXPECT_TRUE(Has(fresh));
  ASSERT_EQ(report.functions.size(), 1u);
  EXPECT_EQ(report.functions[0].name, "f");
  EXPECT_EQ(report.functions[0].calls, 1);
  EXPECT_EQ(report.functions[0].kept, 1);
  EXPECT_EQ(report.functions[0].bytes, kLarge);
  EXPECT_EQ(store().Stats()->calls, 2);
  EXPECT_EQ(store().Stats()->hits, 1);
}

TEST_F(CollectionTest, TheHitsOfThisProcessCountAsUse) {
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int i) { return Large(i); });
  f(1);
  f(2);
  absl::SleepFor(absl::Milliseconds(20));
  f(1);
  EXPECT_EQ(Collect({.max_age = absl::Milliseconds(15)}).calls, 1);
  EXPECT_TRUE(*f.Contains(1));
}

TEST_F(CollectionTest, TheNewestVersionsOfAFunctionStay) {
  // The newest call of "1" is newer than that of "2".
  const Digest a = Insert("f", 1, "a", absl::Hours(9), {}, "1");
  const Digest b = Insert("f", 2, "b", absl::Hours(8), {}, "3");
  const Digest c = Insert("f", 3, "c", absl::Hours(7), {}, "2");
  const Digest d = Insert("f", 4, "d", absl::Hours(6), {}, "1");
  const Digest e = Insert("g", 1, "e", absl::Hours(99), {}, "1");
  EXPECT_EQ(Collect({.keep_versions = 3}).calls, 0);
  EXPECT_EQ(Collect({.keep_versions = 2}).calls, 1);
  EXPECT_FALSE(Has(b));
  EXPECT_EQ(Collect({.keep_versions = 1}).calls, 1);
  EXPECT_FALSE(Has(c));
  EXPECT_TRUE(Has(a));
  EXPECT_TRUE(Has(d));
  EXPECT_TRUE(Has(e));
}

TEST_F(CollectionTest, AnOldVersionThatIsInUseStays) {
  const Digest a = Insert("f", 1, "a", absl::Hours(9), {}, "1");
  const Digest b = Insert("f", 2, "b", absl::Hours(8), {}, "2");
  InsertHit(store(), a, absl::Now() - absl::Hours(1));
  EXPECT_EQ(Collect({.keep_versions = 1}).calls, 1);
  EXPECT_TRUE(Has(a));
  EXPECT_FALSE(Has(b));
}

TEST_F(CollectionTest, CriteriaAreForTheFunctionsThatWereNamed) {
  const Digest a = Insert("acme.f", 1, Large(1), absl::Hours(9));
  const Digest b = Insert("acme.g", 1, Large(2), absl::Hours(9));
  const Digest c = Insert("other.f", 1, Large(3), absl::Hours(9));
  EXPECT_EQ(Collect({.max_age = absl::Hours(1), .function = "acme.g"}).calls,
            1);
  EXPECT_FALSE(Has(b));
  EXPECT_EQ(Collect({.max_age = absl::Hours(1), .function = "acme."}).calls, 1);
  EXPECT_FALSE(Has(a));
  EXPECT_TRUE(Has(c));
}

TEST_F(CollectionTest, ALimitForAFunctionIsForWhatItsCallsTake) {
  for (int i = 0; i < 10; ++i) {
    Insert("f", i, Large(i), absl::Hours(i));
    Insert("g", i, Large(100 + i), absl::Hours(i));
  }
  // Shared with calls of others: nothing is freed, but f lets go of it.
  Insert("f", 10, Large(100), absl::Hours(20));
  const CollectReport report =
      Collect({.max_bytes = 4 * kLarge + 10'000, .function = "f"});
  EXPECT_EQ(report.calls, 7);
  EXPECT_EQ(report.blobs, 6);
  EXPECT_EQ(store().Calls({.function = "f"})->size(), 4u);
  EXPECT_EQ(store().Calls({.function = "g"})->size(), 10u);
}

TEST_F(CollectionTest, TheLeastRecentlyUsedGoUntilTheRestFits) {
  std::vector<Digest> keys;
  for (int i = 0; i < 40; ++i) {
    keys.push_back(Insert("f", i, Large(i), absl::Hours(40 - i)));
  }
  InsertHit(store(), keys[0], absl::Now());
  const std::uint64_t limit = 20 * kLarge + 500'000;
  const CollectReport report = Collect({.max_bytes = limit});
  EXPECT_LE(report.bytes_after, limit);
  EXPECT_GT(report.bytes_after, limit - 3 * kLarge);
  EXPECT_EQ(report.blobs, report.calls);
  EXPECT_TRUE(Has(keys[0]));
  for (int i = 1; i < 40; ++i) EXPECT_EQ(Has(keys[i]), i > report.calls) << i;
  EXPECT_EQ(Collect({.max_bytes = limit}).calls, 0);
  EXPECT_EQ(Collect({.max_bytes = 0}).calls, 40 - report.calls);
  EXPECT_EQ(store().Stats()->blobs, 0);
}

TEST_F(CollectionTest, GarbageIsNotHeldAgainstCalls) {
  const Digest key = Insert("f", 1, Large(1));
  for (int i = 2; i < 20; ++i) {
    ASSERT_THAT(store().blobs().Put(Large(i)), IsOk());
  }
  AgeBlobs();
  const CollectReport report = Collect({.max_bytes = 1'000'000});
  EXPECT_EQ(report.calls, 0);
  EXPECT_EQ(report.blobs, 18);
  EXPECT_TRUE(Has(key));
}

TEST_F(CollectionTest, ThoseOfTheLeastWorkPerByteGoFirst) {
  // Per byte, the first is the dearest, though it was used long ago.
  const Digest dear =
      Insert("f", 1, Large(1), absl::Hours(9), absl::Seconds(100));
  const Digest large =
      Insert("f", 2, Large(2, 20 * kLarge), absl::Hours(1), absl::Seconds(200));
  const Digest cheap =
      Insert("f", 3, Large(3), absl::Hours(2), absl::Milliseconds(1));
  const auto collect = [&](std::uint64_t limit) {
    return Collect(
        {.max_bytes = limit, .order = CollectBy::kLeastSecondsPerByte});
  };
  EXPECT_EQ(collect(22 * kLarge).calls, 1);
  EXPECT_FALSE(Has(cheap));
  EXPECT_EQ(collect(20 * kLarge + 150'000).calls, 1);
  EXPECT_FALSE(Has(large));
  EXPECT_TRUE(Has(dear));
}

TEST_F(CollectionTest, CallsThatShareAResultGoTogether) {
  // Forgetting the oldest call would free nothing.
  const Digest old = Insert("f", 1, Large(1), absl::Hours(90));
  const Digest fresh = Insert("g", 1, Large(1), absl::Hours(1));
  const Digest between = Insert("f", 2, Large(2), absl::Hours(50));
  EXPECT_EQ(Collect({.max_bytes = 250'000}).calls, 1);
  EXPECT_FALSE(Has(between));
  EXPECT_TRUE(Has(old));
  EXPECT_TRUE(Has(fresh));
  // By age it goes, and the result stays for the other.
  const CollectReport report = Collect({.max_age = absl::Hours(20)});
  EXPECT_EQ(report.calls, 1);
  EXPECT_EQ(report.blobs, 0);
  EXPECT_TRUE(HasBlob(Large(1)));
  EXPECT_EQ(Collect({.max_age = absl::ZeroDuration()}).blobs, 1);
}

TEST_F(CollectionTest, AResultThatCanNeverFitGoesAlone) {
  const Digest small = Insert("f", 1, Large(1), absl::Hours(90));
  const Digest huge = Insert("f", 2, Large(2, 50 * kLarge));
  EXPECT_EQ(Collect({.max_bytes = 10 * kLarge}).calls, 1);
  EXPECT_TRUE(Has(small));
  EXPECT_FALSE(Has(huge));
}

TEST_F(CollectionTest, KeptArgumentsAndOtherResultsGoWithTheirCalls) {
  const auto insert = [&](const std::string& function, absl::Duration age) {
    return InsertCall(store(), {.function = function,
                                .arguments = {{.bytes = Large(1)},
                                              {.bytes = Large(2, 300)},
                                              {.bytes = "small"}},
                                .result = {.bytes = function + Large(4, 999)},
                                .created = absl::Now() - age});
  };
  const Digest old = insert("f", absl::Hours(9));
  insert("g", absl::Hours(1));
  {
    const auto other = store().state().blobs().Stage([](Sink& sink) {
      const std::string bytes = Large(3);
      sink.Write(std::as_bytes(std::span(bytes)));
    });
    ASSERT_THAT(store().state().index().AddConflict(old, *other), IsOk());
  }
  ASSERT_TRUE(HasBlob(Large(3)));
  AgeBlobs();
  EXPECT_EQ(Collect().blobs, 0);
  const CollectReport report = Collect({.max_age = absl::Hours(2)});
  EXPECT_EQ(report.calls, 1);
  EXPECT_EQ(report.blobs, 2);  // The result and the other one.
  EXPECT_FALSE(HasBlob(Large(3)));
  EXPECT_TRUE(HasBlob(Large(1)));
  EXPECT_TRUE(HasBlob(Large(2, 300)));
  EXPECT_EQ(store().Stats()->conflicts, 0);
  EXPECT_EQ(Collect({.max_age = absl::ZeroDuration()}).blobs, 3);
  EXPECT_EQ(store().Stats()->blobs, 0);
}

TEST_F(CollectionTest, WhatIsPinnedStays) {
  const Digest call = InsertCall(store(), {.function = "f",
                                           .arguments = {{.bytes = Large(1)}},
                                           .result = {.bytes = Large(2)}});
  const Digest by_result = Insert("f", 2, Large(3));
  const Digest loose = store().blobs().Put(Large(4))->digest;
  const Digest other = Insert("f", 3, Large(5));
  ASSERT_THAT(store().Pin(call, "paper"), IsOk());
  ASSERT_THAT(store().Pin(Digest::Of(Large(3)), "paper"), IsOk());
  ASSERT_THAT(store().Pin(loose, "loose"), IsOk());
  ASSERT_THAT(store().Pin(loose, "loose"), IsOk());
  AgeBlobs();
  CollectReport report = Collect({.max_bytes = 0});
  EXPECT_EQ(report.calls, 1);
  EXPECT_EQ(report.blobs, 1);
  EXPECT_FALSE(Has(other));
  EXPECT_TRUE(Has(call));
  EXPECT_TRUE(Has(by_result));
  for (int i = 1; i < 5; ++i) EXPECT_TRUE(HasBlob(Large(i))) << i;
  ASSERT_EQ(store().Pins()->size(), 3u);
  EXPECT_EQ(store().Pins()->front().name, "loose");
  EXPECT_EQ(store().Stats()->pins, 3);

  EXPECT_EQ(*store().Unpin("paper", call), 1);
  EXPECT_EQ(*store().Unpin("paper", call), 0);
  EXPECT_EQ(*store().Unpin("nobody"), 0);
  report = Collect({.max_bytes = 0});
  EXPECT_EQ(report.calls, 1);
  EXPECT_EQ(report.blobs, 2);
  EXPECT_EQ(*store().Unpin("paper"), 1);
  EXPECT_EQ(*store().Unpin("loose"), 1);
  EXPECT_EQ(Collect({.max_bytes = 0}).blobs, 2);
}

TEST_F(CollectionTest, OnlyWhatIsThereIsPinnedUnderANameThatIsOne) {
  EXPECT_THAT(store().Pin(Digest::Of("nothing"), "paper"),
              StatusIs(absl::StatusCode::kNotFound));
  const Digest digest = store().blobs().Put("x")->digest;
  EXPECT_THAT(store().Pin(digest, ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store().Pin(digest, "\xff"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\\xff")));
}

TEST_F(CollectionTest, ACallCanBePinnedThatWaitsInABatch) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int i) { return i; });
  const WriteBatch batch = store().Batch();
  f(1);
  EXPECT_THAT(store().Pin(*f.KeyOf(1), "mine"), IsOk());
}

TEST_F(CollectionTest, ADryRunSaysWhatGoesAndChangesNothing) {
  for (int i = 0; i < 60; ++i) {
    // Some results and arguments are shared, some are small.
    InsertCall(store(),
               {.function = i % 3 == 0 ? "f" : "g",
                .arguments = {{.bytes = Large(200 + i % 7, 5000)},
                              {.bytes = std::to_string(i)}},
                .result = {.bytes = i % 4 == 0 ? Large(i % 8)
                                               : Large(100 + i, i % 2 ? 50
                                                                : i % 8 == 2
                                                                    ? 900
                                                                    : 90'000)},
                .created = absl::Now() - absl::Hours(i * 37 % 60),
                .version = std::to_string(i % 5)});
  }
  ASSERT_THAT(store().Pin(Digest::Of(Large(4)), "four"), IsOk());
  ASSERT_THAT(store().blobs().Put(Large(300)), IsOk());
  AgeBlobs();
  ASSERT_THAT(store().blobs().Put(Large(301)), IsOk());
  for (CollectOptions options :
       {CollectOptions{.max_age = absl::Hours(55)},
        CollectOptions{.keep_versions = 4},
        CollectOptions{.max_bytes = 80,
        .order = CollectBy::kLeastSecondsPerByte},
        CollectOptions{.max_bytes = 70},
        CollectOptions{.max_bytes = 100'000, .function = "g"}}) {
    if (options.max_bytes.value_or(100) < 100) {  // Percent.
      *options.max_bytes *= Collect({.dry_run = true}).bytes_before / 100;
    }
    const StoreStats before = *store().Stats();
    options.dry_run = true;
    const CollectReport dry = Collect(options);
    EXPECT_EQ(store().Stats()->calls, before.calls);
    EXPECT_EQ(store().Stats()->blobs, before.blobs);
    options.dry_run = false;
    const CollectReport real = Collect(options);
    EXPECT_GT(real.calls, 0) << options.max_bytes.value_or(0);
    EXPECT_EQ(dry.calls, real.calls);
    EXPECT_EQ(dry.blobs, real.blobs);
    EXPECT_EQ(dry.bytes, real.bytes);
    EXPECT_EQ(real.spared, 0);
    EXPECT_EQ(dry.bytes_before, real.bytes_before);
    EXPECT_NEAR(static_cast<double>(dry.bytes_after),
                static_cast<double>(real.bytes_after), 50'000);
    ASSERT_EQ(dry.functions.size(), real.functions.size());
    std::int64_t calls = 0;
    for (const CollectReport::Function& function : real.functions) {
      calls += function.calls;
    }
    EXPECT_EQ(calls, real.calls);
    const StoreStats after = *store().Stats();
    EXPECT_EQ(before.calls - after.calls, real.calls);
    EXPECT_EQ(before.blobs - after.blobs, real.blobs);
    EXPECT_EQ(before.bytes - after.bytes, real.bytes);
  }
  EXPECT_TRUE(HasBlob(Large(4)));
  EXPECT_TRUE(HasBlob(Large(301)));
}

TEST_F(CollectionTest, WhatIsForgottenIsNotServedFromMemory) {
  const auto f =
      Memoize(store(), {.name = "f", .version = "1"}, [](int i) { return i; });
  f(1);
  f(1);
  EXPECT_TRUE(LastHit());
  EXPECT_EQ(Collect({.max_age = absl::ZeroDuration()}).calls, 1);
  f(1);
  EXPECT_FALSE(LastHit());
  f(1);
  EXPECT_TRUE(LastHit());
}

TEST_F(CollectionTest, OneCollectsAtATime) {
  ASSERT_THAT(store().Collect(), IsOk());
  const fs::path path = store().directory() / "locks" / "gc";
  const int file = ::open(path.c_str(), O_RDWR);
  ASSERT_GE(file, 0);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(file, F_OFD_SETLK, &lock), 0);
  EXPECT_THAT(store().Collect(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("another collection is running")));
  EXPECT_THAT(store().Collect({.dry_run = true}), IsOk());
  ::close(file);
  EXPECT_THAT(store().Collect(), IsOk());
}

TEST_F(CollectionTest, OptionsThatMakeNoSenseAreRefused) {
  for (const CollectOptions& options :
       {CollectOptions{.max_age = -absl::Seconds(1)},
        CollectOptions{.keep_versions = -1},
        CollectOptions{.grace = -absl::Seconds(1)}}) {
    EXPECT_THAT(store().Collect(options),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  // What `10 << 30` is in an int is a limit that nothing exceeds,
  constexpr auto kOverflowed =
      static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::min());
  EXPECT_THAT(store().Collect({.max_bytes = kOverflowed}), IsOk());
  // and one on which nobody may rely for years.
  EXPECT_THAT(
      MemoStore::Open(dir_.path() / "other", {.max_bytes = kOverflowed}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("uint64_t{10}")));
}

TEST_F(CollectionTest, FilesOfKilledProcessesGoAfterADay) {
  const auto day_ago =
      fs::file_time_type::clock::now() - std::chrono::hours(30);
  const fs::path tmp = store().directory() / "tmp";
  Insert("f", 1, Large(1));
  ASSERT_THAT(store().blobs().Put(Large(2)), IsOk());
  ASSERT_THAT(store().blobs().Put(Large(3)), IsOk());
  const auto path = [&](int i) {
    return store().BlobPath(Digest::Of(Large(i)));
  };
  Execute(
      "DELETE FROM blobs WHERE size = 100000 AND digest NOT IN "
      "(SELECT result FROM calls)");
  fs::last_write_time(path(1), day_ago);
  fs::last_write_time(path(2), day_ago);
  WriteFileBytes(tmp / "old", "12345");
  WriteFileBytes(tmp / "new", "1");
  fs::last_write_time(tmp / "old", day_ago);
  WriteFileBytes(store().directory() / "quarantine" / "bad", "123");
  CollectReport report = Collect({.dry_run = true});
  EXPECT_EQ(report.left_over_files, 2);
  EXPECT_TRUE(fs::exists(tmp / "old"));
  EXPECT_TRUE(fs::exists(path(2)));
  report = Collect();
  EXPECT_EQ(report.left_over_files, 2);
  EXPECT_EQ(report.left_over_bytes, 5u + kLarge);
  EXPECT_TRUE(fs::exists(path(1)));
  EXPECT_FALSE(fs::exists(path(2)));
  EXPECT_TRUE(fs::exists(path(3)));
  EXPECT_EQ(report.quarantine_bytes, 3u);
  EXPECT_FALSE(fs::exists(tmp / "old"));
  EXPECT_TRUE(fs::exists(tmp / "new"));
  EXPECT_TRUE(fs::exists(store().directory() / "quarantine" / "bad"));
  EXPECT_EQ(store().Stats()->quarantined, 1);
  EXPECT_EQ(store().Stats()->quarantined_bytes, 3u);
}

}  // namespace
}  // namespace ireneo

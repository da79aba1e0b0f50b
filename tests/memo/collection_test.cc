// What a collection forgets and removes, and what it must leave alone.

#include "ireneo/memo/collection.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/database.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/memo/insert_call.h"
#include "tests/memo/memo_fixture.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::InsertCall;
using ::ireneo::testing::InsertHit;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::MemoFixture;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunInThreads;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TestCall;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

constexpr std::uint64_t kLarge = 100'000;

std::string Large(int i, std::size_t size = kLarge) {
  return RandomBytes(size, i);
}

class CollectionTest : public MemoFixture {
 protected:
  // A call of `function` on argument `i`, last used `age` ago.
  Digest Insert(const std::string& function, int i, const std::string& result,
                absl::Duration age = absl::ZeroDuration(),
                absl::Duration elapsed = absl::Milliseconds(1),
                const std::string& version = "1") {
    return InsertCall(store(), {.function = function,
                                .arguments = {{.bytes = std::to_string(i)}},
                                .result = {.bytes = result},
                                .created = absl::Now() - age,
                                .elapsed = elapsed,
                                .version = version});
  }

  CollectReport Collect(const CollectOptions& options = {}) {
    absl::StatusOr<CollectReport> report = store().Collect(options);
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *std::move(report) : CollectReport();
  }

  bool Has(const Digest& key) { return store().FindCall(key).ok(); }
  bool HasBlob(const std::string& bytes) {
    return *store().blobs().Contains(Digest::Of(bytes));
  }

  void Execute(const char* sql) {
    const auto database =
        Database::Open(store().directory() / "index.db",
                       LocalBlobStore::Schema() + internal::IndexSchema(),
                       internal::IndexUpgrades());
    ASSERT_THAT(database, IsOk());
    auto connection = (*database)->Acquire();
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT(connection->Execute(sql), IsOk());
  }
  // As if all blobs had been put two hours ago.
  void AgeBlobs() {
    Execute("UPDATE blobs SET created = created - 7200000000");
  }

  std::size_t CountFiles() {
    std::size_t files = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(store().directory() / "blobs")) {
      files += entry.is_regular_file();
    }
    return files;
  }
};

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

TEST_F(CollectionTest, WritersThatReuseGarbageKeepIt) {
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

TEST_F(CollectionTest, WritersInOtherProcessesThatReuseGarbageKeepIt) {
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

TEST_F(CollectionTest, ReadersOfWhatIsForgottenSeeAMissAndNoDamage) {
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

TEST_F(CollectionTest, CallsThatComputeKeepNothingFromBeingCollected) {
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

TEST_F(CollectionTest, TheNextCollectionCompletesThatOfAKilledOne) {
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

TEST_F(CollectionTest, AStoreKeepsWithinItsLimit) {
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

TEST_F(CollectionTest, ALimitHoldsForSmallResultsToo) {
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

TEST_F(CollectionTest, AResultLargerThanTheLimitDisplacesNothing) {
  Open({.max_bytes = 3'000'000});
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](int size) { return Large(size, size); });
  f(1'000'000);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(f(5'000'000).size(), 5'000'000u);
  EXPECT_TRUE(*f.Contains(1'000'000));
  EXPECT_FALSE(*f.Contains(5'000'000));
}

TEST_F(CollectionTest, WhatCannotBeCollectedIsNotTriedAgainAndAgain) {
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

TEST_F(CollectionTest, ManyProcessesKeepOneStoreWithinItsLimit) {
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

TEST_F(CollectionTest, GarbageThatStaysIsNotHeldAgainstCalls) {
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

// A failing or damaged store never fails a call and never returns a wrong
// value.

#include <filesystem>
#include <functional>
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
#include "ireneo/serializers/standard.h"
#include "ireneo/store/database.h"
#include "tests/memo/open_store.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::FaultyFileSystem;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

std::string Repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

auto MemoizedRepeat(const MemoStore& store) {
  return Memoize(store,
                 {.name = "test.Repeat",
                  .version = "1",
                  .keep_arguments = KeepArguments::kAll},
                 Repeat);
}

TEST(MemoizeFaultTest, AnyFailingFileOperationCostsNoCall) {
  const std::string large_argument(9000, 'a');
  for (const bool for_ever : {false, true}) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE(absl::StrCat("operation ", n, for_ever ? " for ever" : ""));
      const TemporaryDirectory dir;
      FaultyFileSystem faulty(FileSystem::Posix());
      std::vector<absl::Status> faults;
      const auto store =
          testing::OpenStore(dir.path(), {.observer =
                                              [&](const CallEvent& event) {
                                                if (!event.fault.ok()) {
                                                  faults.push_back(event.fault);
                                                }
                                              },
                                          .file_system = &faulty});
      ASSERT_THAT(store, IsOk());
      const auto f = MemoizedRepeat(*store);
      faulty.Arm({.nth = n,
                  .for_ever = for_ever,
                  .status = absl::ResourceExhaustedError("disk full")});
      for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(f("x", 10), Repeat("x", 10));
        EXPECT_EQ(f("xy", 5000), Repeat("xy", 5000));
        EXPECT_EQ(f(large_argument, 1), large_argument);
      }
      const bool done = faulty.failed() == 0;
      faulty.Disarm();
      // A failed tidy-up or a presence check that fails costs nothing.
      if (done) {
        EXPECT_TRUE(faults.empty());
        break;
      }
      for (const absl::Status& fault : faults) {
        EXPECT_THAT(fault, StatusIs(absl::StatusCode::kResourceExhausted,
                                    HasSubstr("disk full")));
      }
      EXPECT_EQ(store->Stats()->faults,
                static_cast<std::int64_t>(faults.size()));
      // Once the trouble is over, all is remembered.
      f("x", 10);
      f("xy", 5000);
      f(large_argument, 1);
      const auto reopened = testing::OpenStore(dir.path(), {.create = false});
      ASSERT_THAT(reopened, IsOk());
      const auto g = MemoizedRepeat(*reopened);
      EXPECT_EQ(**g.Lookup("x", 10), Repeat("x", 10));
      EXPECT_EQ(**g.Lookup("xy", 5000), Repeat("xy", 5000));
      EXPECT_EQ(**g.Lookup(large_argument, 1), large_argument);
    }
  }
}

// Runs `damage` on a store with one large result and sees it heal.
void ExpectHeals(const std::function<void(const fs::path& blob)>& damage) {
  const TemporaryDirectory dir;
  std::vector<absl::Status> faults;
  const auto store =
      MemoStore::Open(dir.path(), {.observer = [&](const CallEvent& event) {
                        if (!event.fault.ok()) faults.push_back(event.fault);
                      }});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  const std::string expected = Repeat("abc", 3000);
  ASSERT_EQ(f("abc", 3000), expected);
  const fs::path blob = store->BlobPath(f.Recall("abc", 3000)->digest());
  const std::string good = FileBytes(blob);

  damage(blob);
  EXPECT_EQ(f("abc", 3000), expected);
  EXPECT_THAT(faults, ::testing::ElementsAre(
                          StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr(blob.stem().native()))));
  EXPECT_EQ(FileBytes(blob), good);
  EXPECT_EQ(f("abc", 3000), expected);
  EXPECT_EQ(faults.size(), 1u);
}

TEST(MemoizeFaultTest, AChangedBlobIsRecomputed) {
  ExpectHeals([](const fs::path& blob) {
    std::string bytes = FileBytes(blob);
    bytes[bytes.size() / 2] ^= 1;
    fs::permissions(blob, fs::perms::owner_write, fs::perm_options::add);
    WriteFileBytes(blob, bytes);
  });
}

TEST(MemoizeFaultTest, ATruncatedBlobIsRecomputed) {
  ExpectHeals([](const fs::path& blob) {
    fs::permissions(blob, fs::perms::owner_write, fs::perm_options::add);
    fs::resize_file(blob, 100);
  });
}

TEST(MemoizeFaultTest, AMissingBlobIsRecomputed) {
  ExpectHeals([](const fs::path& blob) { fs::remove(blob); });
}

TEST(MemoizeFaultTest, LookupOfADamagedResultIsAMissThatIsForgotten) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  f("abc", 3000);
  fs::remove(store->BlobPath(f.Recall("abc", 3000)->digest()));
  EXPECT_EQ(*f.Contains("abc", 3000), true);  // Reads no value.
  EXPECT_EQ(*f.Lookup("abc", 3000), std::nullopt);
  EXPECT_EQ(*f.Contains("abc", 3000), false);
}

TEST(MemoizeFaultTest, BytesOfAnotherTypeAreAMiss) {
  // A serializer that was changed without a new name cannot read old bytes.
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path(), {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  f("abc", 2);
  const CallRecord record = *store->FindCall(*f.KeyOf("abc", 2));
  const auto put = store->blobs().Put("not a string");
  {
    // What no program of ours writes: a record with another's result.
    const auto database =
        Database::Open(dir.path() / "index.db", "", internal::IndexUpgrades());
    ASSERT_THAT(database, IsOk());
    auto connection = (*database)->Acquire();
    auto update =
        connection->Prepare("UPDATE calls SET result = ?, result_value = NULL");
    ASSERT_THAT(update->Bind(1, put->digest).Run(), IsOk());
  }
  EXPECT_EQ(f("abc", 2), "abcabc");
  EXPECT_EQ(store->FindCall(record.key)->result, record.result);
}

TEST(MemoizeFaultTest, RecallHoldsWhatTheStoreDoesNotTake) {
  const TemporaryDirectory dir;
  FaultyFileSystem faulty(FileSystem::Posix());
  const auto store = MemoStore::Open(dir.path(), {.file_system = &faulty});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  faulty.Arm({.for_ever = true, .status = absl::UnknownError("I/O error")});
  const auto handle = f.Recall("abc", 3000);
  faulty.Disarm();
  ASSERT_THAT(handle, IsOk());
  EXPECT_EQ(*handle->Load(), Repeat("abc", 3000));
  EXPECT_EQ(*handle->View(), Repeat("abc", 3000));
  EXPECT_EQ(handle->record().key, *f.KeyOf("abc", 3000));
  EXPECT_EQ(store->Stats()->calls, 0);
  const auto remembered = f.Recall("abc", 3000);
  ASSERT_THAT(remembered, IsOk());
  EXPECT_EQ(remembered->digest(), handle->digest());
  EXPECT_EQ(store->Stats()->calls, 1);
}

TEST(MemoizeFaultTest, AHitWaitsForNoWriter) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  f("abc", 3);
  const auto database =
      Database::Open(dir.path() / "index.db", "", internal::IndexUpgrades());
  ASSERT_THAT(database, IsOk());
  {
    auto connection = (*database)->Acquire();
    const auto writer = WriteTransaction::Begin(*connection);
    ASSERT_THAT(writer, IsOk());
    // Enough for several attempts to write the counts down.
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(f("abc", 3), "abcabcabc");
    absl::SleepFor(absl::Milliseconds(1100));
    for (int i = 0; i < 100; ++i) ASSERT_EQ(f("abc", 3), "abcabcabc");
  }
  EXPECT_EQ(store->Stats()->hits, 5100);
  EXPECT_EQ(store->Stats()->faults, 0);
}

TEST(MemoizeFaultTest, AStoreThatVanishesCostsNoCall) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  EXPECT_EQ(f("abc", 3000), Repeat("abc", 3000));
  fs::remove_all(dir.path() / "store");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(f("abc", 3000), Repeat("abc", 3000));
    EXPECT_EQ(f("abcd", 3000), Repeat("abcd", 3000));
    EXPECT_EQ(f("abcd", i), Repeat("abcd", i));
  }
  // Even what is small, and could go into the database that is not there.
  EXPECT_EQ(store->Stats()->faults, 9);
}

TEST(MemoizeFaultTest, AnIndexThatIsCutShortCostsNoCall) {
  const TemporaryDirectory dir;
  {
    const auto store = MemoStore::Open(dir.path() / "store");
    ASSERT_THAT(store, IsOk());
    for (int i = 0; i < 1000; ++i) MemoizedRepeat (*store)("abc", i);
  }
  const auto store = MemoStore::Open(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  EXPECT_EQ(f("abc", 7), Repeat("abc", 7));
  fs::resize_file(dir.path() / "store/index.db", 8192);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(f("abc", i), Repeat("abc", i));
  EXPECT_GT(store->Stats().ok() ? store->Stats()->faults : 1, 0);
}

TEST(MemoizeFaultTest, AnIndexThatTurnsToGarbageCostsNoCall) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path() / "store");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  for (int i = 0; i < 100; ++i) f("abc", i);
  for (const char* name : {"index.db", "index.db-wal"}) {
    const fs::path path = dir.path() / "store" / name;
    std::string bytes = FileBytes(path);
    for (std::size_t i = 100; i < bytes.size(); i += 3) bytes[i] ^= 0x5a;
    WriteFileBytes(path, bytes);
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(f("abc", i), Repeat("abc", i));
}

TEST(MemoizeFaultTest, WhatTookLongToComputeWaitsAsLongForTheIndex) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto f = Memoize(*store, {.name = "f", .version = "1"}, [](int n) {
    absl::SleepFor(absl::Seconds(7));
    return n;
  });
  const auto database =
      Database::Open(dir.path() / "index.db", "", internal::IndexUpgrades());
  ASSERT_THAT(database, IsOk());
  std::thread holder([&] {
    auto connection = (*database)->Acquire();
    auto transaction = WriteTransaction::Begin(*connection);
    EXPECT_THAT(transaction, IsOk());
    // Beyond what one attempt to write waits, five seconds.
    absl::SleepFor(absl::Seconds(13));
  });
  EXPECT_EQ(f(1), 1);
  holder.join();
  EXPECT_EQ(*f.Contains(1), true);
  EXPECT_EQ(store->Stats()->faults, 0);
}

// What the collector of another process may do while a function computes.
TEST(MemoizeFaultTest, AKeptArgumentThatIsRemovedWhileComputingCostsNoResult) {
  const TemporaryDirectory dir;
  const auto store = MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  static std::filesystem::path argument_file;
  const std::string argument = RandomBytes(10000, 1);  // Not compressed.
  DigestSink sink;
  Write(argument, sink);
  argument_file = store->BlobPath(sink.digest());
  const auto f =
      Memoize(*store, {.name = "f", .version = "1"}, [](const std::string& s) {
        EXPECT_TRUE(std::filesystem::remove(argument_file));
        return s.size();
      });
  EXPECT_EQ(f(argument), 10000u);
  EXPECT_EQ(*f.Contains(argument), true);
  EXPECT_FALSE(f.Calls()[0].record().arguments[0].kept);
  EXPECT_EQ(store->Stats()->faults, 0);
}

}  // namespace
}  // namespace ireneo

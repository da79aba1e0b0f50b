// A damaged index is replaced by its newest snapshot when the store is opened.

#include "ireneo/memo/index_recovery.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;

std::vector<double> Ramp(int n) {
  std::vector<double> ramp(n);
  for (int i = 0; i < n; ++i) ramp[i] = i * 0.5;
  return ramp;
}

auto Memoized(const MemoStore& store) {
  return Memoize(store, {.name = "test.Ramp", .version = "1"}, Ramp);
}

constexpr int kSmall = 10;
constexpr int kLarge = 5000;

class IndexRecoveryTest : public ::testing::Test {
 protected:
  absl::StatusOr<MemoStore> Open() const {
    return MemoStore::Open(directory_.path());
  }

  fs::path Path(const char* name) const { return directory_.path() / name; }

  // Opens the store, calls the function for each of `calls`, and closes it.
  void Call(const std::vector<int>& calls, bool snapshot = false) const {
    const auto store = Open();
    ASSERT_THAT(store, IsOk());
    const auto ramp = Memoized(*store);
    for (const int n : calls) EXPECT_EQ(ramp(n), Ramp(n));
    if (snapshot) {
      ASSERT_THAT(store->state().Snapshot(), IsOk());
    }
  }

  // Which of the calls hit, and that all values are right.
  std::vector<int> Hits(const std::vector<int>& calls) const {
    const auto store = Open();
    EXPECT_THAT(store, IsOk());
    std::vector<int> hits;
    if (!store.ok()) return hits;
    const auto ramp = Memoized(*store);
    for (const int n : calls) {
      if (ramp.Contains(n).value_or(false)) hits.push_back(n);
      EXPECT_EQ(ramp(n), Ramp(n));
      EXPECT_EQ(ramp(n), Ramp(n));
      EXPECT_TRUE(ramp.Contains(n).value_or(false));
    }
    EXPECT_EQ(store->Stats()->faults, store->Recovered().ok() ? 0 : 1);
    return hits;
  }

  void Garble(const fs::path& file) const {
    const std::string bytes = FileBytes(file);
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    WriteFileBytes(file, std::string(bytes.size(), 'x'));
  }

  // Writes into the pages of the index that it got last: of many calls.
  void DamagePages() const {
    // All of it has been copied back.
    for (const char* name : {"index.db-wal", "index.db-shm"}) {
      fs::remove(Path(name));
    }
    std::string bytes = FileBytes(Path("index.db"));
    constexpr std::size_t kPage = 4096;
    ASSERT_GT(bytes.size(), 60 * kPage);
    for (std::size_t i = 30 * kPage; i < bytes.size(); i += kPage) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(i), 64, '\xff');
    }
    WriteFileBytes(Path("index.db"), bytes);
  }

  std::vector<fs::path> Files(const char* folder, const char* suffix) const {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(Path(folder), none)) {
      if (entry.path().native().ends_with(suffix)) {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(IndexRecoveryTest, TheNewestSnapshotTakesThePlaceOfADamagedIndex) {
  Call({kSmall}, /*snapshot=*/true);
  Call({kLarge}, /*snapshot=*/true);
  Call({kLarge + 1});
  Garble(Path("index.db"));
  EXPECT_THAT(Hits({kSmall, kLarge, kLarge + 1}),
              ::testing::ElementsAre(kSmall, kLarge));
  EXPECT_EQ(Files("quarantine", ".db").size(), 1u);
  EXPECT_THAT(Hits({kSmall, kLarge, kLarge + 1}), ::testing::SizeIs(3));
}

TEST_F(IndexRecoveryTest, BlobsThatTheSnapshotLacksAreFound) {
  Call({kSmall}, /*snapshot=*/true);
  Digest digest;
  const std::string bytes(10000, 'b');
  {
    const auto store = Open();
    ASSERT_THAT(store, IsOk());
    const auto put = store->blobs().Put(bytes);
    ASSERT_THAT(put, IsOk());
    digest = put->digest;
    // And one that the snapshot has, and that is lost.
    ASSERT_THAT(store->state().Snapshot(), IsOk());
    const auto lost = store->blobs().Put(std::string(20000, 'l'));
    ASSERT_THAT(lost, IsOk());
    ASSERT_THAT(store->state().Snapshot(), IsOk());
    ASSERT_TRUE(fs::remove(store->BlobPath(lost->digest)));
    const auto snapshots = Files("snapshots", ".db");
    ASSERT_EQ(snapshots.size(), 2u);
    Garble(snapshots[0]);
  }
  Garble(Path("index.db"));
  const auto store = Open();
  ASSERT_THAT(store, IsOk());
  const auto blob = store->blobs().Get(digest);
  ASSERT_THAT(blob, IsOk());
  EXPECT_EQ(blob->size(), bytes.size());
  EXPECT_FALSE(fs::exists(Path("rescan")));
}

TEST_F(IndexRecoveryTest, ADamagedSnapshotIsPassedOver) {
  Call({kSmall}, /*snapshot=*/true);
  Call({kLarge}, /*snapshot=*/true);
  Garble(Files("snapshots", ".db").back());
  Garble(Path("index.db"));
  EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::ElementsAre(kSmall));
}

TEST_F(IndexRecoveryTest, WithoutSnapshotsTheIndexIsEmptyAndTheStoreGoesOn) {
  Call({kSmall, kLarge});
  Garble(Path("index.db"));
  EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::IsEmpty());
  EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::SizeIs(2));
}

TEST_F(IndexRecoveryTest, AnIndexThatIsLostIsRestored) {
  for (const bool with_log : {false, true}) {
    for (const bool empty : {false, true}) {
      Call({kSmall, kLarge}, /*snapshot=*/true);
      fs::remove(Path("index.db"));
      if (empty) WriteFileBytes(Path("index.db"), "");
      if (!with_log) fs::remove(Path("index.db-wal"));
      fs::remove(Path("index.db-shm"));
      EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::SizeIs(2))
          << with_log << empty;
    }
  }
}

TEST_F(IndexRecoveryTest, DamageThatAQueryMeetsIsMendedAtTheNextOpening) {
  std::vector<int> calls(600);
  std::iota(calls.begin(), calls.end(), 1);
  Call(calls, /*snapshot=*/true);
  DamagePages();
  {
    const auto store = Open();
    ASSERT_THAT(store, IsOk());
    const auto ramp = Memoized(*store);
    for (const int n : calls) EXPECT_EQ(ramp(n), Ramp(n));
  }
  EXPECT_TRUE(fs::exists(Path("suspect")));
  EXPECT_EQ(Hits(calls), calls);
  EXPECT_FALSE(fs::exists(Path("suspect")));
  EXPECT_EQ(Files("quarantine", ".db").size(), 1u);
}

TEST_F(IndexRecoveryTest, ASuspicionThatIsWrongCostsNothing) {
  Call({kSmall});
  WriteFileBytes(Path("suspect"), "");
  EXPECT_THAT(Hits({kSmall}), ::testing::SizeIs(1));
  EXPECT_FALSE(fs::exists(Path("suspect")));
  EXPECT_THAT(Files("quarantine", ".db"), ::testing::IsEmpty());
}

TEST_F(IndexRecoveryTest, TwoSnapshotsAreKept) {
  for (int n = 1; n <= 4; ++n) Call({n}, /*snapshot=*/true);
  EXPECT_EQ(Files("snapshots", ".db").size(), 2u);
  EXPECT_THAT(Files("tmp", ""), ::testing::IsEmpty());
}

TEST_F(IndexRecoveryTest, ProcessesThatFindItDamagedAtOnceReplaceItOnce) {
  Call({kSmall, kLarge}, /*snapshot=*/true);
  Garble(Path("index.db"));
  RunInChildren(4, [&](int) {
    EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::SizeIs(2));
  });
  EXPECT_EQ(Files("quarantine", ".db").size(), 1u);
}

TEST_F(IndexRecoveryTest, AReplacementThatWasCutShortIsCompleted) {
  Call({kSmall, kLarge}, /*snapshot=*/true);
  // As a kill between steps 4 and 5 leaves it.
  WriteFileBytes(Path("rescan"), "");
  fs::create_directory(Path("quarantine"));
  fs::rename(Path("index.db-wal"), Path("quarantine/index-1.db-wal"));
  fs::rename(Path("index.db"), Path("quarantine/index-1.db"));
  EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::SizeIs(2));
  EXPECT_FALSE(fs::exists(Path("rescan")));
}

TEST_F(IndexRecoveryTest, WhatWasDoneIsTold) {
  for (const bool snapshot : {true, false}) {
    Call({kSmall}, snapshot);
    if (!snapshot) fs::remove_all(Path("snapshots"));
    Garble(Path("index.db"));
    std::vector<absl::Status> faults;
    const auto store =
        MemoStore::Open(Path(""), {.observer = [&](const CallEvent& event) {
                          faults.push_back(event.fault);
                        }});
    ASSERT_THAT(store, IsOk());
    const auto told =
        StatusIs(absl::StatusCode::kDataLoss,
                 AllOf(HasSubstr(Path("index.db").native()),
                       HasSubstr(Path("quarantine/index-").native()),
                       HasSubstr(snapshot ? "took its place" : "begins anew")));
    EXPECT_THAT(store->Recovered(), told);
    const auto ramp = Memoized(*store);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(ramp(kSmall), Ramp(kSmall));
    ASSERT_EQ(faults.size(), 2u);
    EXPECT_THAT(faults[0], told);
    EXPECT_THAT(faults[1], IsOk());
    EXPECT_THAT(Open()->Recovered(), IsOk());
  }
}

TEST_F(IndexRecoveryTest, DamageThatAWriterOrAQueryMeetsIsMendedTheNextTime) {
  for (const bool write : {true, false}) {
    Call({kSmall, kLarge}, /*snapshot=*/true);
    for (const char* name : {"index.db-wal", "index.db-shm"}) {
      fs::remove(Path(name));
    }
    // The first page of the table of blobs.
    std::int64_t page = 0;
    {
      auto database = Database::OpenReadOnly(Path("index.db"), 3);
      ASSERT_THAT(database, IsOk());
      auto connection = (*database)->Acquire();
      auto select = connection->Prepare(
          "SELECT rootpage FROM sqlite_schema WHERE name = 'blobs'");
      ASSERT_TRUE(select->Step().value_or(false));
      page = select->ColumnInt64(0);
    }
    std::string bytes = FileBytes(Path("index.db"));
    std::fill_n(bytes.begin() + (page - 1) * 4096, 64, '\xff');
    WriteFileBytes(Path("index.db"), bytes);
    {
      const auto store = Open();
      ASSERT_THAT(store, IsOk());
      if (write) {
        EXPECT_EQ(Memoized(*store)(kLarge + 1), Ramp(kLarge + 1));
      } else {
        EXPECT_FALSE(store->Stats().ok());
      }
    }
    EXPECT_TRUE(fs::exists(Path("suspect"))) << write;
    EXPECT_THAT(Hits({kSmall, kLarge}), ::testing::SizeIs(2)) << write;
  }
}

TEST_F(IndexRecoveryTest, BlobsOfALostIndexAreFound) {
  Call({kLarge});
  const Digest digest = [&] {
    const auto store = Open();
    return Memoized(*store).Recall(kLarge)->digest();
  }();
  for (const char* name : {"index.db", "index.db-wal", "index.db-shm"}) {
    fs::remove(Path(name));
  }
  const auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(store->Recovered(), StatusIs(absl::StatusCode::kDataLoss,
                                           HasSubstr("index.db is lost")));
  EXPECT_THAT(store->blobs().Get(digest), IsOk());
}

TEST_F(IndexRecoveryTest, BlobsThatAreCutOffAreNotFound) {
  Call({kLarge}, /*snapshot=*/true);
  fs::path file;
  Digest digest;
  {
    const auto store = Open();
    digest = Memoized(*store).Recall(kLarge)->digest();
    file = store->BlobPath(digest);
  }
  Garble(Path("index.db"));
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(file, 4000);
  const auto store = MemoStore::Open(Path(""), {.verify = VerifyReads::kSize});
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(store->blobs().Get(digest),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(Memoized(*store)(kLarge), Ramp(kLarge));
}

// No check of SQLite's knows what a value must be.
TEST_F(IndexRecoveryTest, VerifyFindsSmallValuesThatChanged) {
  Call({kSmall, kSmall + 1});
  {
    const auto database = Database::Open(
        Path("index.db"), LocalBlobStore::Schema() + internal::IndexSchema(),
        internal::IndexUpgrades());
    ASSERT_THAT(database, IsOk());
    auto connection = (*database)->Acquire();
    ASSERT_THAT(connection->Execute(
                    "UPDATE calls SET result_value = x'63000000' WHERE key = "
                    "(SELECT min(key) FROM calls)"),
                IsOk());
  }
  const auto store = Open();
  ASSERT_THAT(store, IsOk());
  const auto report = store->Verify();
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->index, StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr("1 call has a small result")));
  EXPECT_EQ(report->calls, 1);
  EXPECT_FALSE(store->Verify()->found_damage());
  EXPECT_THAT(Hits({kSmall, kSmall + 1}), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace ireneo

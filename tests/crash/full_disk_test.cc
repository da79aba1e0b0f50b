// The disk is full at every write, in turn: a small file system has room for 0,
// 1, 2, ... more blocks, until it has enough. A memoized call returns its value
// all the same; when there is room again the store opens, has what it had, and
// takes what it did not.

#include <sys/statvfs.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/blob_store.h"
#include "tests/crash/crash_util.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDisk = 8 << 20;
constexpr std::size_t kBlock = 4096;

// In the store before the disk is full, and after.
constexpr int kOldCalls = 6;
constexpr int kCalls = 18;

std::uint64_t FreeBlocks(const fs::path& folder) {
  struct statvfs st;
  EXPECT_EQ(::statvfs(folder.c_str(), &st), 0);
  return st.f_bavail * st.f_bsize / kBlock;
}

// A file that leaves `free` blocks.
void FillDisk(const fs::path& ballast, std::uint64_t free) {
  std::ofstream file(ballast, std::ios::binary);
  const std::string block(kBlock, 'x');
  for (std::uint64_t i = FreeBlocks(ballast.parent_path()); i > free; --i) {
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
  }
}

// Opens and uses the store while the disk is full; says which calls it has told
// that it remembers, and whether there was any fault.
bool UseStore(const fs::path& directory, std::vector<int>& remembered) {
  bool fault = false;
  const auto store = MemoStore::Open(
      directory, {.observer = [&](const CallEvent& event) {
        EXPECT_TRUE(event.fault.ok() || absl::IsResourceExhausted(event.fault))
            << event.fault;
        fault = fault || !event.fault.ok();
      }});
  if (!store.ok()) return true;
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    const auto found = f.Contains(n);
    if (found.ok() && *found) remembered.push_back(n);
  }
  for (int n = 0; n < 2; ++n) {
    fault = !store->blobs().Put(KnownBlob(n)).ok() || fault;
  }
  fault = !f.Forget(1).ok() || fault;
  fault = f.Recompute(2) != KnownValue(2) || fault;
  (void)store->Stats();
  return fault;
}

void CheckStore(const fs::path& directory, const std::vector<int>& remembered) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (const int n : remembered) {
    if (n == 1) continue;  // Forgotten.
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->value_or("lost"), KnownValue(n)) << n;
  }
  for (int n = 0; n < kCalls; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->value_or("lost"), KnownValue(n)) << n;
  }
  // Half a file that did not fit would take space for a day.
  EXPECT_EQ(CountEntries(directory / "tmp"), 0u);
}

void TryAllSizes(bool exists_before) {
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    const fs::path directory = folder.path() / "store";
    const fs::path ballast = folder.path() / "ballast";
    const std::uint64_t stride = NumberFromEnvironment("IRENEO_STRIDE", 1);
    std::uint64_t trials = 0;
    for (std::uint64_t free = 0;; free += stride, ++trials) {
      SCOPED_TRACE(absl::StrCat(free, " blocks free"));
      StartTrial(absl::StrCat(free, " blocks free"));
      if (exists_before) {
        const auto store = MemoStore::Open(directory);
        ASSERT_THAT(store, IsOk());
        const auto f = MemoizeKnownValue(*store);
        for (int n = 0; n < kOldCalls; ++n) f(n);
      }
      FillDisk(ballast, free);
      std::vector<int> remembered;
      const bool fault = UseStore(directory, remembered);
      fs::remove(ballast);
      CheckStore(directory, remembered);
      fs::remove_all(directory);
      if (!fault || ::testing::Test::HasFailure()) break;
    }
    EndTrials();
    std::printf("full disk: %d sizes\n", static_cast<int>(trials));
    std::fflush(stdout);
    EXPECT_GT(trials * stride, 20u);
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

// Calls of a function that is collected: what they take is far more than what
// collecting needs.
constexpr int kDroppedCalls = 240;
constexpr char kDropped[] = "drop.KnownValue";

void MakeStoreToCollect(const fs::path& directory, int snapshots) {
  const auto store = MemoStore::Open(directory);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kOldCalls; ++n) f(n);
  const auto g = MemoizeKnownValue(*store, kDropped);
  {
    const WriteBatch batch = store->Batch();
    for (int n = kOldCalls; n < kDroppedCalls; ++n) g(n);
  }
  // As every collection takes one.
  for (int i = 0; i < snapshots; ++i) {
    ASSERT_THAT(store->state().Snapshot(), IsOk());
  }
}

// Collects in a store while `free` blocks are; returns whether that could be
// done.
bool CollectOnFullDisk(const fs::path& folder, std::uint64_t free,
                       int snapshots, bool is_open) {
  const fs::path directory = folder / "store";
  const fs::path ballast = folder / "ballast";
  MakeStoreToCollect(directory, snapshots);
  absl::StatusOr<MemoStore> store = absl::UnknownError("not opened");
  if (is_open) store = MemoStore::Open(directory);
  FillDisk(ballast, free);
  if (!is_open) store = MemoStore::Open(directory);
  absl::Status status = store.status();
  if (store.ok()) {
    const auto report =
        store->Collect({.max_age = absl::ZeroDuration(), .function = "drop."});
    status = report.status();
    if (status.ok()) {
      EXPECT_EQ(report->calls, kDroppedCalls - kOldCalls);
      // Their room may have gone to the log and to the new snapshot.
      EXPECT_GT(report->blobs, (kDroppedCalls - kOldCalls) / 4);
    }
    const auto f = MemoizeKnownValue(*store);
    for (int n = 0; n < kCalls; ++n) {
      EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      if (status.ok()) {
        EXPECT_THAT(f.Contains(n), IsOk());
      }
    }
  }
  EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
  store = absl::UnknownError("closed");
  fs::remove(ballast);
  std::vector<int> old;
  for (int n = 0; n < kOldCalls; ++n) old.push_back(n);
  CheckStore(directory, old);
  fs::remove_all(directory);
  return status.ok();
}

// Who has a full disk collects, and then there is room. To forget takes room
// first, which snapshots have; and a store that was never collected its
// reserve.
TEST(FullDiskTest, CollectingMakesRoom) {
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    for (const int snapshots : {0, 1, 2}) {
      for (const bool is_open : {true, false}) {
        std::uint64_t refused = 0;
        for (std::uint64_t free = 0; free < 160; free += free < 12 ? 1 : 20) {
          const std::string trial =
              absl::StrCat(free, " blocks free, ", snapshots, " snapshots",
                           is_open ? ", open before" : "");
          SCOPED_TRACE(trial);
          StartTrial(trial);
          if (!CollectOnFullDisk(folder.path(), free, snapshots, is_open)) {
            ++refused;
          }
          if (::testing::Test::HasFailure()) return;
        }
        EndTrials();
        std::printf("full disk: %d snapshots, %s: cannot collect %d times\n",
                    snapshots, is_open ? "open before" : "opened",
                    static_cast<int>(refused));
        std::fflush(stdout);
        EXPECT_EQ(refused, 0u);
      }
    }
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

// The index is damaged and the disk full: the store opens or says so, and
// nothing is lost.
TEST(FullDiskTest, DamagedIndex) {
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    const fs::path directory = folder.path() / "store";
    const fs::path ballast = folder.path() / "ballast";
    std::uint64_t refused = 0;
    for (std::uint64_t free = 0;; ++free) {
      SCOPED_TRACE(absl::StrCat(free, " blocks free"));
      StartTrial(absl::StrCat(free, " blocks free"));
      std::vector<int> old;
      {
        const auto store = MemoStore::Open(directory);
        ASSERT_THAT(store, IsOk());
        const auto f = MemoizeKnownValue(*store);
        for (int n = 0; n < kOldCalls; ++n) {
          f(n);
          old.push_back(n);
        }
        ASSERT_THAT(store->state().Snapshot(), IsOk());
      }
      DamageIndex(directory, IndexDamage::kHeader);
      FillDisk(ballast, free);
      std::vector<int> remembered;
      const absl::Status opened = MemoStore::Open(directory).status();
      if (!opened.ok()) {
        ++refused;
        EXPECT_THAT(std::string(opened.message()),
                    ::testing::HasSubstr(directory.native()));
      }
      const bool fault = UseStore(directory, remembered);
      fs::remove(ballast);
      old.insert(old.end(), remembered.begin(), remembered.end());
      CheckStore(directory, old);
      fs::remove_all(directory);
      if (!fault || ::testing::Test::HasFailure()) break;
    }
    EndTrials();
    std::printf("full disk: restoring was refused %d times\n",
                static_cast<int>(refused));
    std::fflush(stdout);
    EXPECT_GT(refused, 5u);
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

TEST(FullDiskTest, NewStore) { TryAllSizes(/*exists_before=*/false); }

TEST(FullDiskTest, OldStore) { TryAllSizes(/*exists_before=*/true); }

}  // namespace
}  // namespace ireneo::testing

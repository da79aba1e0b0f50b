// Archives when things go wrong halfway: no room at any moment of an import or
// export, and imports that are killed. The store opens, has no damage, and a
// second import completes the first.
//
// The process that is killed is this program, started again:
//   import ARCHIVE STORE

#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/verification.h"
#include "tests/crash/crash_util.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kCalls = 60;
constexpr int kOldCalls = 5;
constexpr std::uint64_t kDisk = 8 << 20;
constexpr std::uint64_t kBlock = 4096;

// In the importing store before: calls of another function.
void MakeOldStore(const fs::path& directory) {
  const absl::StatusOr<MemoStore> store = OpenStore(directory);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store, "old.KnownValue");
  for (int n = 0; n < kOldCalls; ++n) f(n);
}

void MakeArchiveFile(const fs::path& file, int calls = kCalls) {
  const TemporaryDirectory directory;
  const absl::StatusOr<MemoStore> store = OpenStore(directory.path() / "s");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  {
    const WriteBatch batch = store->Batch();
    for (int n = 0; n < calls; ++n) f(n);
  }
  ASSERT_THAT(ExportArchive(*store, file), IsOk());
}

// The store has what it had and can take what it did not.
void ExpectGood(const fs::path& directory, const fs::path& archive,
                int calls = kCalls) {
  const absl::StatusOr<MemoStore> store =
      OpenStore(directory, {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(store->Recovered(), IsOk());
  const absl::StatusOr<VerifyReport> report = store->Verify({.restart = true});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->found_damage());
  const auto old = MemoizeKnownValue(*store, "old.KnownValue");
  for (int n = 0; n < kOldCalls; ++n) {
    EXPECT_EQ(old.Lookup(n)->value_or("lost"), KnownValue(n));
  }
  const absl::StatusOr<ImportReport> in = ImportArchive(archive, *store);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added + in->calls_known, calls);
  EXPECT_EQ(in->calls_incomplete, 0);
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < calls; ++n) {
    ASSERT_EQ(f.Lookup(n)->value_or("lost"), KnownValue(n));
  }
}

void FillDisk(const fs::path& ballast, std::uint64_t free) {
  struct statvfs st;
  ASSERT_EQ(::statvfs(ballast.parent_path().c_str(), &st), 0);
  const std::uint64_t blocks = st.f_bavail * st.f_bsize / kBlock;
  std::ofstream file(ballast, std::ios::binary);
  const std::string block(kBlock, 'x');
  for (std::uint64_t i = blocks; i > free; --i) {
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
  }
}

TEST(ArchiveFullDiskTest, ImportWithoutRoom) {
  const TemporaryDirectory elsewhere;
  const fs::path archive = elsewhere.path() / "a.tar";
  MakeArchiveFile(archive);
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    const fs::path directory = folder.path() / "store";
    const std::uint64_t stride = NumberFromEnvironment("IRENEO_STRIDE", 5);
    std::uint64_t refused = 0;
    for (std::uint64_t free = 0;; free += stride) {
      SCOPED_TRACE(absl::StrCat(free, " blocks free"));
      StartTrial(absl::StrCat(free, " blocks free"));
      MakeOldStore(directory);
      FillDisk(folder.path() / "ballast", free);
      absl::Status status;
      {
        const absl::StatusOr<MemoStore> store = OpenStore(directory);
        status = store.status();
        // Without the check for room, which would see to all of it.
        if (store.ok()) {
          status = ImportArchive(archive, *store,
                                 {.max_bytes = std::uint64_t{1} << 40})
                       .status();
        }
      }
      EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
      fs::remove(folder.path() / "ballast");
      ExpectGood(directory, archive);
      EXPECT_EQ(CountEntries(directory / "tmp"), 0u);
      fs::remove_all(directory);
      if (status.ok() || ::testing::Test::HasFailure()) break;
      ++refused;
    }
    EndTrials();
    std::printf("full disk: %d imports had no room\n",
                static_cast<int>(refused));
    std::fflush(stdout);
    EXPECT_GT(refused * stride, 50u);
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

TEST(ArchiveFullDiskTest, ExportWithoutRoom) {
  const TemporaryDirectory elsewhere;
  const absl::StatusOr<MemoStore> store = OpenStore(elsewhere.path() / "store");
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) f(n);
  ASSERT_THAT(ExportArchive(*store, elsewhere.path() / "a.tar"), IsOk());
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    const fs::path out = folder.path() / "a.tar";
    std::uint64_t refused = 0;
    for (std::uint64_t free = 1;; ++free) {
      SCOPED_TRACE(absl::StrCat(free, " blocks free"));
      StartTrial(absl::StrCat(free, " blocks free"));
      WriteFileBytes(out, "before");
      FillDisk(folder.path() / "ballast", free);
      const absl::Status status = ExportArchive(*store, out).status();
      fs::remove(folder.path() / "ballast");
      EXPECT_EQ(CountEntries(folder.path()), 1u);
      if (status.ok()) {
        EXPECT_EQ(FileBytes(out), FileBytes(elsewhere.path() / "a.tar"));
      } else {
        EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
        EXPECT_EQ(FileBytes(out), "before");
      }
      if (status.ok() || ::testing::Test::HasFailure()) break;
      ++refused;
    }
    EndTrials();
    std::printf("full disk: %d exports had no room\n",
                static_cast<int>(refused));
    std::fflush(stdout);
    EXPECT_GT(refused, 2u);
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

// What comes through a pipe is gathered first.
TEST(ArchiveFullDiskTest, ImportFromAPipeWithoutRoom) {
  const TemporaryDirectory folder;
  const bool mounted = RunOnSmallFileSystem(folder.path(), kDisk, [&] {
    const fs::path directory = folder.path() / "store";
    MakeOldStore(directory);
    const absl::StatusOr<MemoStore> store = OpenStore(directory);
    ASSERT_THAT(store, IsOk());
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::thread writer([&] {
      // It does not read it all.
      ::signal(SIGPIPE, SIG_IGN);
      const std::string zeros(1 << 20, '\0');
      for (int i = 0; i < 20; ++i) {
        if (::write(ends[1], zeros.data(), zeros.size()) < 0) break;
      }
      ::close(ends[1]);
    });
    EXPECT_THAT(ImportArchive(ends[0], *store),
                StatusIs(absl::StatusCode::kResourceExhausted));
    ::close(ends[0]);
    writer.join();
    EXPECT_EQ(CountEntries(directory / "tmp"), 0u);
  });
  if (!mounted) GTEST_SKIP() << "no file system can be mounted here";
}

// A process that imports, to be killed.
pid_t StartImport(const fs::path& archive, const fs::path& directory) {
  std::string self = "archive_fault_test";
  std::string what = "import";
  std::string file = archive.native();
  std::string store = directory.native();
  char* const argv[] = {self.data(), what.data(), file.data(), store.data(),
                        nullptr};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execv("/proc/self/exe", argv);
    std::_Exit(4);
  }
  return pid;
}

TEST(ArchiveKillTest, ImportsThatAreKilled) {
  const std::uint64_t kills = NumberFromEnvironment("IRENEO_KILLS", 12);
  std::mt19937_64 random(NumberFromEnvironment("IRENEO_SEED", 1));
  constexpr int kMany = 500;
  const FastDirectory folder;
  const fs::path archive = folder.path() / "a.tar";
  MakeArchiveFile(archive, kMany);
  // How long one takes that is not killed.
  const auto start = std::chrono::steady_clock::now();
  MakeOldStore(folder.path() / "first");
  int status = 0;
  ::waitpid(StartImport(archive, folder.path() / "first"), &status, 0);
  ASSERT_EQ(status, 0);
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  std::uint64_t killed = 0;
  std::uint64_t halfway = 0;
  for (std::uint64_t trial = 0; trial < kills && !HasFailure(); ++trial) {
    SCOPED_TRACE(trial);
    StartTrial(absl::StrCat("kill ", trial));
    const fs::path directory = folder.path() / "store";
    MakeOldStore(directory);
    const pid_t pid = StartImport(archive, directory);
    std::this_thread::sleep_for(std::chrono::microseconds(
        random() % static_cast<std::uint64_t>(whole.count())));
    ::kill(pid, SIGKILL);
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    if (WIFSIGNALED(status)) ++killed;
    {
      const absl::StatusOr<MemoStore> store = OpenStore(directory);
      ASSERT_THAT(store, IsOk());
      const absl::StatusOr<StoreStats> stats = store->Stats();
      ASSERT_THAT(stats, IsOk());
      if (stats->blobs > kOldCalls && stats->calls < kOldCalls + kMany) {
        ++halfway;
      }
    }
    ExpectGood(directory, archive, kMany);
    fs::remove_all(directory);
  }
  EndTrials();
  std::printf("kill loop: %d imports killed, %d of them halfway\n",
              static_cast<int>(killed), static_cast<int>(halfway));
  EXPECT_GT(killed, 0u);
}

int ImportHere(const char* archive, const char* directory) {
  const absl::StatusOr<MemoStore> store = OpenStore(directory);
  return store.ok() && ImportArchive(archive, *store).ok() ? 0 : 3;
}

}  // namespace
}  // namespace ireneo::testing

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "import") {
    return ireneo::testing::ImportHere(argv[2], argv[3]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

// Stores whose index is a directory: damage, other processes, and file systems
// that cannot do everything. What holds for all stores is in the other tests.

#include "ireneo/memo/directory_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/json.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/directory_files.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/standard.h"
#include "tests/store/forwarding_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::ForwardingFileSystem;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

std::string Repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

auto MemoizedRepeat(const MemoStore& store) {
  return Memoize(store, {.name = "test.Repeat", .version = "1"}, Repeat);
}

absl::StatusOr<MemoStore> OpenDirectory(
    const fs::path& path, const FileSystem& files = FileSystem::Posix()) {
  return MemoStore::Open(path, {.file_system = &files,
                                .memory_bytes = 0,
                                .index = IndexEngine::kDirectory});
}

class DirectoryIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<MemoStore> store = OpenDirectory(path_);
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
  }

  fs::path RecordPath(const Digest& key) const {
    return path_ / internal::kCallsFolder / internal::ShardedName(key);
  }

  internal::MemoIndex& index() { return store_->state().index(); }

  const TemporaryDirectory dir_;
  const fs::path path_ = dir_.path() / "store";
  std::optional<MemoStore> store_;
};

TEST_F(DirectoryIndexTest, AStoreIsFilesAlone) {
  const auto f = MemoizedRepeat(*store_);
  EXPECT_EQ(f("ab", 2), "abab");
  EXPECT_EQ(f("ab", 2), "abab");
  const Digest key = *f.KeyOf("ab", 2);
  EXPECT_THAT(
      FileBytes(RecordPath(key)),
      AllOf(HasSubstr(R"("name":"test.Repeat")"), HasSubstr(key.ToString())));
  EXPECT_FALSE(fs::exists(path_ / "index.db"));
  // Small results too; arguments are in the record.
  EXPECT_TRUE(fs::exists(store_->BlobPath(f.Recall("ab", 2)->digest())));
  EXPECT_EQ(store_->Stats()->blobs, 1);
  EXPECT_EQ(CountEntries(path_ / "tmp"), 0u);
  store_.reset();
  const auto again = MemoStore::Open(path_);  // As it was made.
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(**MemoizedRepeat(*again).Lookup("ab", 2), "abab");
  EXPECT_EQ(again->Calls()->front().hits, 2);  // Recall counts.
}

TEST_F(DirectoryIndexTest, NoDamagedByteOfARecordIsAnotherResult) {
  const auto f = MemoizedRepeat(*store_);
  ASSERT_EQ(f("ab", 2), "abab");
  ASSERT_EQ(f("ab", 3), "ababab");
  const fs::path path = RecordPath(*f.KeyOf("ab", 2));
  const std::string good = FileBytes(path);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    WriteFileBytes(path, bad);
    const auto found = f.Lookup("ab", 2);
    ASSERT_THAT(found, IsOk()) << i;
    if (found->has_value()) {
      EXPECT_EQ(**found, "abab") << i;
    } else {
      EXPECT_FALSE(fs::exists(path)) << i;
    }
  }
  // All but white space.
  EXPECT_GE(CountEntries(path_ / "quarantine"), good.size() - 1);
  EXPECT_EQ(f("ab", 2), "abab");
  EXPECT_EQ(**f.Lookup("ab", 2), "abab");
}

TEST_F(DirectoryIndexTest, NoTruncatedRecordIsRead) {
  const auto f = MemoizedRepeat(*store_);
  ASSERT_EQ(f("ab", 2), "abab");
  const fs::path path = RecordPath(*f.KeyOf("ab", 2));
  const std::string good = FileBytes(path);
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    WriteFileBytes(path, good.substr(0, size));
    EXPECT_THAT(*f.Lookup("ab", 2), std::nullopt) << size;
  }
  // A query sets it aside as well, and goes on.
  EXPECT_EQ(f("ab", 3), "ababab");
  WriteFileBytes(path, good.substr(0, 50));
  EXPECT_EQ(store_->Calls()->size(), 1u);
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(DirectoryIndexTest, RecordsThatChangedPlacesAreNoRecords) {
  const auto f = MemoizedRepeat(*store_);
  ASSERT_EQ(f("ab", 2), "abab");
  ASSERT_EQ(f("ab", 3), "ababab");
  const fs::path a = RecordPath(*f.KeyOf("ab", 2));
  const fs::path b = RecordPath(*f.KeyOf("ab", 3));
  fs::rename(a, path_ / "x");
  fs::rename(b, a);
  fs::rename(path_ / "x", b);
  EXPECT_EQ(store_->Stats()->calls, 0);
  EXPECT_EQ(f("ab", 2), "abab");
  EXPECT_EQ(f("ab", 3), "ababab");
}

TEST_F(DirectoryIndexTest, WhatStandsInTheWayOfARecordIsSetAside) {
  const auto f = MemoizedRepeat(*store_);
  ASSERT_EQ(f("ab", 2), "abab");
  const fs::path path = RecordPath(*f.KeyOf("ab", 2));
  const std::vector<std::function<void()>> obstacles = {
      [&] { fs::create_directory(path); },
      [&] { fs::create_symlink(path, path); },
      [&] { fs::create_symlink("nowhere", path); },
      [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0); }};
  for (std::size_t i = 0; i < obstacles.size(); ++i) {
    SCOPED_TRACE(i);
    fs::remove(path);
    obstacles[i]();
    EXPECT_EQ(f("ab", 2), "abab");
    EXPECT_EQ(f("ab", 2), "abab");
  }
}

TEST_F(DirectoryIndexTest, ADamagedResultIsComputedAgain) {
  const auto f = MemoizedRepeat(*store_);
  for (const int times : {3, 3000}) {
    const std::string expected = Repeat("abc", times);
    ASSERT_EQ(f("abc", times), expected);
    const fs::path blob = store_->BlobPath(f.Recall("abc", times)->digest());
    std::string bytes = FileBytes(blob);
    for (const std::string& bad :
         {bytes.substr(1), bytes + "x", std::string(), "x" + bytes.substr(1)}) {
      WriteFileBytes(blob, bad);
      EXPECT_EQ(f("abc", times), expected);
      EXPECT_EQ(**f.Lookup("abc", times), expected);
    }
    fs::remove(blob);
    EXPECT_THAT(*f.Lookup("abc", times), std::nullopt);
    EXPECT_EQ(f("abc", times), expected);
    EXPECT_EQ(**f.Lookup("abc", times), expected);
  }
}

TEST_F(DirectoryIndexTest, ManyProcessesWriteAtOnce) {
  store_.reset();
  constexpr int kProcesses = 6;
  constexpr int kCalls = 60;
  RunInChildren(kProcesses, [&](int child) {
    const auto store = OpenDirectory(path_);
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizedRepeat(*store);
    for (int i = 0; i < kCalls; ++i) {
      EXPECT_EQ(f("same", i), Repeat("same", i));
      EXPECT_EQ(f(absl::StrCat(child), i), Repeat(absl::StrCat(child), i));
    }
    EXPECT_EQ(store->Stats()->faults, 0);
  });
  const auto store = OpenDirectory(path_);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(**f.Lookup("same", i), Repeat("same", i));
    for (int child = 0; child < kProcesses; ++child) {
      EXPECT_EQ(**f.Lookup(absl::StrCat(child), i),
                Repeat(absl::StrCat(child), i));
    }
  }
  EXPECT_EQ(store->Stats()->calls, kCalls * (kProcesses + 1));
  EXPECT_EQ(store->Stats()->conflicts, 0);
  EXPECT_EQ(CountEntries(path_ / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path_ / "quarantine"), 0u);
}

// Each child says on a pipe what it has remembered, until it is killed.
TEST_F(DirectoryIndexTest, WhatWasRememberedOutlivesAKill) {
  store_.reset();
  int acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto store = OpenDirectory(path_);
      if (!store.ok()) ::_exit(1);
      const auto f = MemoizedRepeat(*store);
      for (int i = 0;; ++i) {
        const int n = round * 100'000 + i;
        f(absl::StrCat(n), 1 + i % 7);
        if (::write(ends[1], &n, sizeof n) != sizeof n) ::_exit(1);
      }
    }
    ::close(ends[1]);
    std::vector<int> remembered;
    int n = 0;
    // Somewhere in a call.
    while (static_cast<int>(remembered.size()) < 5 + round &&
           ::read(ends[0], &n, sizeof n) == sizeof n) {
      remembered.push_back(n);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(137 * round));
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    const auto store = OpenDirectory(path_);
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizedRepeat(*store);
    while (::read(ends[0], &n, sizeof n) == sizeof n) remembered.push_back(n);
    ::close(ends[0]);
    for (const int call : remembered) {
      const int times = 1 + call % 100'000 % 7;
      const auto found = f.Lookup(absl::StrCat(call), times);
      ASSERT_THAT(found, IsOk());
      ASSERT_TRUE(found->has_value()) << call;
      EXPECT_EQ(**found, Repeat(absl::StrCat(call), times));
    }
    acknowledged += static_cast<int>(remembered.size());
    EXPECT_THAT(store->Stats(), IsOk());
  }
  EXPECT_GE(acknowledged, 12 * 5);
  EXPECT_EQ(CountEntries(path_ / "quarantine"), 0u);
}

class OnNetwork final : public ForwardingFileSystem {
 public:
  OnNetwork() : ForwardingFileSystem(FileSystem::Posix()) {}
  absl::StatusOr<std::optional<std::string>> NetworkKind(
      const fs::path&) const override {
    return "nfs";
  }
};

TEST(DirectoryIndexChoiceTest, ANetworkFileSystemGetsADirectory) {
  const TemporaryDirectory dir;
  const OnNetwork network;
  const auto store =
      MemoStore::Open(dir.path() / "a", {.file_system = &network});
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(MemoizedRepeat(*store)("ab", 2), "abab");
  EXPECT_FALSE(fs::exists(dir.path() / "a/index.db"));
  EXPECT_THAT(
      MemoStore::Open(dir.path() / "b",
                      {.file_system = &network, .index = IndexEngine::kSqlite}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("network file system (nfs)"),
                     HasSubstr("memory that all processes share"),
                     HasSubstr("give a directory on a local disk"))));
  EXPECT_FALSE(fs::exists(dir.path() / "b/ireneo.json"));
  // One that was copied there.
  ASSERT_THAT(MemoStore::Open(dir.path() / "c"), IsOk());
  EXPECT_THAT(MemoStore::Open(dir.path() / "c", {.file_system = &network}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("network file system (nfs)"),
                             HasSubstr("Copy the store to a local disk"))));
}

TEST(DirectoryIndexChoiceTest, AStoreKeepsWhatItWasMadeWith) {
  const TemporaryDirectory dir;
  ASSERT_THAT(MemoStore::Open(dir.path() / "s"), IsOk());
  ASSERT_THAT(OpenDirectory(dir.path() / "d"), IsOk());
  EXPECT_TRUE(fs::exists(dir.path() / "s/index.db"));
  EXPECT_THAT(
      MemoStore::Open(dir.path() / "s", {.index = IndexEngine::kDirectory}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("'sqlite'"), HasSubstr("'directory'"))));
  EXPECT_THAT(
      MemoStore::Open(dir.path() / "d", {.index = IndexEngine::kSqlite}),
      StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(
      MemoStore::Open(dir.path() / "s", {.index = IndexEngine::kSqlite}),
      IsOk());
}

TEST(DirectoryIndexChoiceTest, TheMarkerSaysWhatAReaderMustKnow) {
  const TemporaryDirectory dir;
  ASSERT_THAT(OpenDirectory(dir.path()), IsOk());
  const fs::path marker = dir.path() / "ireneo.json";
  // Builds from before there was a choice know format 1 alone, and refuse.
  EXPECT_THAT(
      FileBytes(marker),
      HasSubstr(
          R"("format":2,"index":"directory","requires":["directory-index"])"));
  const auto open = [&](const std::string& text) {
    WriteFileBytes(marker, text);
    return MemoStore::Open(dir.path()).status();
  };
  const std::string start = R"({"digest":"xxh3-128","format":2,)";
  EXPECT_THAT(open(start + R"("index":"directory"})"), IsOk());
  EXPECT_THAT(open(start + R"("index":"directory","requires":["x-y"]})"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("the feature 'x-y'"),
                             HasSubstr("use a newer Ireneo"))));
  EXPECT_THAT(
      open(start + R"("index":"directory","requires_to_write":["z"]})"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'z'")));
  EXPECT_THAT(open(start + R"("index":"directory","requires":"x"})"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(
      open(start + R"("index":"tape"})"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'tape'")));
  EXPECT_THAT(open(start + R"("x":1})"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DirectoryIndexChoiceTest, ManyProcessesAgreeOnTheKind) {
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory dir;
    RunInChildren(6, [&](int child) {
      // Whoever is first decides; the others are refused, or get theirs.
      const auto store = MemoStore::Open(
          dir.path() / "s", {.index = child % 2 == 0 ? IndexEngine::kDirectory
                                                     : IndexEngine::kSqlite});
      if (store.ok()) {
        EXPECT_EQ(MemoizedRepeat(*store)("ab", 2), "abab");
      } else {
        EXPECT_THAT(store, StatusIs(absl::StatusCode::kFailedPrecondition));
      }
    });
    const auto store = MemoStore::Open(dir.path() / "s");
    ASSERT_THAT(store, IsOk());
    EXPECT_EQ(store->Stats()->calls, 1);
    EXPECT_NE(fs::exists(dir.path() / "s/index.db"),
              fs::exists(dir.path() / "s/calls"));
  }
}

class WithoutLinks final : public ForwardingFileSystem {
 public:
  WithoutLinks() : ForwardingFileSystem(FileSystem::Posix()) {}
  absl::Status Link(const fs::path&, const fs::path&) const override {
    return absl::PermissionDeniedError("no links here");
  }
};

TEST(DirectoryIndexChoiceTest, LinksAreNotNeeded) {
  const TemporaryDirectory dir;
  const WithoutLinks files;
  const auto store = OpenDirectory(dir.path() / "s", files);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizedRepeat(*store);
  EXPECT_EQ(f("ab", 2), "abab");
  EXPECT_EQ(**f.Lookup("ab", 2), "abab");
  f.Recompute("ab", 2);
  EXPECT_EQ(store->Stats()->calls, 1);
  EXPECT_EQ(store->Stats()->faults, 0);
  EXPECT_EQ(CountEntries(dir.path() / "s/tmp"), 0u);
}

void MakeOld(const fs::path& path, absl::Duration age) {
  const timespec time = absl::ToTimespec(absl::Now() - age);
  const timespec times[2] = {time, time};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST_F(DirectoryIndexTest, OnlyOldGarbageIsSwept) {
  const auto f = MemoizedRepeat(*store_);
  f("used", 1000);
  const Digest used = f.Recall("used", 1000)->digest();
  std::vector<Digest> blobs = {used};
  for (const char* text : {"old", "new", "pinned", "put again"}) {
    blobs.push_back(store_->blobs().Put(text)->digest);
  }
  ASSERT_THAT(index().AddPin({.name = "p",
                              .digest = Digest::Of("pinned"),
                              .created_at = absl::Now()}),
              IsOk());
  for (const Digest& blob : blobs) {
    if (blob == Digest::Of("new")) continue;
    MakeOld(store_->BlobPath(blob), absl::Hours(24 * 15));
  }
  ASSERT_THAT(store_->blobs().Put("put again"), IsOk());
  ASSERT_THAT(index().BeginSweep(), IsOk());
  std::vector<Digest> removed;
  ASSERT_THAT(index().Sweep(blobs, absl::InfiniteFuture(),
                            [&](const BlobInfo& blob) {
                              removed.push_back(blob.digest);
                            }),
              IsOk());
  ASSERT_THAT(index().EndSweep(), IsOk());
  EXPECT_THAT(removed, ::testing::ElementsAre(Digest::Of("old")));
  EXPECT_FALSE(*store_->blobs().Contains(Digest::Of("old")));
  EXPECT_EQ(**f.Lookup("used", 1000), Repeat("used", 1000));
}

TEST_F(DirectoryIndexTest, HitsOfManyProcessesAreMerged) {
  MemoizedRepeat (*store_)("ab", 2);
  store_.reset();
  constexpr int kProcesses = 80;
  for (int i = 0; i < kProcesses; ++i) {
    const auto store = OpenDirectory(path_);
    ASSERT_THAT(store, IsOk());
    EXPECT_EQ(MemoizedRepeat(*store)("ab", 2), "abab");
  }
  EXPECT_EQ(CountEntries(path_ / "uses"), std::size_t{kProcesses});
  for (const auto& entry : fs::directory_iterator(path_ / "uses")) {
    MakeOld(entry.path(), absl::Hours(2));
  }
  {
    const auto store = OpenDirectory(path_);
    EXPECT_EQ(MemoizedRepeat(*store)("ab", 2), "abab");
  }
  EXPECT_EQ(CountEntries(path_ / "uses"), 2u);
  const auto store = OpenDirectory(path_);
  EXPECT_EQ(store->Calls()->front().hits, kProcesses + 1);
  // Damage costs counts, and nothing else.
  for (const auto& entry : fs::directory_iterator(path_ / "uses")) {
    WriteFileBytes(entry.path(), FileBytes(entry.path()).substr(3));
  }
  EXPECT_EQ(store->Calls()->front().hits, 0);
  EXPECT_EQ(MemoizedRepeat(*store)("ab", 2), "abab");
}

TEST_F(DirectoryIndexTest, ARecordOfANewerFormatIsLeftAlone) {
  const auto f = MemoizedRepeat(*store_);
  ASSERT_EQ(f("ab", 2), "abab");
  const fs::path path = RecordPath(*f.KeyOf("ab", 2));
  boost::json::object object = *internal::OpenSealedJson(FileBytes(path));
  object["format"] = 2;
  const std::string newer = *internal::SealJson(object);
  WriteFileBytes(path, newer);
  EXPECT_EQ(f("ab", 2), "abab");
  EXPECT_THAT(f.Lookup("ab", 2),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path.native()),
                             HasSubstr("use a newer Ireneo"))));
  EXPECT_EQ(FileBytes(path), newer);
}

TEST_F(DirectoryIndexTest, VerifyTellsOfDamagedRecords) {
  const auto f = MemoizedRepeat(*store_);
  f("ab", 2);
  f("ab", 3);
  EXPECT_THAT(store_->Verify()->index, IsOk());
  const fs::path path = RecordPath(*f.KeyOf("ab", 2));
  std::string text = FileBytes(path);
  text[text.size() / 2] ^= 1;
  WriteFileBytes(path, text);
  const absl::StatusOr<VerifyReport> report = store_->Verify();
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->found_damage());
  EXPECT_THAT(report->index,
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("1 record in")));
  EXPECT_EQ(report->calls, 1);
  EXPECT_FALSE(store_->Verify()->found_damage());
}

TEST_F(DirectoryIndexTest, ALimitHoldsForWhatIsOlderThanAnHour) {
  const auto f = Memoize(*store_, {.name = "test.Bytes", .version = "1"},
                         [](int i) { return RandomBytes(100'000, i); });
  for (int i = 0; i < 20; ++i) f(i);
  // All is new: half of the calls go, once.
  for (int i = 0; i < 2; ++i) {
    const auto report = store_->Collect({.max_bytes = 1'100'000});
    ASSERT_THAT(report, IsOk());
    EXPECT_NEAR(static_cast<double>(report->calls), i == 0 ? 10 : 0, 1);
    EXPECT_NEAR(static_cast<double>(report->waiting), 10, 1);
    EXPECT_EQ(report->blobs, 0);
    EXPECT_EQ(report->spared, 0);
  }
  for (int i = 0; i < 20; ++i) {
    MakeOld(store_->BlobPath(Digest::Of([i] {
      std::string bytes;
      StringSink sink(bytes);
      Write(RandomBytes(100'000, i), sink);
      sink.Flush();
      return bytes;
    }())),
            absl::Hours(2));
  }
  const auto report = store_->Collect({.max_bytes = 600'000});
  ASSERT_THAT(report, IsOk());
  EXPECT_GT(report->blobs, 13);
  EXPECT_EQ(report->waiting, 0);
  EXPECT_LT(report->bytes_after, 600'000u);
}

}  // namespace
}  // namespace ireneo

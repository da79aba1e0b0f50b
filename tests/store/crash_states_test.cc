#include "tests/store/crash_states.h"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/file_system.h"
#include "tests/store/journal.h"
#include "tests/store/recording_file_system.h"
#include "tests/store/test_util.h"
#include "tests/store/test_vfs.h"

namespace ireneo::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The images that a journal can leave, each as "path=bytes ..." in one line.
std::set<std::string> Images(const Journal& journal) {
  std::set<std::string> images;
  CrashStates(journal).ForEach(
      100'000, 1,
      [&](const CrashState&, const std::vector<std::uint64_t>&,
          const DirectoryImage& image) {
        std::string line;
        for (const auto& [path, bytes] : image) {
          absl::StrAppend(&line, line.empty() ? "" : " ", path, "=",
                          bytes.value_or("/"));
        }
        images.insert(line);
      });
  return images;
}

TEST(CrashStatesTest, UnsyncedWritesAreLostOrTornOrZeros) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  const int file = journal.Create(dir.path() / "a");
  journal.SyncDirectory(dir.path());
  journal.Write(file, 0, Bytes("xy"));
  EXPECT_THAT(Images(journal), UnorderedElementsAre("", "a=", "a=x", "a=xy",
                                                    std::string("a=\0\0", 4)));
}

TEST(CrashStatesTest, SyncedWritesAndNamesStay) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  const int file = journal.Create(dir.path() / "a");
  journal.Write(file, 0, Bytes("xy"));
  journal.Sync(file);
  const CrashStates states(journal);
  // Syncing the file does not make its name safe.
  EXPECT_THAT(states.Unsynced(4), ElementsAre(1));
  journal.SyncDirectory(dir.path());
  journal.Rename(dir.path() / "a", dir.path() / "b");
  EXPECT_THAT(CrashStates(journal).Unsynced(6), ElementsAre(5));
  EXPECT_THAT(Images(journal), IsSupersetOf({"a=xy", "b=xy"}));
}

TEST(CrashStatesTest, ARenameCanArriveWithoutTheContents) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  const int file = journal.Create(dir.path() / "a");
  journal.Write(file, 0, Bytes("xy"));
  journal.Rename(dir.path() / "a", dir.path() / "b");
  EXPECT_THAT(Images(journal), IsSupersetOf({"b=", "b=xy", "a=xy"}));
}

TEST(CrashStatesTest, WhatWasThereAtTheStartIsSafe) {
  const TemporaryDirectory dir;
  std::filesystem::create_directory(dir.path() / "d");
  WriteFileBytes(dir.path() / "d/a", "xy");
  Journal journal(dir.path());
  journal.Write(journal.Open(dir.path() / "d/a"), 1, Bytes("z"));
  EXPECT_THAT(Images(journal),
              UnorderedElementsAre("d=/ d/a=xy", "d=/ d/a=xz",
                                   std::string("d=/ d/a=x\0", 10)));
}

TEST(CrashStatesTest, ALostFolderTakesWhatIsInItAlong) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  const RecordingFileSystem files(journal);
  ASSERT_THAT(files.CreateDirectory(dir.path() / "d"), IsOk());
  const auto file = files.Create(dir.path() / "d/a");
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Append(Bytes("xy")), IsOk());
  ASSERT_THAT((*file)->Sync(), IsOk());
  ASSERT_THAT(files.Sync(dir.path() / "d"), IsOk());
  const std::size_t all = journal.entries().size();
  const CrashStates states(journal);
  EXPECT_THAT(states.Unsynced(all), ElementsAre(1));
  EXPECT_THAT(states.Replay({.prefix = all, .lost = {1}}), IsEmpty());
  EXPECT_EQ(states.Replay({.prefix = all}),
            (DirectoryImage{{"d", std::nullopt}, {"d/a", "xy"}}));
}

TEST(CrashStatesTest, SyncAllSavesEverything) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  const RecordingFileSystem files(journal);
  const auto file = files.Create(dir.path() / "a");
  ASSERT_THAT((*file)->Append(Bytes("xy")), IsOk());
  ASSERT_THAT(files.SyncAll(dir.path()), IsOk());
  const CrashStates states(journal);
  EXPECT_THAT(states.Unsynced(journal.entries().size()), IsEmpty());
}

TEST(TestVfsTest, RecordsWhatSqliteWrites) {
  const TemporaryDirectory dir;
  Journal journal(dir.path());
  {
    TestVfs vfs(&journal);
    sqlite3* db = nullptr;
    const std::string path = dir.path() / "a.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db,
                           "PRAGMA journal_mode = WAL;"
                           "CREATE TABLE t(x); INSERT INTO t VALUES (1)",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    const DirectoryImage image =
        CrashStates(journal).Replay({.prefix = journal.entries().size()});
    EXPECT_THAT(
        image, ElementsAre(::testing::Key("a.db"), ::testing::Key("a.db-wal")));
    EXPECT_EQ(FileBytes(dir.path() / "a.db"), image.at("a.db"));
    EXPECT_EQ(FileBytes(dir.path() / "a.db-wal"), image.at("a.db-wal"));
    sqlite3_close(db);
  }
  EXPECT_EQ(FileBytes(dir.path() / "a.db"),
            CrashStates(journal)
                .Replay({.prefix = journal.entries().size()})
                .at("a.db"));
}

TEST(TestVfsTest, FailsTheNthCall) {
  const TemporaryDirectory dir;
  TestVfs vfs;
  sqlite3* db = nullptr;
  const std::string path = dir.path() / "a.db";
  vfs.Arm({.kind = VfsCall::kOpen, .nth = 1, .code = SQLITE_CANTOPEN});
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_CANTOPEN);
  sqlite3_close(db);
  EXPECT_EQ(vfs.failed(), 1u);
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const auto execute = [&](const char* sql) {
    return sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  };
  vfs.Arm({.kind = VfsCall::kWrite, .nth = 2, .code = SQLITE_FULL});
  EXPECT_EQ(execute("CREATE TABLE t(x)"), SQLITE_FULL);
  EXPECT_EQ(vfs.failed(), 1u);
  EXPECT_EQ(execute("CREATE TABLE t(x)"), SQLITE_OK);
  vfs.Arm({.kind = VfsCall::kWrite, .for_ever = true, .code = SQLITE_FULL});
  EXPECT_EQ(execute("INSERT INTO t VALUES (1)"), SQLITE_FULL);
  EXPECT_EQ(execute("INSERT INTO t VALUES (1)"), SQLITE_FULL);
  vfs.Disarm();
  EXPECT_EQ(execute("INSERT INTO t VALUES (1)"), SQLITE_OK);
  sqlite3_close(db);
}

}  // namespace
}  // namespace ireneo::testing

// A store is damaged in every way that can be thought of: each byte of each
// file changed, each file cut short at each length, replaced by what is none.
// It is opened, or refused with a sentence; nothing that is read is wrong, and
// a memoized call returns its value.

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/verification.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "tests/crash/crash_util.h"
#include "tests/store/crash_states.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kCalls = 6;
constexpr int kBlobs = 2;

// A defect shows in many trials.
constexpr int kMostFailures = 10;

constexpr char kIndex[] = "index.db";
constexpr char kLog[] = "index.db-wal";

// Where the store is when it was used.
enum class Log {
  kEmpty,  // All of it in the database.
  kFull,   // The database is an empty file, and all of it in the log.
};

enum class Snapshot { kNone, kOne };

DirectoryImage ReadImage(const fs::path& folder) {
  DirectoryImage image;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(folder);
    // The memory that processes share is none of the store.
    if (path.ends_with("-shm")) continue;
    image[path] = entry.is_directory() ? std::nullopt
                                       : std::optional(FileBytes(entry.path()));
  }
  return image;
}

DirectoryImage MakeImage(Log log, Snapshot snapshot) {
  const FastDirectory folder;
  const fs::path directory = folder.path() / "store";
  const auto use = [&](const MemoStore& store) {
    const auto f = MemoizeKnownValue(store);
    for (int n = 0; n < kCalls; ++n) f(n);
    for (int n = 0; n < kBlobs; ++n) {
      EXPECT_THAT(store.blobs().Put(KnownBlob(n)), IsOk());
    }
    if (snapshot == Snapshot::kOne) {
      EXPECT_THAT(store.Collect({}), IsOk());
    }
  };
  {
    const auto store = MemoStore::Open(directory);
    EXPECT_THAT(store, IsOk());
    use(*store);
    if (log == Log::kFull) return ReadImage(directory);
  }
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open((directory / kIndex).c_str(), &db), SQLITE_OK);
  int persist = 1;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  EXPECT_EQ(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  return ReadImage(directory);
}

// What may become of the store.
enum class Outcome {
  kRefused,  // Or not; and what is damaged may stay so.
  // Opens and is right. Damage that a query meets is mended by an opening after
  // it, and then what is recomputed is remembered.
  kMended,
  kReplaced,  // Opens, and what is recomputed is remembered from the next on.
  kHealed,    // Opens, and what is recomputed is remembered at once.
};

// The fields of SQLite's header that say of what format the database is and
// whose. A store whose index may be another program's or a newer Ireneo's is
// refused, not replaced.
bool SaysWhoseItIs(std::size_t place) {
  const auto within = [place](std::size_t first, std::size_t size) {
    return place >= first && place < first + size;
  };
  return within(18, 2)      // Write and read version.
         || within(44, 4)   // Schema format.
         || within(56, 4)   // Text encoding.
         || within(60, 4)   // user_version.
         || within(68, 4);  // application_id.
}

// Whether changed bytes in this file are mended by recomputing, or by another
// index. Of the log only what is whole counts.
Outcome OutcomeOf(const std::string& path) {
  if (path.starts_with("blobs/") || path == kLog) return Outcome::kHealed;
  return path == kIndex ? Outcome::kMended : Outcome::kRefused;
}

// The same for a change at `place`.
Outcome OutcomeOf(const std::string& path, std::size_t place) {
  if (path == kIndex && SaysWhoseItIs(place)) return Outcome::kRefused;
  return OutcomeOf(path);
}

::testing::AssertionResult AllHit(const MemoStore& store) {
  const auto f = MemoizeKnownValue(store);
  for (int n = 0; n < kCalls; ++n) {
    const auto found = f.Lookup(n);
    if (!found.ok()) {
      return ::testing::AssertionFailure() << n << ": " << found.status();
    }
    if (const auto same = SameBytes(found->value_or("lost"), KnownValue(n));
        !same) {
      return ::testing::AssertionFailure() << n << ": " << same.message();
    }
  }
  return ::testing::AssertionSuccess();
}

// Uses the store as a program would that knows nothing of the damage. False if
// it cannot be opened.
bool UseStore(const fs::path& directory, Outcome outcome) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  if (!store.ok()) {
    EXPECT_EQ(outcome, Outcome::kRefused) << store.status();
    EXPECT_FALSE(store.status().message().empty());
    return false;
  }
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kBlobs; ++n) {
    const std::string bytes = KnownBlob(n);
    const auto blob = store->Get(Digest::Of(std::as_bytes(std::span(bytes))));
    if (blob.ok()) {
      EXPECT_TRUE(SameBytes(Text(blob->bytes()), bytes));
    }
  }
  for (int n = 0; n < kCalls; ++n) {
    const auto found = f.Lookup(n);
    if (found.ok()) {
      EXPECT_TRUE(SameBytes(found->value_or(KnownValue(n)), KnownValue(n)));
    }
  }
  // Twice: what the first call mends the second uses.
  for (int round = 0; round < 2; ++round) {
    for (int n = 0; n < kCalls; ++n)
      EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
  }
  if (outcome == Outcome::kHealed) {
    EXPECT_TRUE(AllHit(*store));
  }
  // What people ask of it.
  (void)store->Stats();
  (void)store->Functions();
  (void)store->Calls();
  return true;
}

void CheckStore(const fs::path& directory, Outcome outcome) {
  if (!UseStore(directory, outcome)) return;
  if (outcome != Outcome::kMended && outcome != Outcome::kReplaced) return;
  // A query may meet the damage only when others have mended something.
  const int most_uses = outcome == Outcome::kMended ? 3 : 1;
  for (int uses = 1;; ++uses) {
    {
      const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
      ASSERT_THAT(store, IsOk());
      const ::testing::AssertionResult all_hit = AllHit(*store);
      if (all_hit || uses == most_uses) {
        EXPECT_TRUE(all_hit) << "after " << uses << " uses";
        return;
      }
    }
    UseStore(directory, outcome);
  }
}

// Also collects and verifies, and keeps within a limit that is exceeded: all
// that touches the files beside the index.
void UseAllOfStore(const fs::path& directory) {
  const auto store =
      MemoStore::Open(directory, {.memory_bytes = 0, .max_bytes = 1 << 16});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < 3 * kCalls; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
  }
  (void)store->Collect({});
  (void)store->Collect({.max_bytes = 1 << 16});
  // One that is stopped leaves verify.json, and one that goes on reads it.
  (void)store->Verify(
      {.progress = [](const VerifyProgress&) { return false; }});
  const auto report = store->Verify({});
  EXPECT_THAT(report, IsOk());
  if (report.ok()) {
    EXPECT_EQ(report->damaged.size() + report->unreadable.size(), 0u);
  }
}

class DamageTest : public ::testing::TestWithParam<Log> {
 protected:
  explicit DamageTest(Snapshot snapshot = Snapshot::kNone)
      : image_(MakeImage(GetParam(), snapshot)) {}

  void TearDown() override {
    EndTrials();
    std::printf("damage: %d trials\n", trials_);
  }

  fs::path directory() const { return folder_.path() / "store"; }

  // False when enough is known to be wrong.
  bool Try(const std::string& what, Outcome outcome,
           const std::function<void()>& damage, bool all = false) {
    SCOPED_TRACE(what);
    StartTrial(what);
    ++trials_;
    WriteImage(image_, directory());
    damage();
    if (all) {
      UseAllOfStore(directory());
    } else {
      CheckStore(directory(), outcome);
    }
    // Also what is no folder, and a folder that has another's place.
    fs::remove_all(directory());
    return CountFailures() < kMostFailures;
  }

  // The files of the store that are not empty.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& [path, bytes] : image_) {
      if (bytes.has_value() && !bytes->empty()) files.push_back(path);
    }
    return files;
  }

  const FastDirectory folder_;
  const DirectoryImage image_;
  int trials_ = 0;
};

// How many trials of a kind are done for each file, unless all are wished for.
std::size_t TrialsPerFile(std::size_t size) {
  const bool all = NumberFromEnvironment("IRENEO_DAMAGE_ALL", 0) != 0;
  return all ? size : std::min<std::size_t>(size, 200);
}

// Places in the file `path` of `size` bytes, from its start to its end. The
// start of the file and of each page, or frame of the log, is always among
// them.
std::vector<std::size_t> Places(const std::string& path, std::size_t size) {
  struct {
    std::size_t start = 0;
    std::size_t size = 4096;
    std::size_t header = 12;
  } page;
  if (path == kLog) page = {.start = 32, .size = 4096 + 24, .header = 24};
  const bool has_pages = path == kIndex || path == kLog;
  const std::size_t trials = TrialsPerFile(size);
  std::vector<std::size_t> places;
  std::size_t even = 0;  // How many are so by the even distances between them.
  for (std::size_t place = 0; place < size; ++place) {
    const bool due = place >= even * size / trials;
    even += due ? 1 : 0;
    if (due || place < 100 ||
        (has_pages && place >= page.start &&
         (place - page.start) % page.size < page.header)) {
      places.push_back(place);
    }
  }
  return places;
}

TEST_P(DamageTest, AnyByte) {
  for (const std::string& path : Files()) {
    const std::string& bytes = *image_.at(path);
    for (const std::size_t place : Places(path, bytes.size())) {
      // One bit, or all of the byte.
      const std::size_t way = (place / 7) % 9;
      const char mask = static_cast<char>(way == 8 ? 0xff : 1 << way);
      if (!Try(absl::StrCat("byte ", place, " of ", path),
               OutcomeOf(path, place), [&] {
                 std::string damaged = bytes;
                 damaged[place] = static_cast<char>(damaged[place] ^ mask);
                 WriteFileBytes(directory() / path, damaged);
               })) {
        return;
      }
    }
  }
}

TEST_P(DamageTest, AnyLength) {
  for (const std::string& path : Files()) {
    const std::string& bytes = *image_.at(path);
    for (const std::size_t place : Places(path, bytes.size())) {
      if (!Try(absl::StrCat(path, " cut to ", place, " bytes"), OutcomeOf(path),
               [&] { fs::resize_file(directory() / path, place); })) {
        return;
      }
    }
    Try(absl::StrCat(path, " with bytes added"), OutcomeOf(path),
        [&] { WriteFileBytes(directory() / path, bytes + "more"); });
    Try(absl::StrCat(path, " with zeros added"), OutcomeOf(path),
        [&] { fs::resize_file(directory() / path, bytes.size() + 8192); });
  }
}

TEST_P(DamageTest, AnyTwoFilesSwapped) {
  const std::vector<std::string> files = Files();
  for (std::size_t a = 0; a < files.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      Try(absl::StrCat(files[a], " and ", files[b], " swapped"),
          Outcome::kRefused, [&] {
            fs::rename(directory() / files[a], directory() / "swap");
            fs::rename(directory() / files[b], directory() / files[a]);
            fs::rename(directory() / "swap", directory() / files[b]);
          });
    }
  }
}

TEST_P(DamageTest, AnythingRemovedOrReplacedByWhatIsNoFile) {
  std::string large;  // A file of a blob.
  for (const std::string& path : Files()) {
    if (path.starts_with("blobs/")) large = path;
  }
  ASSERT_FALSE(large.empty());
  const fs::path text = folder_.path() / "text";
  constexpr char kText[] = "what somebody wrote";
  std::vector<std::string> names;
  for (const auto& [path, bytes] : image_) names.push_back(path);
  names.push_back("index.db-shm");
  names.push_back("locks/flight");
  for (const std::string& name : names) {
    const fs::path path = directory() / name;
    // What is no index gives way to one. A link does not: it may lead to a
    // disk that is not there now.
    const Outcome replaced =
        name == kIndex ? Outcome::kReplaced : Outcome::kRefused;
    const auto attempt = [&](const char* what,
                             const std::function<void()>& replace,
                             Outcome outcome = Outcome::kRefused) {
      Try(absl::StrCat(name, " ", what), outcome, [&] {
        fs::remove_all(path);
        fs::create_directories(path.parent_path());
        replace();
      });
    };
    attempt(
        "removed", [] {}, replaced);
    attempt(
        "a folder", [&] { fs::create_directory(path); }, replaced);
    attempt(
        "a folder with something in it",
        [&] {
          fs::create_directory(path);
          WriteFileBytes(path / "file", "text");
        },
        replaced);
    attempt(
        "an empty file", [&] { WriteFileBytes(path, ""); }, replaced);
    attempt(
        "a file of text", [&] { WriteFileBytes(path, "text\n"); }, replaced);
    attempt("a link to nothing",
            [&] { fs::create_symlink(directory() / "nothing", path); });
    attempt("a link to a folder that is not there",
            [&] { fs::create_symlink(directory() / "no/thing", path); });
    attempt("a link to itself", [&] { fs::create_symlink(path, path); });
    attempt("a link to zeros", [&] { fs::create_symlink("/dev/zero", path); });
    attempt("a link to a full disk",
            [&] { fs::create_symlink("/dev/full", path); });
    WriteFileBytes(text, kText);
    attempt("a link to a file of others",
            [&] { fs::create_symlink(text, path); });
    EXPECT_EQ(FileBytes(text).substr(0, 100), kText) << name;
    if (name != large) {
      attempt("a link to a blob",
              [&] { fs::create_symlink(directory() / large, path); });
    }
    attempt(
        "a pipe", [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0); },
        replaced);
  }
}

// A store with a snapshot, of which nothing is in the log.
class SnapshotDamageTest : public DamageTest {
 protected:
  SnapshotDamageTest() : DamageTest(Snapshot::kOne) {}

  void SetUp() override {
    for (const auto& [path, bytes] : image_) {
      if (path.starts_with("snapshots/")) snapshot_ = path;
    }
    ASSERT_FALSE(snapshot_.empty());
  }

  std::string snapshot_;
};

TEST_P(SnapshotDamageTest, AnyByteOfTheOnlySnapshotOfALostIndex) {
  const std::string& bytes = *image_.at(snapshot_);
  for (const std::size_t place : Places(kIndex, bytes.size())) {
    const std::size_t way = (place / 7) % 9;
    const char mask = static_cast<char>(way == 8 ? 0xff : 1 << way);
    if (!Try(absl::StrCat("byte ", place, " of the snapshot"),
             OutcomeOf(kIndex, place), [&] {
               fs::remove(directory() / kIndex);
               std::string damaged = bytes;
               damaged[place] = static_cast<char>(damaged[place] ^ mask);
               WriteFileBytes(directory() / snapshot_, damaged);
             })) {
      return;
    }
  }
}

TEST_P(SnapshotDamageTest, AnyLengthOfTheOnlySnapshotOfALostIndex) {
  const std::string& bytes = *image_.at(snapshot_);
  for (const std::size_t place : Places(kIndex, bytes.size())) {
    if (!Try(absl::StrCat("the snapshot cut to ", place, " bytes"),
             Outcome::kReplaced, [&] {
               fs::remove(directory() / kIndex);
               fs::resize_file(directory() / snapshot_, place);
             })) {
      return;
    }
  }
}

// The files that the store can do without.
TEST_P(SnapshotDamageTest, AnythingBesideTheIndexReplaced) {
  const fs::path text = folder_.path() / "text";
  constexpr char kText[] = "what somebody wrote";
  WriteFileBytes(text, kText);
  enum class Index { kWhole, kLost, kDamaged };
  for (const std::string& name :
       {snapshot_, std::string("snapshots"),
        std::string("snapshots/index-99999999T000000.000000Z.db"),
        std::string("suspect"), std::string("rescan"),
        std::string("verify.json"), std::string("locks/index"),
        std::string("locks/gc"), std::string("locks/shards"),
        std::string("locks/flight"), std::string("locks")}) {
    for (const Index index : {Index::kWhole, Index::kLost, Index::kDamaged}) {
      const fs::path path = directory() / name;
      const auto attempt = [&](const char* what,
                               const std::function<void()>& replace) {
        const std::string trial =
            absl::StrCat(name, " ", what, ", index ",
                         index == Index::kWhole  ? "whole"
                         : index == Index::kLost ? "lost"
                                                 : "damaged");
        for (const bool all : {false, true}) {
          Try(
              trial, Outcome::kReplaced,
              [&] {
                fs::remove_all(path);
                fs::create_directories(path.parent_path());
                replace();
                if (index == Index::kLost) fs::remove(directory() / kIndex);
                if (index == Index::kDamaged) {
                  DamageIndex(directory(), IndexDamage::kHeader);
                }
              },
              all);
          EXPECT_EQ(FileBytes(text), kText) << trial;
        }
      };
      attempt("removed", [] {});
      attempt("a folder", [&] { fs::create_directory(path); });
      attempt("a folder with something in it", [&] {
        fs::create_directory(path);
        WriteFileBytes(path / "file", "text");
      });
      attempt("an empty file", [&] { WriteFileBytes(path, ""); });
      attempt("a file of text", [&] { WriteFileBytes(path, "text\n"); });
      attempt("a link to nothing",
              [&] { fs::create_symlink(directory() / "nothing", path); });
      attempt("a link to itself", [&] { fs::create_symlink(path, path); });
      attempt("a link to zeros",
              [&] { fs::create_symlink("/dev/zero", path); });
      attempt("a link to a file of others",
              [&] { fs::create_symlink(text, path); });
      attempt("a pipe", [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0); });
      if (CountFailures() >= kMostFailures) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Log, DamageTest,
                         ::testing::Values(Log::kEmpty, Log::kFull),
                         [](const auto& info) {
                           return info.param == Log::kEmpty ? "AllInDatabase"
                                                            : "AllInLog";
                         });

INSTANTIATE_TEST_SUITE_P(Log, SnapshotDamageTest,
                         ::testing::Values(Log::kEmpty),
                         [](const auto&) { return "AllInDatabase"; });

}  // namespace
}  // namespace ireneo::testing

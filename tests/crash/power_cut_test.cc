// A store is used, and what it does to its files is recorded. From that the
// folders are made that a power cut at any moment could have left
// (tests/store/crash_states.h), and each is opened and used: nothing that is
// read is wrong, and what is computed is remembered again. Where nothing but
// the process was lost, everything that it finished is there; and where the
// store was durable, in any case.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
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
#include "ireneo/memo/store_state.h"
#include "ireneo/memo/verification.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"
#include "tests/crash/crash_util.h"
#include "tests/store/crash_states.h"
#include "tests/store/journal.h"
#include "tests/store/recording_file_system.h"
#include "tests/store/test_util.h"
#include "tests/store/test_vfs.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

// Of each of two functions whose results are the same blobs. Collections are
// told to forget calls of the second alone.
constexpr int kCalls = 9;
constexpr char kKept[] = "test.KnownValue";
constexpr char kDropped[] = "drop.KnownValue";

// What the program under test is told about: the calls, and blobs that it puts.
constexpr int kFirstDropped = kCalls;
constexpr int kFirstBlob = 2 * kCalls;
constexpr int kBlobs = 4;
constexpr int kItems = kFirstBlob + kBlobs;

// A defect shows in many states.
constexpr int kMostFailedStates = 10;

// One state in so many is also collected after all else.
constexpr std::size_t kCollectEach = 4;

// What the program was told, in order. It is the mark in the journal as a
// number: the kind, and the item that it is about.
enum class Told : std::uint64_t {
  kOpened,
  kChanging,  // Until the next mark the item may be there or not.
  kThere,
  kGone,
};
constexpr std::uint64_t kNumbers = 1000;

// What must be there, by the marks.
struct Expected {
  enum class Item { kUnknown, kThere, kGone };

  bool opened = false;
  std::vector<Item> items = std::vector<Item>(kItems, Item::kUnknown);
};

Expected ExpectedAfter(const std::vector<std::uint64_t>& marks) {
  using Item = Expected::Item;
  Expected expected;
  for (const std::uint64_t mark : marks) {
    Item& item = expected.items[mark % kNumbers];
    switch (static_cast<Told>(mark / kNumbers)) {
      case Told::kOpened:
        expected.opened = true;
        break;
      case Told::kChanging:
        item = Item::kUnknown;
        break;
      case Told::kThere:
        item = Item::kThere;
        break;
      case Told::kGone:
        item = Item::kGone;
        break;
    }
  }
  return expected;
}

// The program under test: each step marks what its user may rely on.
class Program {
 public:
  Program(fs::path directory, Durability durability, const FileSystem& files,
          Journal& journal)
      : directory_(std::move(directory)),
        durability_(durability),
        files_(files),
        journal_(journal) {}

  const MemoStore& store() const { return *store_; }

  void Open(const Compression& compression = Compression::kDefault) {
    auto store = MemoStore::Open(directory_, {.file_system = &files_,
                                              .durability = durability_,
                                              .compression = compression});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    Mark(Told::kOpened);
  }

  // Copies the log into the database: then it is written anew from its start.
  void Close() { store_.reset(); }

  void Call(int n, const char* function = kKept) {
    const auto f = MemoizeKnownValue(*store_, function);
    const int item = n + (function == kKept ? 0 : kFirstDropped);
    WillBeThere(item);
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    Mark(Told::kThere, item);
  }

  void Recompute(int n) {
    const auto f = MemoizeKnownValue(*store_);
    EXPECT_TRUE(SameBytes(f.Recompute(n), KnownValue(n)));
    Mark(Told::kThere, n);
  }

  void Forget(int n) {
    Mark(Told::kChanging, n);
    EXPECT_THAT(MemoizeKnownValue(*store_).Forget(n), IsOk());
    Mark(Told::kGone, n);
  }

  // Calls as one group, which is written by `Flush` or by the destructor.
  void CallGroup(int first, int last, bool flush) {
    for (int n = first; n < last; ++n) WillBeThere(n);
    {
      const WriteBatch batch = store_->Batch();
      const auto f = MemoizeKnownValue(*store_);
      for (int n = first; n < last; ++n) {
        EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      }
      if (flush) {
        EXPECT_THAT(batch.Flush(), IsOk());
        for (int n = first; n < last; ++n) Mark(Told::kThere, n);
      }
    }
    for (int n = first; n < last; ++n) Mark(Told::kThere, n);
  }

  void Put(int n) {
    EXPECT_THAT(store_->blobs().Put(KnownBlob(n)), IsOk());
    Mark(Told::kThere, kFirstBlob + n);
  }

  void Recompress(int n, const Compression& compression) {
    const auto result = ResultOf(*store_, n);
    ASSERT_THAT(result, IsOk());
    EXPECT_THAT(store_->state().blobs().Recompress(*result, compression),
                IsOk());
  }

  // Forgets all calls of the function that is collected, but those pinned, and
  // removes all garbage.
  void CollectDropped(const std::vector<int>& pinned) {
    const auto is_pinned = [&](int n) {
      return std::count(pinned.begin(), pinned.end(), n) > 0;
    };
    const auto f = MemoizeKnownValue(*store_, kDropped);
    for (const int n : pinned) {
      EXPECT_THAT(store_->Pin(*f.KeyOf(n), "kept"), IsOk());
    }
    for (int n = 0; n < kCalls; ++n) {
      if (!is_pinned(n)) Mark(Told::kChanging, kFirstDropped + n);
    }
    for (int n = 0; n < kBlobs; ++n) Mark(Told::kChanging, kFirstBlob + n);
    const auto report = store_->Collect({.max_age = absl::ZeroDuration(),
                                         .function = "drop.",
                                         .grace = absl::ZeroDuration()});
    ASSERT_THAT(report, IsOk());
    EXPECT_GT(report->calls, 0);
    EXPECT_GT(report->blobs, 0);
    for (int n = 0; n < kCalls; ++n) {
      if (!is_pinned(n)) Mark(Told::kGone, kFirstDropped + n);
    }
  }

  // All of the store is read, with an interruption.
  void Verify(std::size_t damaged) {
    VerifyOptions options{.repair = true};
    options.progress = [](const VerifyProgress& progress) {
      return progress.blobs < 3;
    };
    const auto part = store_->Verify(options);
    ASSERT_THAT(part, IsOk());
    EXPECT_FALSE(part->complete);
    const auto rest = store_->Verify({.repair = true});
    ASSERT_THAT(rest, IsOk());
    EXPECT_TRUE(rest->continued);
    EXPECT_EQ(part->damaged.size() + rest->damaged.size(), damaged);
  }

  // The disk loses the result of a call. What was `There` and depends on it is
  // so no more.
  void DamageResult(int n) {
    Mark(Told::kChanging, n);
    Mark(Told::kChanging, kFirstDropped + n);
    const auto result = ResultOf(*store_, n);
    ASSERT_THAT(result, IsOk());
    const fs::path path = store_->BlobPath(*result);
    const std::string bytes(fs::file_size(path), '?');
    WriteFileBytes(path, bytes);
    RecordBytes(path);
  }

  // The disk damages the index, while no process has it open.
  void DamageIndexFile(IndexDamage damage) {
    DamageIndex(directory_, damage);
    RecordBytes(directory_ / "index.db");
  }

  void Snapshot() { EXPECT_THAT(store_->state().Snapshot(), IsOk()); }

  void Mark(Told told, int item = 0) {
    if (told == Told::kGone) gone_.insert(item);
    journal_.Mark(static_cast<std::uint64_t>(told) * kNumbers +
                  static_cast<std::uint64_t>(item));
  }

 private:
  // What is gone may be there again before anybody is told.
  void WillBeThere(int item) {
    if (gone_.erase(item) > 0) Mark(Told::kChanging, item);
  }

  // What was written past the recording.
  void RecordBytes(const fs::path& path) {
    const std::string bytes = FileBytes(path);
    const int file = journal_.Open(path);
    journal_.Write(file, 0, std::as_bytes(std::span(bytes)));
    journal_.Sync(file);
  }

  const fs::path directory_;
  const Durability durability_;
  const FileSystem& files_;
  Journal& journal_;
  std::optional<MemoStore> store_;
  std::set<int> gone_;  // Items.
};

struct Scenario {
  const char* name;
  // Before the recording: what is on the disk for good.
  void (*prepare)(const fs::path& directory);
  void (*run)(Program& program);
  // Whether the disk damages the index, so that the first who uses the store
  // may get an error for an answer.
  bool damages_index = false;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

void NoPreparation(const fs::path&) {}

// Calls, blobs and groups, from the creation of the store on.
void UseStore(Program& program) {
  program.Open();
  for (int n = 0; n < 3; ++n) program.Call(n);
  for (int n = 0; n < 2; ++n) program.Put(n);
  program.Recompute(2);
  program.Forget(1);
  program.Close();
  program.Open(Compression::kNone);
  program.Call(1);
  program.CallGroup(3, 6, /*flush=*/true);
  for (int n = 2; n < kBlobs; ++n) program.Put(n);
  program.Forget(5);
  program.Call(5);
  program.CallGroup(5, kCalls, /*flush=*/false);
  program.Recompress(2, Compression::Blosc());
  program.Recompress(5, Compression::Zstd());
  program.Recompress(2, Compression::kNone);
  program.Recompress(5, Compression::Zstd(9));
}

// What is forgotten and removed has its blobs in common with what stays.
void KeepStore(Program& program) {
  program.Open();
  program.CallGroup(0, 6, /*flush=*/true);
  for (int n = 3; n < kCalls; ++n) program.Call(n, kDropped);
  for (int n = 0; n < kBlobs; ++n) program.Put(n);
  program.CollectDropped({8});
  program.Call(7, kDropped);
  program.Call(6);
  program.Close();
  program.Open();
  program.DamageResult(5);
  program.Verify(/*damaged=*/1);
  program.Call(5);
  for (int n = 2; n < kBlobs; ++n) program.Put(n);
  program.CollectDropped({8});
  program.Call(8);
  program.Call(4, kDropped);
}

void PrepareDamagedStore(const fs::path& directory) {
  {
    const auto store = MemoStore::Open(directory);
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizeKnownValue(*store);
    for (int n = 0; n < 6; ++n) f(n);
    for (int n = 0; n < 2; ++n) {
      ASSERT_THAT(store->blobs().Put(KnownBlob(n)), IsOk());
    }
    ASSERT_THAT(store->state().Snapshot(), IsOk());
    f(6);
  }
  DamageIndex(directory, IndexDamage::kHeader);
}

void RestoreStore(Program& program) {
  program.Mark(Told::kOpened);
  for (int n = 0; n < 6; ++n) program.Mark(Told::kThere, n);
  for (int n = 0; n < 2; ++n) program.Mark(Told::kThere, kFirstBlob + n);
  program.Open();
  program.Call(2);
  program.CallGroup(6, 8, /*flush=*/true);
  program.Put(2);
  program.Put(3);
  program.Forget(0);
  program.Snapshot();
  program.Call(8);
  program.Close();
  // The snapshot does not have it.
  program.Mark(Told::kChanging, 8);
  program.DamageIndexFile(IndexDamage::kPages);
  // A page is met.
  program.Mark(Told::kChanging, 2);
  program.Open();
  {
    const auto f = MemoizeKnownValue(program.store());
    EXPECT_TRUE(SameBytes(f(2), KnownValue(2)));
  }
  program.Close();
  program.Open();
  program.Call(2);
  program.Call(8);
}

constexpr Scenario kScenarios[] = {
    {.name = "Used", .prepare = NoPreparation, .run = UseStore},
    {.name = "Collected", .prepare = NoPreparation, .run = KeepStore},
    {.name = "Restored",
     .prepare = PrepareDamagedStore,
     .run = RestoreStore,
     .damages_index = true},
};

// What the damage of an index does before it is known: errors, and nothing
// wrong.
void MeetDamage(const fs::path& directory) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) {
    const auto found = f.Lookup(n);
    EXPECT_TRUE(found.ok() || absl::IsDataLoss(found.status()))
        << found.status();
    if (found.ok() && found->has_value()) {
      EXPECT_TRUE(SameBytes(**found, KnownValue(n)));
    }
  }
}

void CheckCalls(const MemoStore& store, const char* function, int first_item,
                const Expected& expected, bool nothing_lost) {
  const auto f = MemoizeKnownValue(store, function);
  for (int n = 0; n < kCalls; ++n) {
    SCOPED_TRACE(absl::StrCat("call ", n, " of ", function));
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or(KnownValue(n)), KnownValue(n)));
    if (!nothing_lost) continue;
    const Expected::Item item = expected.items[first_item + n];
    if (item == Expected::Item::kThere) {
      EXPECT_TRUE(found->has_value()) << "it was acknowledged";
    } else if (item == Expected::Item::kGone) {
      EXPECT_FALSE(found->has_value()) << "it was forgotten";
    }
  }
}

void CheckBlobs(const MemoStore& store, const Expected& expected,
                bool nothing_lost) {
  for (int n = 0; n < kBlobs; ++n) {
    SCOPED_TRACE(absl::StrCat("blob ", n));
    const std::string bytes = KnownBlob(n);
    const auto blob = store.blobs().Get(DigestOf(bytes));
    if (blob.ok()) {
      EXPECT_TRUE(SameBytes(Text(blob->bytes()), bytes));
    } else {
      EXPECT_TRUE(absl::IsNotFound(blob.status()) ||
                  absl::IsDataLoss(blob.status()))
          << blob.status();
    }
    if (nothing_lost &&
        expected.items[kFirstBlob + n] == Expected::Item::kThere) {
      EXPECT_THAT(blob, IsOk());
    }
  }
}

// Whatever is lost heals.
void Heal(const MemoStore& store) {
  for (const char* function : {kKept, kDropped}) {
    const auto f = MemoizeKnownValue(store, function);
    for (int n = 0; n < kCalls; ++n) {
      SCOPED_TRACE(absl::StrCat("call ", n, " of ", function));
      EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      const auto found = f.Lookup(n);
      ASSERT_THAT(found, IsOk());
      EXPECT_TRUE(SameBytes(found->value_or("not remembered"), KnownValue(n)));
    }
  }
  for (int n = 0; n < kBlobs; ++n) {
    const auto put = store.blobs().Put(KnownBlob(n));
    ASSERT_THAT(put, IsOk());
    const auto blob = store.blobs().Get(put->digest);
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
  }
}

// A collection finds what was left half done, and takes nothing that is used.
void CollectAndVerify(const MemoStore& store) {
  ASSERT_THAT(store.Collect({.max_age = absl::ZeroDuration(),
                             .function = "drop.",
                             .grace = absl::ZeroDuration()}),
              IsOk());
  const auto f = MemoizeKnownValue(store);
  for (int n = 0; n < kCalls; ++n) {
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or("collected"), KnownValue(n)));
  }
  const auto report = store.Verify({.restart = true});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->found_damage());
}

// `must_open`: even if the store was not complete yet. `nothing_lost`: all that
// is expected must be there.
void CheckStore(const fs::path& directory, const Expected& expected,
                bool must_open, bool nothing_lost, bool collect) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  if (!store.ok() && !must_open) return;
  ASSERT_THAT(store, IsOk());
  CheckCalls(*store, kKept, 0, expected, nothing_lost);
  CheckCalls(*store, kDropped, kFirstDropped, expected, nothing_lost);
  CheckBlobs(*store, expected, nothing_lost);
  Heal(*store);
  if (collect) CollectAndVerify(*store);
}

using Campaign = std::tuple<Scenario, Durability>;

class PowerCutTest : public ::testing::TestWithParam<Campaign> {};

std::string NameOf(const ::testing::TestParamInfo<Campaign>& info) {
  return absl::StrCat(
      std::get<0>(info.param).name,
      std::get<1>(info.param) == Durability::kDurable ? "Durable" : "Cache");
}

TEST_P(PowerCutTest, NothingWrongIsReadWhateverWasLost) {
  const Scenario& scenario = std::get<0>(GetParam());
  const Durability durability = std::get<1>(GetParam());
  const FastDirectory folder;
  fs::create_directory(folder.path() / "recorded");
  scenario.prepare(folder.path() / "recorded/store");
  Journal journal(folder.path() / "recorded");
  {
    TestVfs vfs(&journal);
    const RecordingFileSystem files(journal);
    Program program(folder.path() / "recorded/store", durability, files,
                    journal);
    scenario.run(program);
  }
  ASSERT_FALSE(HasFailure());
  const CrashStates states(journal);

  // The recording must be the whole of it: nothing was written past it.
  const std::size_t all = journal.entries().size();
  for (const auto& [path, bytes] : states.Replay({.prefix = all})) {
    if (bytes.has_value() && !path.starts_with("store/locks/")) {
      EXPECT_TRUE(
          SameBytes(FileBytes(folder.path() / "recorded" / path), *bytes))
          << path;
    }
  }

  const fs::path replayed = folder.path() / "replayed";
  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  constexpr std::size_t kCampaigns = 2 * std::size(kScenarios);
  const bool durable = durability == Durability::kDurable;
  int failed_states = 0;
  const CrashStates::Counts counts = states.ForEach(
      NumberFromEnvironment("IRENEO_CRASH_STATES", 6'000) / kCampaigns,
      NumberFromEnvironment("IRENEO_SEED", 1),
      [&](const CrashState& state, const std::vector<std::uint64_t>& marks,
          const DirectoryImage& image) {
        if (failed_states == kMostFailedStates) return;
        SCOPED_TRACE(state.Describe());
        StartTrial(state.Describe());
        const int failures = CountFailures();
        WriteImage(image, replayed);
        const Expected expected = ExpectedAfter(marks);
        if (scenario.damages_index) MeetDamage(replayed / "store");
        CheckStore(replayed / "store", expected,
                   /*must_open=*/state.IsKill() || expected.opened,
                   /*nothing_lost=*/state.IsKill() || durable,
                   /*collect=*/state.prefix % kCollectEach == 0);
        fs::remove_all(replayed);
        if (CountFailures() == failures) return;
        if (failed_states++ == 0) {
          // What the numbers in the descriptions of states mean.
          const std::vector<JournalEntry> entries = journal.entries();
          for (std::size_t i = journal.initial_entries(); i < entries.size();
               ++i) {
            std::printf("%zu: %s\n", i, Describe(entries[i]).c_str());
          }
        }
        if (outputs != nullptr) {
          WriteImage(image, absl::StrCat(outputs, "/", scenario.name, "_",
                                         failed_states));
        }
      });
  EndTrials();
  std::printf("power cut: %s, %s: %zu operations, %zu states of %zu\n",
              scenario.name, durable ? "durable" : "cache", all, counts.visited,
              counts.possible);
  EXPECT_GT(counts.visited, 900u);
}

INSTANTIATE_TEST_SUITE_P(
    Stores, PowerCutTest,
    ::testing::Combine(::testing::ValuesIn(kScenarios),
                       ::testing::Values(Durability::kCache,
                                         Durability::kDurable)),
    NameOf);

}  // namespace
}  // namespace ireneo::testing

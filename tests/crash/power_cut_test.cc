// A store is used, and what it does to its files is recorded. From that the
// folders are made that a power cut at any moment could have left
// (tests/store/crash_states.h), and each is opened and used: nothing that is
// read is wrong, and what is computed is remembered again. Where nothing but
// the process was lost, everything that it finished is there.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "tests/crash/crash_util.h"
#include "tests/store/crash_states.h"
#include "tests/store/journal.h"
#include "tests/store/recording_file_system.h"
#include "tests/store/test_util.h"
#include "tests/store/test_vfs.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kCalls = 9;
constexpr int kBlobs = 4;

// A defect shows in many states.
constexpr int kMostFailedStates = 10;

// What the program under test was told is done, in order. It is the mark in the
// journal as a number: the kind and what it is about.
enum class Done : std::uint64_t {
  kOpened,
  kChanging,  // Until the next mark the call may be there or not.
  kCalled,
  kForgot,
  kPut,
};
constexpr std::uint64_t kNumbers = 1000;

std::uint64_t MarkOf(Done done, int n = 0) {
  return static_cast<std::uint64_t>(done) * kNumbers +
         static_cast<std::uint64_t>(n);
}

// What must be there, by the marks.
struct Expected {
  enum class Call { kUnknown, kThere, kForgotten };

  bool opened = false;
  std::vector<Call> calls = std::vector<Call>(kCalls, Call::kUnknown);
  std::vector<bool> blobs = std::vector<bool>(kBlobs, false);
};

Expected ExpectedAfter(const std::vector<std::uint64_t>& marks) {
  Expected expected;
  for (const std::uint64_t mark : marks) {
    const std::size_t n = mark % kNumbers;
    switch (static_cast<Done>(mark / kNumbers)) {
      case Done::kOpened:
        expected.opened = true;
        break;
      case Done::kCalled:
        expected.calls[n] = Expected::Call::kThere;
        break;
      case Done::kChanging:
        expected.calls[n] = Expected::Call::kUnknown;
        break;
      case Done::kForgot:
        expected.calls[n] = Expected::Call::kForgotten;
        break;
      case Done::kPut:
        expected.blobs[n] = true;
        break;
    }
  }
  return expected;
}

// The program under test. The marks are what it may tell its user.
void UseStore(const fs::path& directory, const FileSystem& files,
              Journal& journal) {
  const auto open = [&] {
    auto store = MemoStore::Open(directory, {.file_system = &files});
    EXPECT_THAT(store, IsOk());
    journal.Mark(MarkOf(Done::kOpened));
    return store;
  };
  {
    const auto store = open();
    const auto f = MemoizeKnownValue(*store);
    for (int n = 0; n < 3; ++n) {
      EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      journal.Mark(MarkOf(Done::kCalled, n));
    }
    for (int n = 0; n < 2; ++n) {
      EXPECT_THAT(store->blobs().Put(KnownBlob(n)), IsOk());
      journal.Mark(MarkOf(Done::kPut, n));
    }
    EXPECT_TRUE(SameBytes(f.Recompute(2), KnownValue(2)));
    journal.Mark(MarkOf(Done::kChanging, 1));
    EXPECT_THAT(f.Forget(1), IsOk());
    journal.Mark(MarkOf(Done::kForgot, 1));
  }
  // Closing has copied the log into the database: now the log is written anew
  // from its start.
  const auto store = open();
  const auto f = MemoizeKnownValue(*store);
  journal.Mark(MarkOf(Done::kChanging, 1));
  EXPECT_TRUE(SameBytes(f(1), KnownValue(1)));
  journal.Mark(MarkOf(Done::kCalled, 1));
  {
    const WriteBatch batch = store->Batch();
    for (int n = 3; n < 7; ++n) EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    EXPECT_THAT(batch.Flush(), IsOk());
    for (int n = 3; n < 7; ++n) journal.Mark(MarkOf(Done::kCalled, n));
  }
  for (int n = 2; n < kBlobs; ++n) {
    EXPECT_THAT(store->blobs().Put(KnownBlob(n)), IsOk());
    journal.Mark(MarkOf(Done::kPut, n));
  }
  journal.Mark(MarkOf(Done::kChanging, 5));
  EXPECT_THAT(f.Forget(5), IsOk());
  journal.Mark(MarkOf(Done::kForgot, 5));
  journal.Mark(MarkOf(Done::kChanging, 5));
  EXPECT_TRUE(SameBytes(f(5), KnownValue(5)));
  journal.Mark(MarkOf(Done::kCalled, 5));
  for (int n = 7; n < kCalls; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    journal.Mark(MarkOf(Done::kCalled, n));
  }
}

// `must_open`: even if the store was not complete yet. `nothing_lost`: all that
// is expected must be there.
void CheckStore(const fs::path& directory, const Expected& expected,
                bool must_open, bool nothing_lost) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  if (!store.ok() && !must_open) return;
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) {
    SCOPED_TRACE(absl::StrCat("call ", n));
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or(KnownValue(n)), KnownValue(n)));
    if (!nothing_lost) continue;
    if (expected.calls[n] == Expected::Call::kThere) {
      EXPECT_TRUE(found->has_value()) << "it was acknowledged";
    } else if (expected.calls[n] == Expected::Call::kForgotten) {
      EXPECT_FALSE(found->has_value()) << "it was forgotten";
    }
  }
  for (int n = 0; n < kBlobs; ++n) {
    SCOPED_TRACE(absl::StrCat("blob ", n));
    const std::string bytes = KnownBlob(n);
    const auto blob =
        store->blobs().Get(Digest::Of(std::as_bytes(std::span(bytes))));
    if (blob.ok()) {
      EXPECT_TRUE(SameBytes(Text(blob->bytes()), bytes));
    } else {
      EXPECT_TRUE(absl::IsNotFound(blob.status()) ||
                  absl::IsDataLoss(blob.status()))
          << blob.status();
    }
    if (nothing_lost && expected.blobs[n]) {
      EXPECT_THAT(blob, IsOk());
    }
  }
  // Whatever is lost heals.
  for (int n = 0; n < kCalls; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or("not remembered"), KnownValue(n)));
  }
  for (int n = 0; n < kBlobs; ++n) {
    const auto put = store->blobs().Put(KnownBlob(n));
    ASSERT_THAT(put, IsOk());
    const auto blob = store->blobs().Get(put->digest);
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
  }
}

TEST(PowerCutTest, NothingWrongIsReadWhateverWasLost) {
  const FastDirectory folder;
  fs::create_directory(folder.path() / "recorded");
  Journal journal(folder.path() / "recorded");
  {
    TestVfs vfs(&journal);
    const RecordingFileSystem files(journal);
    UseStore(folder.path() / "recorded/store", files, journal);
  }
  const CrashStates states(journal);

  // The recording must be the whole of it: nothing was written past it.
  const std::size_t all = journal.entries().size();
  for (const auto& [path, bytes] : states.Replay({.prefix = all})) {
    if (bytes.has_value()) {
      EXPECT_EQ(FileBytes(folder.path() / "recorded" / path), *bytes) << path;
    }
  }

  const fs::path replayed = folder.path() / "replayed";
  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  int failed_states = 0;
  const CrashStates::Counts counts = states.ForEach(
      NumberFromEnvironment("IRENEO_CRASH_STATES", 5000),
      NumberFromEnvironment("IRENEO_SEED", 1),
      [&](const CrashState& state, const std::vector<std::uint64_t>& marks,
          const DirectoryImage& image) {
        if (failed_states == kMostFailedStates) return;
        SCOPED_TRACE(state.Describe());
        StartTrial(state.Describe());
        const int failures = CountFailures();
        WriteImage(image, replayed);
        const Expected expected = ExpectedAfter(marks);
        CheckStore(replayed / "store", expected,
                   /*must_open=*/state.IsKill() || expected.opened,
                   /*nothing_lost=*/state.IsKill());
        fs::remove_all(replayed);
        if (CountFailures() == failures) return;
        ++failed_states;
        if (outputs != nullptr) {
          WriteImage(image, absl::StrCat(outputs, "/state_", failed_states));
        }
      });
  EndTrials();
  std::printf("power cut: %zu operations, %zu states of %zu\n", all,
              counts.visited, counts.possible);
  EXPECT_GT(counts.visited, 1000u);
}

}  // namespace
}  // namespace ireneo::testing

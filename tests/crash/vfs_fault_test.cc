// The n-th call of every kind that SQLite makes of the operating system fails,
// for n = 1, 2, ... until none is left, once and for ever, in everything that
// is done with a store: it reports a clean status, a memoized call returns its
// value all the same, and afterwards the store opens and has what it had.

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "tests/crash/crash_util.h"
#include "tests/store/crash_states.h"
#include "tests/store/test_util.h"
#include "tests/store/test_vfs.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

struct Failure {
  VfsCall kind;
  int code;
};
constexpr Failure kFailures[] = {
    {VfsCall::kOpen, SQLITE_CANTOPEN},
    {VfsCall::kRead, SQLITE_IOERR_READ},
    {VfsCall::kWrite, SQLITE_IOERR_WRITE},
    {VfsCall::kWrite, SQLITE_FULL},
    {VfsCall::kTruncate, SQLITE_IOERR_TRUNCATE},
    {VfsCall::kSync, SQLITE_IOERR_FSYNC},
    {VfsCall::kFileSize, SQLITE_IOERR_FSTAT},
    {VfsCall::kLock, SQLITE_IOERR_LOCK},
    {VfsCall::kShmMap, SQLITE_IOERR_SHMMAP},
    {VfsCall::kDelete, SQLITE_IOERR_DELETE},
    {VfsCall::kAccess, SQLITE_IOERR_ACCESS},
};

// Calls and blobs that are in the store before; those that an action adds have
// higher numbers.
constexpr int kCalls = 6;
constexpr int kBlobs = 2;
constexpr int kNewSmallCall = 6;
constexpr int kNewLargeCall = 8;

// A status that says what happened.
void ExpectClean(const absl::Status& status) {
  if (status.ok()) return;
  EXPECT_NE(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_FALSE(status.message().empty());
}

void ExpectCleanBlob(const absl::StatusOr<Blob>& blob,
                     const std::string& bytes) {
  ExpectClean(blob.status());
  if (blob.ok()) {
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), bytes));
  }
}

Digest DigestOf(const std::string& bytes) {
  return Digest::Of(std::as_bytes(std::span(bytes)));
}

// A folder with a store, to be copied for each trial.
void MakeStore(const fs::path& directory) {
  const auto store = MemoStore::Open(directory);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) f(n);
  for (int n = 0; n < kBlobs; ++n) {
    ASSERT_THAT(store->blobs().Put(KnownBlob(n)), IsOk());
  }
}

// Opens the store as another process would: what was finished is there.
void CheckStore(const fs::path& directory) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) {
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or("lost"), KnownValue(n)));
  }
  for (int n = 0; n < kBlobs; ++n) {
    const auto blob = store->blobs().Get(DigestOf(KnownBlob(n)));
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
  }
  // It can be written to, and what a trial may have left half done does not
  // matter.
  for (int n = kCalls; n < kCalls + 4; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    const auto found = f.Lookup(n);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(SameBytes(found->value_or("lost"), KnownValue(n)));
  }
  EXPECT_EQ(store->Stats()->faults, 0);
}

// Trials of `action` with an open store; `check` sees the store afterwards,
// still open, with no more faults.
class VfsFaultTest : public ::testing::Test {
 protected:
  using Action = std::function<void(const MemoStore& store)>;

  void SetUp() override { MakeStore(folder_.path() / "whole"); }

  void TearDown() override {
    EndTrials();
    std::printf("vfs fault: %d trials\n", trials_);
  }

  fs::path directory() const { return folder_.path() / "store"; }

  // `run` arms the VFS itself and disarms it.
  void FailEach(const std::function<void(TestVfs&, const VfsFault&)>& run,
                bool from_nothing = false) {
    for (const Failure& failure : kFailures) {
      for (const bool for_ever : {false, true}) {
        for (std::uint64_t n = 1;; ++n) {
          const std::string trial =
              absl::StrCat(VfsCallName(failure.kind), " ", n,
                           for_ever ? " and all that follow" : "",
                           failure.code == SQLITE_FULL ? ", disk full" : "");
          SCOPED_TRACE(trial);
          StartTrial(trial);
          ++trials_;
          fs::remove_all(directory());
          if (!from_nothing) {
            fs::copy(folder_.path() / "whole", directory(),
                     fs::copy_options::recursive);
          }
          std::uint64_t failed = 0;
          {
            TestVfs vfs;
            run(vfs, {.kind = failure.kind,
                      .nth = n,
                      .for_ever = for_ever,
                      .code = failure.code});
            failed = vfs.failed();
          }
          if (from_nothing) {
            EXPECT_THAT(MemoStore::Open(directory()), IsOk());
          } else {
            CheckStore(directory());
          }
          if (HasFailure()) return;
          if (failed == 0) break;
        }
      }
    }
  }

  void FailEachIn(const Action& action, const Action& check) {
    FailEach([&](TestVfs& vfs, const VfsFault& fault) {
      const auto store = MemoStore::Open(directory(), {.memory_bytes = 0});
      ASSERT_THAT(store, IsOk());
      vfs.Arm(fault);
      action(*store);
      vfs.Disarm();
      if (check != nullptr) check(*store);
    });
  }

  const FastDirectory folder_;
  int trials_ = 0;
};

TEST_F(VfsFaultTest, Create) {
  FailEach(
      [&](TestVfs& vfs, const VfsFault& fault) {
        vfs.Arm(fault);
        ExpectClean(MemoStore::Open(directory()).status());
        vfs.Disarm();
        EXPECT_THAT(MemoStore::Open(directory()), IsOk());
      },
      /*from_nothing=*/true);
}

TEST_F(VfsFaultTest, Open) {
  FailEach([&](TestVfs& vfs, const VfsFault& fault) {
    vfs.Arm(fault);
    ExpectClean(MemoStore::Open(directory()).status());
    vfs.Disarm();
  });
}

TEST_F(VfsFaultTest, Put) {
  for (const int n : {kBlobs, kBlobs + 1}) {
    std::optional<Digest> put;
    FailEachIn(
        [&](const MemoStore& store) {
          const auto result = store.blobs().Put(KnownBlob(n));
          ExpectClean(result.status());
          put = result.ok() ? std::optional(result->digest) : std::nullopt;
        },
        [&](const MemoStore& store) {
          if (!put.has_value()) return;
          const auto blob = store.blobs().Get(*put);
          ASSERT_THAT(blob, IsOk());
          EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
        });
  }
}

TEST_F(VfsFaultTest, Get) {
  FailEachIn(
      [&](const MemoStore& store) {
        for (int n = 0; n < kBlobs; ++n) {
          ExpectCleanBlob(store.Get(DigestOf(KnownBlob(n))), KnownBlob(n));
        }
      },
      nullptr);
}

TEST_F(VfsFaultTest, Hit) {
  FailEachIn(
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        for (const int n : {0, 2}) EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      },
      nullptr);
}

TEST_F(VfsFaultTest, Miss) {
  FailEachIn(
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        for (const int n : {kNewSmallCall, kNewLargeCall}) {
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
      },
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        for (const int n : {kNewSmallCall, kNewLargeCall}) {
          const auto found = f.Lookup(n);
          ASSERT_THAT(found, IsOk());
          EXPECT_TRUE(SameBytes(found->value_or(KnownValue(n)), KnownValue(n)));
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
      });
}

TEST_F(VfsFaultTest, RecomputeAndForget) {
  std::vector<absl::Status> forgot;
  FailEachIn(
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        EXPECT_TRUE(SameBytes(f.Recompute(2), KnownValue(2)));
        forgot = {f.Forget(0), f.Forget(5)};
        for (const absl::Status& status : forgot) ExpectClean(status);
      },
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        for (const int n : {0, 5}) {
          const auto found = f.Contains(n);
          ASSERT_THAT(found, IsOk());
          EXPECT_EQ(*found, !forgot[n == 0 ? 0 : 1].ok());
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
      });
}

TEST_F(VfsFaultTest, Batch) {
  absl::Status flushed;
  FailEachIn(
      [&](const MemoStore& store) {
        const auto f = MemoizeKnownValue(store);
        const WriteBatch batch = store.Batch();
        for (int n = kNewSmallCall; n <= kNewLargeCall; ++n) {
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
        flushed = batch.Flush();
        ExpectClean(flushed);
      },
      [&](const MemoStore& store) {
        if (!flushed.ok()) return;
        const auto f = MemoizeKnownValue(store);
        for (int n = kNewSmallCall; n <= kNewLargeCall; ++n) {
          const auto found = f.Contains(n);
          ASSERT_THAT(found, IsOk());
          // A call may not have got into the batch.
          if (store.Stats()->faults == 0) {
            EXPECT_TRUE(*found);
          }
        }
      });
}

// With the opening of connections, and the closing of the last, which copies
// the log into the database.
TEST_F(VfsFaultTest, WholeSession) {
  FailEach([&](TestVfs& vfs, const VfsFault& fault) {
    vfs.Arm(fault);
    {
      const auto store = MemoStore::Open(directory(), {.memory_bytes = 0});
      ExpectClean(store.status());
      if (store.ok()) {
        const auto f = MemoizeKnownValue(*store);
        for (int n = 0; n <= kNewLargeCall; ++n) {
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
        EXPECT_TRUE(SameBytes(f.Recompute(3), KnownValue(3)));
        ExpectClean(store->blobs().Put(KnownBlob(kBlobs)).status());
        ExpectClean(store->Stats().status());
      }
    }
    vfs.Disarm();
  });
}

TEST_F(VfsFaultTest, Queries) {
  FailEachIn(
      [&](const MemoStore& store) {
        ExpectClean(store.Stats().status());
        ExpectClean(store.Functions().status());
        const auto calls = store.Calls();
        ExpectClean(calls.status());
        if (calls.ok()) {
          EXPECT_EQ(calls->size(), static_cast<std::size_t>(kCalls));
        }
      },
      [&](const MemoStore& store) { EXPECT_EQ(store.Stats()->calls, kCalls); });
}

}  // namespace
}  // namespace ireneo::testing

// The n-th call of every kind that SQLite makes of the operating system fails,
// for n = 1, 2, ... until none is left, once and for ever, in everything that
// is done with a store: it reports a clean status, a memoized call returns its
// value all the same, and afterwards the store opens and has what it had.

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/store/blob_store.h"
#include "tests/crash/crash_util.h"
#include "tests/crash/fault_actions.h"
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

class VfsFaultTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeWholeStore(folder_.path() / "whole"); }

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
            CheckWholeStore(directory());
          }
          if (HasFailure()) return;
          if (failed == 0) break;
        }
      }
    }
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
        for (int n = 0; n < 9; ++n) {
          EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
        }
        EXPECT_TRUE(SameBytes(f.Recompute(3), KnownValue(3)));
        ExpectClean(store->blobs().Put(KnownBlob(3)).status());
        ExpectClean(store->Stats().status());
      }
    }
    vfs.Disarm();
  });
}

// What is damaged stays so until it is replaced; a fault is no damage.
TEST_F(VfsFaultTest, Restore) {
  DamageIndex(folder_.path() / "whole", IndexDamage::kHeader);
  FailEach([&](TestVfs& vfs, const VfsFault& fault) {
    vfs.Arm(fault);
    ExpectClean(MemoStore::Open(directory()).status());
    vfs.Disarm();
  });
}

class VfsFaultActionTest : public VfsFaultTest,
                           public ::testing::WithParamInterface<FaultAction> {};

TEST_P(VfsFaultActionTest, EachCallFails) {
  const FaultAction& action = GetParam();
  FailEach([&](TestVfs& vfs, const VfsFault& fault) {
    const auto store = MemoStore::Open(directory(), {.memory_bytes = 0});
    ASSERT_THAT(store, IsOk());
    vfs.Arm(fault);
    action.run(*store);
    vfs.Disarm();
    if (action.check != nullptr) action.check(*store);
  });
}

INSTANTIATE_TEST_SUITE_P(Actions, VfsFaultActionTest,
                         ::testing::ValuesIn(FaultActions()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ireneo::testing

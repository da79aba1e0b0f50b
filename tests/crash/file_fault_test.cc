// The n-th operation of every kind on the store's own files fails, for n = 1,
// 2,
// ... until none is left, once and for ever, in everything that is done with a
// store: it reports a clean status, a memoized call returns its value all the
// same, and afterwards the store opens and has what it had.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"
#include "tests/crash/crash_util.h"
#include "tests/crash/fault_actions.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

struct Failure {
  FileOperation kind;
  absl::StatusCode code;
  bool half = false;
};
constexpr Failure kFailures[] = {
    {FileOperation::kCreate, absl::StatusCode::kInternal},
    {FileOperation::kAppend, absl::StatusCode::kResourceExhausted, true},
    {FileOperation::kAppend, absl::StatusCode::kInternal},
    {FileOperation::kClose, absl::StatusCode::kInternal},
    {FileOperation::kRead, absl::StatusCode::kInternal},
    {FileOperation::kStat, absl::StatusCode::kInternal},
    {FileOperation::kRename, absl::StatusCode::kPermissionDenied},
    {FileOperation::kRemove, absl::StatusCode::kPermissionDenied},
    {FileOperation::kList, absl::StatusCode::kInternal},
    {FileOperation::kCreateDirectory, absl::StatusCode::kResourceExhausted},
    {FileOperation::kSync, absl::StatusCode::kInternal},
    {FileOperation::kTouch, absl::StatusCode::kPermissionDenied},
};

class FileFaultTest : public ::testing::Test {
 protected:
  void SetUp() override { MakeWholeStore(folder_.path() / "whole"); }

  void TearDown() override {
    EndTrials();
    std::printf("file fault: %d trials\n", trials_);
  }

  fs::path directory() const { return folder_.path() / "store"; }

  absl::StatusOr<MemoStore> Open(Durability durability) const {
    return MemoStore::Open(
        directory(),
        {.file_system = &files_, .memory_bytes = 0, .durability = durability});
  }

  // `run` arms the file system itself and disarms it.
  void FailEach(const std::function<void(const Fault&)>& run,
                bool from_nothing = false) {
    for (const Failure& failure : kFailures) {
      for (const bool for_ever : {false, true}) {
        for (std::uint64_t n = 1;; ++n) {
          const std::string trial =
              absl::StrCat(kNames[static_cast<std::size_t>(failure.kind)], " ",
                           n, for_ever ? " and all that follow" : "",
                           failure.half ? ", half done" : "");
          SCOPED_TRACE(trial);
          StartTrial(trial);
          ++trials_;
          fs::remove_all(directory());
          if (!from_nothing) {
            fs::copy(folder_.path() / "whole", directory(),
                     fs::copy_options::recursive);
          }
          run({.nth = n,
               .kind = failure.kind,
               .for_ever = for_ever,
               .status = absl::Status(failure.code, "injected fault"),
               .half_append = failure.half});
          if (from_nothing) {
            EXPECT_THAT(MemoStore::Open(directory()), IsOk());
          } else {
            CheckWholeStore(directory());
          }
          if (HasFailure()) return;
          if (files_.failed() == 0) break;
        }
      }
    }
  }

  const FastDirectory folder_;
  FaultyFileSystem files_{FileSystem::Posix()};
  int trials_ = 0;

 private:
  static constexpr const char* kNames[kFileOperationCount] = {
      "create", "append", "close", "read", "stat", "rename",
      "remove", "list",   "mkdir", "sync", "touch"};
};

class FileFaultStoreTest : public FileFaultTest,
                           public ::testing::WithParamInterface<Durability> {};

TEST_P(FileFaultStoreTest, Create) {
  FailEach(
      [&](const Fault& fault) {
        files_.Arm(fault);
        ExpectClean(Open(GetParam()).status());
        files_.Disarm();
        EXPECT_THAT(Open(GetParam()), IsOk());
      },
      /*from_nothing=*/true);
}

TEST_P(FileFaultStoreTest, Open) {
  FailEach([&](const Fault& fault) {
    files_.Arm(fault);
    ExpectClean(Open(GetParam()).status());
    files_.Disarm();
  });
}

TEST_P(FileFaultStoreTest, Restore) {
  DamageIndex(folder_.path() / "whole", IndexDamage::kHeader);
  FailEach([&](const Fault& fault) {
    files_.Arm(fault);
    ExpectClean(Open(GetParam()).status());
    files_.Disarm();
  });
}

TEST_P(FileFaultStoreTest, WholeSession) {
  FailEach([&](const Fault& fault) {
    files_.Arm(fault);
    const auto store = Open(GetParam());
    ExpectClean(store.status());
    if (store.ok()) {
      const auto f = MemoizeKnownValue(*store);
      for (int n = 0; n < 9; ++n) EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
      EXPECT_TRUE(SameBytes(f.Recompute(3), KnownValue(3)));
      ExpectClean(store->blobs().Put(KnownBlob(3)).status());
      ExpectClean(store->Stats().status());
    }
    files_.Disarm();
  });
}

std::string DurabilityName(const ::testing::TestParamInfo<Durability>& info) {
  return info.param == Durability::kCache ? "Cache" : "Durable";
}

INSTANTIATE_TEST_SUITE_P(Stores, FileFaultStoreTest,
                         ::testing::Values(Durability::kCache,
                                           Durability::kDurable),
                         DurabilityName);

using ActionParam = std::tuple<FaultAction, Durability>;

class FileFaultActionTest : public FileFaultTest,
                            public ::testing::WithParamInterface<ActionParam> {
};

TEST_P(FileFaultActionTest, EachOperationFails) {
  const FaultAction& action = std::get<0>(GetParam());
  const Durability durability = std::get<1>(GetParam());
  FailEach([&](const Fault& fault) {
    const auto store = Open(durability);
    ASSERT_THAT(store, IsOk());
    files_.Arm(fault);
    action.run(*store);
    files_.Disarm();
    if (action.check != nullptr) action.check(*store);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Actions, FileFaultActionTest,
    ::testing::Combine(::testing::ValuesIn(FaultActions()),
                       ::testing::Values(Durability::kCache,
                                         Durability::kDurable)),
    [](const auto& info) {
      return absl::StrCat(
          std::get<0>(info.param).name,
          std::get<1>(info.param) == Durability::kCache ? "Cache" : "Durable");
    });

}  // namespace
}  // namespace ireneo::testing

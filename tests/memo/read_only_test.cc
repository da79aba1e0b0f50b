// Stores that this process may not write to, and stores of other users: results
// are used, calls return their values, and what is wrong is said.

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/file_system.h"
#include "tests/store/forwarding_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::ForwardingFileSystem;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::HasSubstr;

int computed = 0;

std::vector<double> Ramp(int n) {
  ++computed;
  std::vector<double> ramp(n);
  for (int i = 0; i < n; ++i) ramp[i] = i * 0.5;
  return ramp;
}

auto Memoized(const MemoStore& store) {
  return Memoize(store, {.name = "test.Ramp", .version = "1"}, Ramp);
}

void SetMode(const fs::path& directory, mode_t folder, mode_t file) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    ASSERT_EQ(
        ::chmod(entry.path().c_str(), entry.is_directory() ? folder : file), 0);
  }
  ASSERT_EQ(::chmod(directory.c_str(), folder), 0);
}

// All files belong to somebody else.
class OthersFiles final : public ForwardingFileSystem {
 public:
  OthersFiles() : ForwardingFileSystem(FileSystem::Posix()) {}

  absl::StatusOr<FileInfo> Stat(const fs::path& path) const override {
    absl::StatusOr<FileInfo> info = ForwardingFileSystem::Stat(path);
    if (info.ok()) info->owner = 12345;
    return info;
  }
};

class ReadOnlyTest : public ::testing::TestWithParam<IndexEngine> {
 protected:
  void SetUp() override {
    const auto store = MemoStore::Open(path(), {.index = GetParam()});
    ASSERT_THAT(store, IsOk());
    Memoized (*store)(3);
    Memoized (*store)(3000);
  }
  void TearDown() override { SetMode(path(), 0755, 0644); }

  fs::path path() const { return directory_.path() / "store"; }

  // That what is there is used, and what is not is computed and not stored.
  void ExpectUsable() const {
    const std::size_t entries = CountEntries(path());
    std::vector<absl::Status> faults;
    const auto store =
        MemoStore::Open(path(), {.observer = [&](const CallEvent& event) {
                          faults.push_back(event.fault);
                        }});
    ASSERT_THAT(store, IsOk());
    const auto ramp = Memoized(*store);
    computed = 0;
    EXPECT_EQ(ramp(3).size(), 3u);
    EXPECT_EQ(ramp(3000).back(), 2999 * 0.5);
    EXPECT_EQ(computed, 0);
    EXPECT_EQ(ramp(5).size(), 5u);
    EXPECT_EQ(ramp(5).size(), 5u);
    EXPECT_EQ(ramp(5000).size(), 5000u);
    EXPECT_EQ(computed, 3);
    ASSERT_EQ(faults.size(), 5u);
    EXPECT_THAT(faults[0], IsOk());
    EXPECT_THAT(faults[1], IsOk());
    EXPECT_THAT(faults[2], StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(store->Stats(), IsOk());
    EXPECT_EQ(store->Calls()->size(), 2u);
    EXPECT_THAT(store->Verify({}), IsOk());
    EXPECT_THAT(store->blobs().Put(std::string(9000, 'x')),
                ::testing::Not(IsOk()));
    EXPECT_THAT(store->Forget(store->Calls()->front().key),
                ::testing::Not(IsOk()));
    EXPECT_THAT(store->Collect({}), ::testing::Not(IsOk()));
    EXPECT_EQ(CountEntries(path()), entries);
  }

  const TemporaryDirectory directory_;
};

TEST_P(ReadOnlyTest, AStoreInADirectoryThatMayNotBeWrittenIsUsed) {
  SetMode(path(), 0555, 0444);
  RunUnprivileged([&] { ExpectUsable(); });
}

TEST_P(ReadOnlyTest, AsDoesOneWhoseDatabaseAloneMayNotBeWritten) {
  if (GetParam() == IndexEngine::kDirectory) GTEST_SKIP() << "it has none";
  ASSERT_EQ(::chmod((path() / "index.db").c_str(), 0444), 0);
  RunUnprivileged([&] {
    const auto store = MemoStore::Open(path());
    ASSERT_THAT(store, IsOk());
    computed = 0;
    EXPECT_EQ(Memoized(*store)(3000).size(), 3000u);
    EXPECT_EQ(computed, 0);
    EXPECT_EQ(Memoized(*store)(7).size(), 7u);
  });
}

TEST_P(ReadOnlyTest, WhileAnotherProcessWrites) {
  if (GetParam() == IndexEngine::kDirectory) GTEST_SKIP() << "no database";
  const auto writer = MemoStore::Open(path());
  ASSERT_THAT(writer, IsOk());
  Memoized (*writer)(4);
  SetMode(path(), 0555, 0444);
  RunUnprivileged([&] {
    const auto store = MemoStore::Open(path());
    ASSERT_THAT(store, IsOk());
    computed = 0;
    EXPECT_EQ(Memoized(*store)(4).size(), 4u);
    EXPECT_EQ(computed, 0);
  });
}

TEST_P(ReadOnlyTest, AStoreOfAnotherUserIsRefusedUnlessTrusted) {
  const OthersFiles files;
  EXPECT_THAT(MemoStore::Open(path(), {.file_system = &files}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("another user, number 12345"),
                             HasSubstr("trust_owner"))));
  EXPECT_THAT(
      MemoStore::Open(path(), {.file_system = &files, .trust_owner = true}),
      IsOk());
}

INSTANTIATE_TEST_SUITE_P(Engines, ReadOnlyTest,
                         ::testing::Values(IndexEngine::kSqlite,
                                           IndexEngine::kDirectory));

}  // namespace
}  // namespace ireneo

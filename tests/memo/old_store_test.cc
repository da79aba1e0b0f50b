// Stores that earlier versions of Ireneo made (tests/golden/store_N) are opened
// by this one, and what is in them hits.

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::TemporaryDirectory;

// The versions of the index of which there is a store.
constexpr int kVersions[] = {1, 2, 3};

double Half(double, const std::string&) { return -1; }
Eigen::MatrixXd Ramp(int) { return {}; }

// As the program that made the store had them.
auto MemoizedHalf(const MemoStore& store) {
  return Memoize(store,
                 {.name = "golden.Half",
                  .version = "1",
                  .callees = {"c"},
                  .argument_names = {"x", "unit"},
                  .salts = {{"s", "1"}}},
                 Half);
}
auto MemoizedRamp(const MemoStore& store) {
  return Memoize(store,
                 {.name = "golden.Ramp",
                  .version = "2",
                  .keep_arguments = KeepArguments::kNone},
                 Ramp);
}

// A copy that may be written to.
void Copy(const std::string& name, const std::filesystem::path& to) {
  std::filesystem::copy("tests/golden/store_" + name, to,
                        std::filesystem::copy_options::recursive |
                            std::filesystem::copy_options::overwrite_existing);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(to)) {
    ASSERT_EQ(::chmod(entry.path().c_str(), 0755), 0);
  }
}

void ExpectAllThere(const MemoStore& store) {
  const auto half = MemoizedHalf(store);
  EXPECT_EQ(half(3, "m"), 1.5);
  EXPECT_EQ(half(5, "s"), 2.5);
  const auto calls = half.Calls();
  ASSERT_GE(calls.size(), 2u);
  const auto& oldest = calls[calls.size() - 1];
  EXPECT_EQ(*oldest.argument<0>(), 3);  // A row of `blobs` at that time.
  EXPECT_EQ(*oldest.argument<1>(), "m");
  EXPECT_EQ(oldest.seed(), std::nullopt);
  EXPECT_THAT(oldest.record().callees, ::testing::IsEmpty());
  const Eigen::MatrixXd large = MemoizedRamp(store)(24);
  ASSERT_EQ(large.size(), 24 * 24);
  EXPECT_EQ(large(23, 23), 575 * 0.25);
}

class OldStoreTest : public ::testing::TestWithParam<int> {};

TEST_P(OldStoreTest, EveryCallHits) {
  const TemporaryDirectory dir;
  Copy(std::to_string(GetParam()), dir.path());
  // The later ones also have a call with a seed.
  const int calls = GetParam() == 1 ? 4 : 5;
  for (int round = 0; round < 2; ++round) {
    const auto store = MemoStore::Open(dir.path());
    ASSERT_THAT(store, IsOk());
    ExpectAllThere(*store);
    EXPECT_EQ(store->Stats()->calls, round == 0 ? calls : calls + 1);
    // And takes new calls, of the functions that it has and of others.
    EXPECT_EQ(MemoizedHalf(*store)(7, "new"), -1);
    EXPECT_EQ(MemoizedHalf(*store)(7, "new"), -1);
    EXPECT_EQ(store->Stats()->faults, 0);
  }
}

TEST_P(OldStoreTest, ProcessesUpgradeItAtOnce) {
  const TemporaryDirectory dir;
  Copy(std::to_string(GetParam()), dir.path());
  RunInChildren(4, [&](int) {
    const auto store = MemoStore::Open(dir.path());
    ASSERT_THAT(store, IsOk());
    ExpectAllThere(*store);
  });
}

TEST_P(OldStoreTest, OneThatMayNotBeWrittenIsUsedAsItIs) {
  const TemporaryDirectory dir;
  Copy(std::to_string(GetParam()), dir.path());
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(dir.path())) {
    ASSERT_EQ(::chmod(entry.path().c_str(), entry.is_directory() ? 0555 : 0444),
              0);
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  RunUnprivileged([&] {
    const auto store = MemoStore::Open(dir.path());
    ASSERT_THAT(store, IsOk());
    ExpectAllThere(*store);
  });
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
}

TEST(OldDirectoryTest, EveryCallHits) {
  const TemporaryDirectory dir;
  Copy("directory_1", dir.path());
  for (int round = 0; round < 2; ++round) {
    const auto store = MemoStore::Open(dir.path());
    ASSERT_THAT(store, IsOk());
    ExpectAllThere(*store);
    EXPECT_EQ(MemoizedHalf(*store).Seeded(7)(3, "m"), 1.5);
    EXPECT_EQ(store->Stats()->calls, 5 + round);
    EXPECT_GE(store->Stats()->hits, 1 + 4 * (round + 1));
    EXPECT_EQ(MemoizedHalf(*store)(7, "new"), -1);
    EXPECT_EQ(MemoizedHalf(*store)(7, "new"), -1);
    EXPECT_EQ(store->Stats()->faults, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, OldStoreTest, ::testing::ValuesIn(kVersions),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace ireneo

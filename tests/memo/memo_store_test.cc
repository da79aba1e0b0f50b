#include "ireneo/memo/memo_store.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

auto MemoizedLength(const MemoStore& store, std::string version = "1") {
  return Memoize(store, {.name = "test.Length", .version = std::move(version)},
                 [](const std::string& s) { return s.size() + 0.5; });
}

TEST(MemoStoreTest, OpenMakesTheDirectoryAndItsParents) {
  const TemporaryDirectory dir;
  const absl::StatusOr<MemoStore> store =
      testing::OpenStore(dir.path() / "a/b/c");
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(store->directory(), dir.path() / "a/b/c");
  EXPECT_THAT(FileBytes(dir.path() / "a/b/c/ireneo.json"),
              HasSubstr(testing::TestsDirectoryIndex()
                            ? R"("format":2,"index":"directory")"
                            : R"("format":1,"index":"sqlite")"));
}

TEST(MemoStoreTest, EveryWayOfWritingAPathIsTheSameStore) {
  const TemporaryDirectory dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  const absl::StatusOr<MemoStore> relative = testing::OpenStore("results/");
  fs::current_path(before);
  ASSERT_THAT(relative, IsOk());
  EXPECT_EQ(MemoizedLength(*relative)("abc"), 3.5);
  const absl::StatusOr<MemoStore> absolute =
      testing::OpenStore(dir.path() / "results", {.create = false});
  ASSERT_THAT(absolute, IsOk());
  EXPECT_THAT(*MemoizedLength(*absolute).Contains("abc"), true);
}

TEST(MemoStoreTest, OpenOfNothingIsAnErrorIfNotToBeCreated) {
  const TemporaryDirectory dir;
  EXPECT_THAT(testing::OpenStore(dir.path() / "none", {.create = false}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no store in")));
  EXPECT_FALSE(fs::exists(dir.path() / "none"));
  EXPECT_THAT(testing::OpenStore(""),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(MemoStoreTest, ADirectoryOfSomethingElseIsLeftAlone) {
  const TemporaryDirectory dir;
  WriteFileBytes(dir.path() / "thesis.tex", "precious");
  EXPECT_THAT(testing::OpenStore(dir.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("thesis.tex"),
                             HasSubstr("Give an empty or a new directory"))));
  EXPECT_EQ(CountEntries(dir.path()), 1u);
  WriteFileBytes(dir.path() / "file", "");
  EXPECT_FALSE(testing::OpenStore(dir.path() / "file").ok());
}

TEST(MemoStoreTest, AnInterruptedCreationIsTakenUp) {
  const TemporaryDirectory dir;
  // What a crash before the rename of ireneo.json leaves.
  WriteFileBytes(dir.path() / "ireneo.json.123.456", "{");
  EXPECT_THAT(testing::OpenStore(dir.path()), IsOk());
}

TEST(MemoStoreTest, AStoreOfANewerFormatIsRefusedWithBothNumbers) {
  const TemporaryDirectory dir;
  ASSERT_THAT(testing::OpenStore(dir.path()), IsOk());
  const fs::path marker = dir.path() / "ireneo.json";
  WriteFileBytes(marker, R"({"format": 7, "digest": "xxh3-128"})");
  EXPECT_THAT(testing::OpenStore(dir.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("format 7"), HasSubstr("format 1 and 2"),
                             HasSubstr("use a newer Ireneo"))));
  WriteFileBytes(marker, R"({"format": 1, "digest": "sha256"})");
  EXPECT_THAT(testing::OpenStore(dir.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("with sha256 digests")));
}

TEST(MemoStoreTest, ADamagedMarkerIsNeverAStore) {
  const TemporaryDirectory dir;
  ASSERT_THAT(testing::OpenStore(dir.path()), IsOk());
  const fs::path marker = dir.path() / "ireneo.json";
  const std::string good = FileBytes(marker);
  for (std::size_t size = 0; size + 2 < good.size(); ++size) {
    WriteFileBytes(marker, good.substr(0, size));
    EXPECT_THAT(testing::OpenStore(dir.path()),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(MemoStoreTest, AReadOnlyDirectoryIsPermissionDenied) {
  const TemporaryDirectory dir;
  RunUnprivileged([&] {
    fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THAT(testing::OpenStore(dir.path() / "store"),
                StatusIs(absl::StatusCode::kPermissionDenied));
    fs::permissions(dir.path(), fs::perms::owner_all);
  });
}

TEST(MemoStoreTest, ManyProcessesMayCreateOneStoreAtOnce) {
  for (int round = 0; round < 10; ++round) {
    const TemporaryDirectory dir;
    RunInChildren(6, [&](int) {
      const absl::StatusOr<MemoStore> store =
          testing::OpenStore(dir.path() / "store");
      ASSERT_THAT(store, IsOk());
      EXPECT_EQ(MemoizedLength(*store)("abc"), 3.5);
      EXPECT_EQ(store->Stats()->faults, 0);
    });
    const absl::StatusOr<MemoStore> store =
        testing::OpenStore(dir.path() / "store", {.create = false});
    ASSERT_THAT(store, IsOk());
    EXPECT_EQ(store->Stats()->calls, 1);
  }
}

TEST(MemoStoreTest, QueriesTellWhatWasRemembered) {
  const TemporaryDirectory dir;
  const absl::StatusOr<MemoStore> store = testing::OpenStore(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto v1 = MemoizedLength(*store);
  const auto v2 = MemoizedLength(*store, "2");
  const auto twice = Memoize(*store,
                             {.name = "test.Twice",
                              .version = "1",
                              .argument_names = {"value"},
                              .salts = {{"mode", "fast"}}},
                             [](double x) { return 2 * x; });
  v1("abc");
  v1("abc");
  v1("abcd");
  v2("abc");
  twice(1.75);  // 3.5 again: the bytes of "abc"'s result.

  const auto functions = store->Functions();
  ASSERT_THAT(functions, IsOk());
  ASSERT_EQ(functions->size(), 2u);
  EXPECT_EQ((*functions)[0].name, "test.Length");
  EXPECT_THAT((*functions)[0].versions, ElementsAre("1", "2"));
  EXPECT_EQ((*functions)[0].calls, 3);
  EXPECT_EQ((*functions)[0].hits, 1);
  EXPECT_EQ((*functions)[0].bytes, 16u);  // 3.5 and 4.5.
  EXPECT_EQ((*functions)[1].name, "test.Twice");

  const auto calls = store->Calls({.function = "test.T"});
  ASSERT_THAT(calls, IsOk());
  ASSERT_EQ(calls->size(), 1u);
  const CallRecord& call = (*calls)[0];
  EXPECT_EQ(call.key, *twice.KeyOf(1.75));
  EXPECT_EQ(call.salts.at("mode"), "fast");
  EXPECT_EQ(call.result_type, "f64");
  EXPECT_EQ(call.result_size, 8u);
  ASSERT_EQ(call.arguments.size(), 1u);
  EXPECT_EQ(call.arguments[0].name, "value");
  EXPECT_EQ(call.arguments[0].type, "f64");
  EXPECT_TRUE(call.arguments[0].kept);
  EXPECT_EQ(store->Calls({.function = "test.T", .exact = true})->size(), 0u);
  EXPECT_EQ(store->Calls({.version = "2"})->size(), 1u);
  EXPECT_EQ(store->Calls({.since = absl::InfiniteFuture()})->size(), 0u);
  const auto newest = store->Calls({.limit = 2});
  ASSERT_EQ(newest->size(), 2u);
  EXPECT_EQ((*newest)[0].function, "test.Twice");

  EXPECT_EQ(store->FindCall(call.key)->result, call.result);
  EXPECT_THAT(store->FindCall(Digest()), StatusIs(absl::StatusCode::kNotFound));
  const auto matches = store->FindByPrefix(call.key.ToHex().substr(0, 9));
  ASSERT_EQ(matches->size(), 1u);
  EXPECT_TRUE((*matches)[0].is_call);
  EXPECT_THAT(store->FindByPrefix("12G4"),
              StatusIs(absl::StatusCode::kInvalidArgument));

  const auto stats = store->Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->functions, 2);
  EXPECT_EQ(stats->calls, 4);
  EXPECT_EQ(stats->hits, 1);
  // Results and arguments are small: in a database they are no blobs.
  const bool database = fs::exists(dir.path() / "index.db");
  EXPECT_EQ(stats->blobs, database ? 0 : 2);
  EXPECT_EQ(stats->bytes, database ? 0u : 8u + 8);
  EXPECT_EQ(stats->bytes_deduplicated, database ? 0u : 8u + 8);
  // And can be had by their digests all the same.
  const auto bytes = store->Get(call.result);
  ASSERT_THAT(bytes, IsOk());
  EXPECT_EQ(bytes->size(), 8u);
}

TEST(MemoStoreTest, HitsSurviveTheProcess) {
  const TemporaryDirectory dir;
  RunInChildren(2, [&](int) {
    const auto store = testing::OpenStore(dir.path());
    ASSERT_THAT(store, IsOk());
    for (int i = 0; i < 50; ++i) MemoizedLength (*store)("abc");
  });
  const auto store = testing::OpenStore(dir.path());
  const auto stats = store->Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->calls, 1);
  // All calls but those that computed: one, or one in each process.
  EXPECT_GE(stats->hits, 98);
  EXPECT_LE(stats->hits, 99);
}

TEST(MemoStoreTest, BlobsAreTheUsersToo) {
  const TemporaryDirectory dir;
  const auto store = testing::OpenStore(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto put = store->blobs().Put("some bytes");
  ASSERT_THAT(put, IsOk());
  EXPECT_EQ(put->digest, Digest::Of("some bytes"));
  const auto blob = store->blobs().Get(put->digest);
  ASSERT_THAT(blob, IsOk());
  EXPECT_EQ(testing::Text(blob->bytes()), "some bytes");
}

}  // namespace
}  // namespace ireneo

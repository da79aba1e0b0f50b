// What every index does, as far as memoized functions do not show it: the same
// for a database and for a directory.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/store_state.h"
#include "tests/memo/insert_call.h"
#include "tests/store/test_util.h"

namespace ireneo::internal {
namespace {

using ::ireneo::testing::InsertCall;
using ::ireneo::testing::InsertHit;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::TestCall;
using ::ireneo::testing::TestValue;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

absl::Time At(int second) { return absl::FromUnixSeconds(1000 + second); }

class IndexTest : public ::testing::TestWithParam<IndexEngine> {
 protected:
  void SetUp() override {
    absl::StatusOr<MemoStore> store = MemoStore::Open(
        dir_.path() / "store", {.memory_bytes = 0, .index = GetParam()});
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
  }

  MemoIndex& index() { return store_->state().index(); }

  // `argument` and `result` are bytes.
  Digest Add(const std::string& function, const std::string& argument,
             const std::string& result, int second = 0) {
    return InsertCall(*store_, {.function = function,
                                .arguments = {{.name = "x", .bytes = argument}},
                                .result = {.bytes = result},
                                .created = At(second)});
  }

  // The bytes that are found for a key.
  std::string Result(const Digest& key) {
    const auto found = index().Find(key, /*load=*/true);
    EXPECT_THAT(found, IsOk());
    if (!found.ok() || !found->has_value()) return "(none)";
    EXPECT_THAT((*found)->blob, IsOk());
    if (!(*found)->blob.ok()) return "(lost)";
    return std::string(testing::Text((*found)->blob->bytes()));
  }

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, IndexTest,
                         ::testing::Values(IndexEngine::kSqlite,
                                           IndexEngine::kDirectory),
                         [](const auto& info) {
                           return info.param == IndexEngine::kSqlite
                                      ? "Sqlite"
                                      : "Directory";
                         });

TEST_P(IndexTest, TheFirstResultStays) {
  const Digest key = Add("f", "a", "first");
  EXPECT_EQ(Add("f", "a", "second", 1), key);
  EXPECT_EQ(Result(key), "first");
  EXPECT_EQ(Add("f", "a", "second", 2), key);
  EXPECT_EQ(Add("f", "a", "first", 3), key);
  const auto conflicts = index().Conflicts(key);
  ASSERT_THAT(conflicts, IsOk());
  ASSERT_EQ(conflicts->size(), 1u);
  EXPECT_EQ((*conflicts)[0].key, key);
  EXPECT_EQ((*conflicts)[0].result, Digest::Of("second"));
  EXPECT_EQ((*conflicts)[0].times, 2);
  EXPECT_EQ(index().Record(key)->created_at, At(0));
  EXPECT_EQ(index().Stats()->conflicts, 1);
  EXPECT_EQ((*index().Functions())[0].conflicts, 1);
}

TEST_P(IndexTest, FindTellsWhatIsRemembered) {
  const Digest key = Add("f", "a", std::string(9000, 'r'), 5);
  for (const bool load : {false, true}) {
    const auto found = index().Find(key, load);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->key, key);
    EXPECT_EQ((*found)->result, Digest::Of(std::string(9000, 'r')));
    EXPECT_EQ((*found)->result_size, 9000u);
    EXPECT_EQ((*found)->elapsed, absl::Milliseconds(1));
    EXPECT_EQ((*found)->created, At(5));
    ASSERT_THAT((*found)->blob, IsOk());
    EXPECT_EQ((*found)->blob->size(), load ? 9000u : 0u);
  }
  EXPECT_EQ(Result(Digest::Of("no key")), "(none)");
}

TEST_P(IndexTest, AResultThatIsGoneIsDataLoss) {
  const Digest key = Add("f", "a", std::string(9000, 'r'));
  ASSERT_THAT(store_->blobs().Remove(Digest::Of(std::string(9000, 'r'))),
              IsOk());
  for (const bool load : {false, true}) {
    const auto found = index().Find(key, load);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value());
    EXPECT_THAT((*found)->blob, StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_P(IndexTest, HitsAddUp) {
  const Digest key = Add("f", "a", "r", 0);
  const Digest other = Add("f", "b", "r", 0);
  const absl::Duration spent = index().Record(key)->spent;
  EXPECT_EQ(index().Record(key)->last_used_at, At(0));
  InsertHit(*store_, key, At(9));
  InsertHit(*store_, key, At(4));
  const auto record = index().Record(key);
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->hits, 2);
  EXPECT_EQ(record->last_used_at, At(9));
  EXPECT_EQ(record->spent, spent + 2 * absl::Microseconds(5));
  EXPECT_EQ(index().Record(other)->hits, 0);
  const auto stats = index().Stats();
  EXPECT_EQ(stats->hits, 2);
  EXPECT_EQ(stats->saved, 2 * absl::Milliseconds(1));
  EXPECT_EQ((*index().Functions())[0].hits, 2);
  const auto records = index().Records({});
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0].hits + (*records)[1].hits, 2);
}

TEST_P(IndexTest, WhatIsForgottenLeavesNothing) {
  const Digest key = Add("f", "a", "first", 0);
  const Digest other = Add("f", "b", "first", 0);
  Add("f", "a", "second", 1);
  InsertHit(*store_, key, At(2));
  EXPECT_THAT(index().Forget({{key, Digest::Of("no key")}}), IsOk());
  EXPECT_EQ(Result(key), "(none)");
  EXPECT_THAT(index().Record(key), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(*index().Conflicts(key), IsEmpty());
  EXPECT_EQ(Result(other), "first");
  // Neither hits nor conflicts come back.
  Add("f", "a", "second", 10);
  EXPECT_EQ(Result(key), "second");
  EXPECT_EQ(index().Record(key)->hits, 0);
  EXPECT_EQ(index().Stats()->hits, 0);
  EXPECT_THAT(*index().Conflicts(key), IsEmpty());
}

TEST_P(IndexTest, AFunctionIsForgottenAlone) {
  const Digest f1 = Add("f", "a", "r");
  const Digest f2 = Add("f", "b", "r");
  const Digest g = Add("g", "a", "r");
  const FunctionIdentity identity{.name = "f",
                                  .version = "1",
                                  .result_type = "f64",
                                  .argument_types = {"f64"}};
  ASSERT_THAT(index().ForgetFunction(FunctionDigest(identity)), IsOk());
  EXPECT_EQ(Result(f1), "(none)");
  EXPECT_EQ(Result(f2), "(none)");
  EXPECT_EQ(Result(g), "r");
}

TEST_P(IndexTest, AResultIsForgottenIfItIsThatOne) {
  const std::string large(9000, 'r');
  const Digest key = Add("f", "a", large);
  EXPECT_THAT(index().ForgetResult(key, Digest::Of("other"), false), IsOk());
  EXPECT_THAT(index().ForgetResult(Digest::Of("none"), Digest::Of(large), true),
              IsOk());
  // Not lost.
  EXPECT_THAT(index().ForgetResult(key, Digest::Of(large), true), IsOk());
  EXPECT_EQ(Result(key), large);
  ASSERT_THAT(store_->blobs().Remove(Digest::Of(large)), IsOk());
  EXPECT_THAT(index().ForgetResult(key, Digest::Of(large), true), IsOk());
  EXPECT_EQ(Result(key), "(none)");
  const Digest small = Add("f", "b", "r");
  EXPECT_THAT(index().ForgetResult(small, Digest::Of("r"), false), IsOk());
  EXPECT_EQ(Result(small), "(none)");
}

TEST_P(IndexTest, RecordsAreTheNewestFirst) {
  std::vector<Digest> keys;
  for (int i = 0; i < 30; ++i) {
    keys.push_back(Add(i % 3 == 0 ? "three" : "other", absl::StrCat(i),
                       absl::StrCat("r", i % 2), i));
  }
  const auto all = index().Records({});
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->size(), 30u);
  for (int i = 0; i < 30; ++i) EXPECT_EQ((*all)[i].key, keys[29 - i]);
  const auto some = index().Records({.function = "three", .limit = 3});
  ASSERT_EQ(some->size(), 3u);
  EXPECT_EQ((*some)[0].key, keys[27]);
  EXPECT_EQ((*some)[1].key, keys[24]);
  EXPECT_EQ((*some)[2].key, keys[21]);
  EXPECT_EQ(index().Records({.limit = 0})->size(), 0u);
  EXPECT_EQ(index().Records({.since = At(20)})->size(), 10u);
  EXPECT_EQ(index().Records({.result = Digest::Of("r1")})->size(), 15u);
  EXPECT_EQ(index().Records({.function = "t"})->size(), 10u);
  EXPECT_EQ(index().Records({.function = "t", .exact = true})->size(), 0u);
  EXPECT_EQ(index().Records({.version = "2"})->size(), 0u);
  int visited = 0;
  EXPECT_THAT(
      index().ForEachRecord({}, [&](CallRecord&&) { return ++visited < 4; }),
      IsOk());
  EXPECT_EQ(visited, 4);
}

TEST_P(IndexTest, FunctionsAndStatsAreSums) {
  InsertCall(*store_, {.function = "f",
                       .arguments = {{.bytes = std::string(300, 'a')},
                                     {.bytes = "small"},
                                     {.bytes = "not kept", .kept = false}},
                       .result = {.bytes = std::string(5000, 'r')},
                       .created = At(5),
                       .version = "2"});
  InsertCall(*store_, {.function = "f",
                       .arguments = {{.bytes = std::string(300, 'a')},
                                     {.bytes = "other"},
                                     {.bytes = "not kept", .kept = false}},
                       .result = {.bytes = std::string(5000, 'r')},
                       .created = At(1),
                       .version = "1"});
  Add("a", "x", "tiny", 7);
  const auto functions = index().Functions();
  ASSERT_THAT(functions, IsOk());
  ASSERT_EQ(functions->size(), 2u);
  EXPECT_EQ((*functions)[0].name, "a");
  const FunctionSummary& f = (*functions)[1];
  EXPECT_EQ(f.name, "f");
  EXPECT_THAT(f.versions, ElementsAre("1", "2"));
  EXPECT_EQ(f.calls, 2);
  EXPECT_EQ(f.bytes, 5000u);
  EXPECT_EQ(f.computed, 2 * absl::Milliseconds(1));
  EXPECT_EQ(f.spent, 2 * absl::Microseconds(30));
  const auto stats = index().Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->functions, 2);
  EXPECT_EQ(stats->calls, 3);
  // In a database the smallest one stands in its call.
  const bool sqlite = GetParam() == IndexEngine::kSqlite;
  EXPECT_EQ(stats->blobs, sqlite ? 2 : 3);
  EXPECT_EQ(stats->bytes, sqlite ? 5300u : 5304u);
  EXPECT_EQ(stats->bytes_deduplicated, 5300u);
  EXPECT_EQ(stats->computed, 3 * absl::Milliseconds(1));
  const auto types = index().ResultTypes("f", "2");
  ASSERT_THAT(types, IsOk());
  EXPECT_THAT(*types, ElementsAre("f64"));
  EXPECT_THAT(*index().ResultTypes("f", "3"), IsEmpty());
}

TEST_P(IndexTest, DigitsStandForCallsBlobsAndSmallArguments) {
  const Digest key = Add("f", "argument", "result");
  const auto matches = [&](const Digest& digest, std::size_t digits) {
    std::vector<std::pair<Digest, bool>> found;
    const auto all = index().FindByPrefix(digest.ToHex().substr(0, digits), 9);
    EXPECT_THAT(all, IsOk());
    for (const PrefixMatch& match : *all) {
      found.emplace_back(match.digest, match.is_call);
    }
    return found;
  };
  for (const std::size_t digits : {8, 31, 32}) {
    EXPECT_THAT(matches(key, digits), ElementsAre(std::pair(key, true)));
    EXPECT_THAT(matches(Digest::Of("result"), digits),
                ElementsAre(std::pair(Digest::Of("result"), false)));
    EXPECT_THAT(matches(Digest::Of("argument"), digits),
                ElementsAre(std::pair(Digest::Of("argument"), false)));
  }
  for (int i = 0; i < 100; ++i) Add("g", absl::StrCat(i), "result");
  const std::string digit = key.ToHex().substr(0, 1);
  const auto few = index().FindByPrefix(digit, 2);
  ASSERT_THAT(few, IsOk());
  EXPECT_GE(few->size(), 2u);
  EXPECT_LE(few->size(), 3u);
  for (const PrefixMatch& match : *few) {
    EXPECT_EQ(match.digest.ToHex().substr(0, 1), digit);
  }
  for (const char* bad : {"", "G", "A", "xxh3:"}) {
    EXPECT_THAT(index().FindByPrefix(bad, 9),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  const auto argument = index().FindSmallValue(Digest::Of("argument"));
  ASSERT_THAT(argument, IsOk());
  EXPECT_EQ(testing::Text(argument->bytes()), "argument");
  EXPECT_THAT(index().FindSmallValue(Digest::Of("neither")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(IndexTest, PinsHaveAnyName) {
  const Digest key = Add("f", "a", "r");
  const std::vector<std::string> names = {"paper/figure 3", "..", "a\nb",
                                          std::string(1000, 'n')};
  for (const std::string& name : names) {
    EXPECT_THAT(
        index().AddPin({.name = name, .digest = key, .created_at = At(1)}),
        IsOk());
    EXPECT_THAT(
        index().AddPin({.name = name, .digest = key, .created_at = At(2)}),
        IsOk());
  }
  EXPECT_THAT(
      index().AddPin(
          {.name = "..", .digest = Digest::Of("r"), .created_at = At(3)}),
      IsOk());
  EXPECT_THAT(
      index().AddPin({.name = "p", .digest = Digest(), .created_at = At(1)}),
      StatusIs(absl::StatusCode::kNotFound));
  const auto pins = index().Pins();
  ASSERT_THAT(pins, IsOk());
  ASSERT_EQ(pins->size(), 5u);
  EXPECT_TRUE(std::is_sorted(
      pins->begin(), pins->end(), [](const PinRecord& a, const PinRecord& b) {
        return std::pair(a.name, a.digest) < std::pair(b.name, b.digest);
      }));
  EXPECT_EQ((*pins)[2].name, "a\nb");
  EXPECT_EQ((*pins)[2].created_at, At(1));
  EXPECT_EQ(*index().RemovePins("..", Digest::Of("other")), 0);
  EXPECT_EQ(*index().RemovePins("..", key), 1);
  EXPECT_EQ(*index().RemovePins("..", std::nullopt), 1);
  EXPECT_EQ(*index().RemovePins("..", std::nullopt), 0);
  EXPECT_EQ(index().Pins()->size(), 3u);
}

TEST_P(IndexTest, ReferencesAreAllThatRecordsName) {
  const Digest key = Add("f", "a", "first");
  Add("f", "a", "second");
  const std::string large(300, 'a');
  InsertCall(*store_,
             {.function = "f",
              .arguments = {{.bytes = large}, {.bytes = "gone", .kept = false}},
              .result = {.bytes = "third"}});
  ASSERT_THAT(store_->blobs().Put("pinned"), IsOk());
  ASSERT_THAT(store_->blobs().Put("garbage"), IsOk());
  ASSERT_THAT(
      index().AddPin(
          {.name = "p", .digest = Digest::Of("pinned"), .created_at = At(1)}),
      IsOk());
  std::vector<Digest> references;
  ASSERT_THAT(index().ForEachReference(
                  [&](const Digest& digest) { references.push_back(digest); }),
              IsOk());
  EXPECT_THAT(references,
              UnorderedElementsAre(Digest::Of("first"), Digest::Of("second"),
                                   Digest::Of(large), Digest::Of("third"),
                                   Digest::Of("pinned")));
  EXPECT_EQ(Result(key), "first");
}

TEST_P(IndexTest, UsesTellWhatChoosingNeeds) {
  const Digest used = Add("f", "a", "r", 1);
  const Digest other = Add("g", "a", "long", 2);
  InsertHit(*store_, used, At(8));
  std::vector<std::string> seen;
  ASSERT_THAT(index().ForEachUse([&](const CallUse& use) {
    seen.push_back(absl::StrCat(use.key == used || use.key == other ? "" : "?",
                                std::string(use.function),
                                std::string(use.version), " ", use.result_size,
                                " ", absl::ToUnixSeconds(use.created) - 1000,
                                " ", absl::ToUnixSeconds(use.last_use) - 1000));
    EXPECT_EQ(use.elapsed, absl::Milliseconds(1));
    return true;
  }),
              IsOk());
  EXPECT_THAT(seen, UnorderedElementsAre("f1 1 1 8", "g1 4 2 2"));
  int visited = 0;
  ASSERT_THAT(index().ForEachUse([&](const CallUse&) {
    ++visited;
    return false;
  }),
              IsOk());
  EXPECT_EQ(visited, 1);
}

TEST_P(IndexTest, DiskUsageGrowsWithTheStore) {
  const auto before = index().DiskUsage();
  ASSERT_THAT(before, IsOk());
  EXPECT_LT(*before, 1u << 20);
}

}  // namespace
}  // namespace ireneo::internal

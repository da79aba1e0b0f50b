#include "ireneo/memo/lineage.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/insert_call.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::InsertCall;
using ::ireneo::testing::InsertHit;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::TestCall;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

absl::Time At(double seconds) {
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

class LineageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<MemoStore> store = testing::OpenStore(dir_.path() / "store");
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
  }

  // A call of `function` that took and returned these texts, computed from
  // `start` to `end`.
  Digest Insert(const std::string& function, const std::string& argument,
                const std::string& result, double start, double end,
                std::vector<Digest> callees = {}) {
    return InsertCall(
        *store_,
        {.function = function,
         .arguments = {{.name = "x", .type = "string", .bytes = argument}},
         .result = {.type = "string", .bytes = result},
         .created = At(end),
         .elapsed = absl::Seconds(end - start),
         .callees = std::move(callees)});
  }

  Lineage Find(const CallFilter& filter = {}) {
    absl::StatusOr<Lineage> lineage = FindLineage(*store_, filter);
    EXPECT_THAT(lineage, IsOk());
    return lineage.ok() ? *std::move(lineage) : Lineage();
  }

  // "f", or "forgotten", of each node.
  static std::vector<std::string> Nodes(const Lineage& lineage) {
    std::vector<std::string> names;
    for (const LineageNode& node : lineage.nodes) {
      names.push_back(NameOf(node));
    }
    return names;
  }

  // "f calls g" and "f to g" of each edge.
  static std::vector<std::string> Edges(const Lineage& lineage) {
    std::vector<std::string> edges;
    for (const LineageEdge& edge : lineage.edges) {
      edges.push_back(
          NameOf(lineage.nodes[edge.from]) +
          (edge.kind == LineageEdge::Kind::kCall ? " calls " : " to ") +
          NameOf(lineage.nodes[edge.to]));
    }
    return edges;
  }

  static std::string NameOf(const LineageNode& node) {
    return node.record.has_value() ? node.record->function : "forgotten";
  }

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
};

TEST_F(LineageTest, AnEmptyStoreHasNone) {
  const Lineage lineage = Find();
  EXPECT_THAT(lineage.nodes, IsEmpty());
  EXPECT_THAT(lineage.edges, IsEmpty());
}

TEST_F(LineageTest, CallsLeadToThoseMadeInside) {
  const Digest inner = Insert("inner", "a", "b", 1, 2);
  const Digest outer = Insert("outer", "c", "d", 0, 3, {inner});
  const Lineage lineage = Find();
  EXPECT_THAT(Nodes(lineage), ElementsAre("inner", "outer"));
  EXPECT_THAT(Edges(lineage), ElementsAre("outer calls inner"));
  EXPECT_EQ(lineage.nodes[1].key, outer);
}

TEST_F(LineageTest, WhatWasForgottenStandsLastWithoutRecord) {
  const Digest gone = Insert("gone", "a", "b", 1, 2);
  Insert("first", "c", "d", 0, 3, {gone});
  Insert("second", "e", "f", 4, 5, {gone});
  ASSERT_THAT(store_->Forget(gone), IsOk());
  const Lineage lineage = Find();
  EXPECT_THAT(Nodes(lineage), ElementsAre("first", "second", "forgotten"));
  EXPECT_THAT(Edges(lineage),
              ElementsAre("first calls forgotten", "second calls forgotten"));
  EXPECT_EQ(lineage.nodes[2].key, gone);
}

TEST_F(LineageTest, ResultsLeadToWhoseArgumentsTheyAre) {
  InsertCall(*store_, {.function = "make",
                       .result = {.type = "string", .bytes = "made"},
                       .created = At(1)});
  InsertCall(*store_,
             {.function = "use",
              .arguments = {{.type = "i32", .bytes = "else"},
                            {.type = "string", .bytes = "made", .kept = false},
                            {.type = "string", .bytes = "made"}},
              .created = At(2)});
  const Lineage lineage = Find();
  EXPECT_THAT(Edges(lineage), ElementsAre("make to use", "make to use"));
  EXPECT_EQ(lineage.edges[0].argument, 1);
  EXPECT_EQ(lineage.edges[1].argument, 2);
  EXPECT_EQ(lineage.edges[0].others, 0);
}

TEST_F(LineageTest, EqualBytesOfAnotherTypeAreNotThatResult) {
  InsertCall(*store_, {.function = "make",
                       .result = {.type = "i64", .bytes = "12345678"},
                       .created = At(1)});
  InsertCall(*store_, {.function = "use",
                       .arguments = {{.type = "u64", .bytes = "12345678"}},
                       .created = At(2)});
  EXPECT_THAT(Edges(Find()), IsEmpty());
}

TEST_F(LineageTest, NoCallTakesWhatWasMadeLater) {
  Insert("use", "made", "used", 0, 1);
  Insert("make", "a", "made", 2, 3);
  EXPECT_THAT(Edges(Find()), IsEmpty());
}

TEST_F(LineageTest, NoCallTakesItsOwnResult) {
  const Digest key = Insert("fixed", "point", "point", 0, 1);
  InsertHit(*store_, key, At(5));
  EXPECT_THAT(Edges(Find()), IsEmpty());
  // Another call does.
  Insert("use", "point", "used", 2, 3);
  EXPECT_THAT(Edges(Find()), ElementsAre("fixed to use"));
}

TEST_F(LineageTest, NoCallTakesWhatIsMadeInsideOfItOrAround) {
  // As the seventh Fibonacci number is 13, and the fourth 3.
  const Digest inside = Insert("inside", "a", "13", 1, 2);
  const Digest middle = Insert("middle", "b", "c", 0.5, 3, {inside});
  const Digest outer = Insert("outer", "13", "d", 0, 4, {middle});
  InsertHit(*store_, outer, At(9));
  const Digest late = Insert("late", "3", "e", 11, 12);
  Insert("around", "f", "3", 10, 13, {late});
  InsertHit(*store_, late, At(19));
  EXPECT_THAT(Edges(Find()),
              UnorderedElementsAre("outer calls middle", "middle calls inside",
                                   "around calls late"));
}

TEST_F(LineageTest, AResultThatWasComputedAnewCountsWhenItIsUsedAgain) {
  const Digest use = Insert("use", "made", "used", 2, 3);
  Insert("make", "a", "made", 5, 6);  // Again: the record of 0 to 1 is gone.
  EXPECT_THAT(Edges(Find()), IsEmpty());
  InsertHit(*store_, use, At(7));
  EXPECT_THAT(Edges(Find()), ElementsAre("make to use"));
}

TEST_F(LineageTest, OfOneFunctionItIsTheLastBefore) {
  const Digest first = Insert("yes", "a", "true", 0, 1);
  const Digest second = Insert("yes", "b", "true", 1, 2);
  Insert("also", "c", "true", 1, 2);
  Insert("use", "true", "used", 3, 4);
  Insert("yes", "d", "true", 5, 6);
  const Lineage lineage = Find({.function = "use"});
  EXPECT_THAT(Edges(lineage),
              UnorderedElementsAre("also to use", "yes to use"));
  for (const LineageEdge& edge : lineage.edges) {
    const LineageNode& from = lineage.nodes[edge.from];
    const bool is_yes = from.record->function == "yes";
    EXPECT_EQ(edge.others, is_yes ? 2 : 0);
    EXPECT_EQ(from.key == second, is_yes);
  }
  // Of itself and one more there is one other.
  const absl::StatusOr<CallRecord> record =
      store_->FindCall(Insert("yes", "true", "true", 7, 8));
  ASSERT_THAT(record, IsOk());
  const absl::StatusOr<std::vector<ArgumentSource>> sources =
      FindArgumentSources(*store_, *record, 0);
  ASSERT_THAT(sources, IsOk());
  ASSERT_EQ(sources->size(), 2);
  EXPECT_EQ((*sources)[0].function, "also");
  EXPECT_EQ((*sources)[1].function, "yes");
  EXPECT_EQ((*sources)[1].others, 2);
  EXPECT_NE((*sources)[1].key, first);
}

TEST_F(LineageTest, AFilterSelectsCallsAndAllThatTheyComeFrom) {
  Insert("unrelated", "u", "v", 0, 1);
  const Digest helper = Insert("helper", "h", "i", 0, 1);
  Insert("load", "path", "data", 0, 1, {helper});
  Insert("fit", "data", "model", 2, 3);
  Insert("report", "model", "text", 4, 5);
  EXPECT_THAT(Nodes(Find({.function = "fit"})),
              UnorderedElementsAre("helper", "load", "fit"));
  EXPECT_THAT(Edges(Find({.function = "fit"})),
              UnorderedElementsAre("load calls helper", "load to fit"));
  EXPECT_THAT(Nodes(Find({.function = "load"})),
              UnorderedElementsAre("helper", "load"));
  EXPECT_THAT(Nodes(Find({.function = "nothing"})), IsEmpty());
  EXPECT_EQ(Find().nodes.size(), 5);
}

TEST_F(LineageTest, IsSortedByAge) {
  const Digest c = Insert("c", "1", "2", 0, 3);
  const Digest a = Insert("a", "3", "4", 0, 1);
  Insert("b", "5", "6", 0, 2, {c, a});
  Insert("d", "7", "8", 0, 2, {c});
  const Lineage lineage = Find();
  ASSERT_EQ(lineage.nodes.size(), 4);
  EXPECT_EQ(NameOf(lineage.nodes[0]), "a");
  EXPECT_EQ(NameOf(lineage.nodes[3]), "c");
  EXPECT_LT(lineage.nodes[1].key, lineage.nodes[2].key);  // Of one age.
  EXPECT_TRUE(std::is_sorted(lineage.edges.begin(), lineage.edges.end(),
                             [](const LineageEdge& x, const LineageEdge& y) {
                               return std::pair(x.from, x.to) <
                                      std::pair(y.from, y.to);
                             }));
}

// What the calls of a program leave behind.

const MemoStore* the_store = nullptr;

std::int64_t Fibonacci(std::int64_t n) {
  const auto again =
      Memoize(*the_store, {.name = "fibonacci", .version = "1"}, Fibonacci);
  return n < 2 ? n : again(n - 1) + again(n - 2);
}

TEST_F(LineageTest, OfRecursionIsATreeOfCalls) {
  the_store = &*store_;
  const auto fibonacci =
      Memoize(*store_, {.name = "fibonacci", .version = "1"}, Fibonacci);
  fibonacci(14);
  fibonacci(13);
  const Lineage lineage = Find();
  EXPECT_EQ(lineage.nodes.size(), 15);
  EXPECT_EQ(lineage.edges.size(), 2 * 13);
  for (const LineageEdge& edge : lineage.edges) {
    EXPECT_EQ(edge.kind, LineageEdge::Kind::kCall);
  }
}

TEST_F(LineageTest, OfHandles) {
  const auto make = Memoize(*store_, {.name = "make", .version = "1"},
                            [](int n) { return std::vector<double>(n, 0.5); });
  const auto sum = Memoize(*store_, {.name = "sum", .version = "1"},
                           [](const std::vector<double>& v) {
                             return static_cast<double>(v.size()) * v[0];
                           });
  const auto handle = make.Recall(10000);
  ASSERT_THAT(handle, IsOk());
  sum(*handle);
  EXPECT_THAT(Edges(Find()), ElementsAre("make to sum"));
  ASSERT_THAT(make.Forget(10000), IsOk());
  EXPECT_THAT(Edges(Find()), IsEmpty());
}

}  // namespace
}  // namespace ireneo

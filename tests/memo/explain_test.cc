// Why a call would hit or miss.

#include "ireneo/memo/explain.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/database.h"
#include "tests/memo/memo_fixture.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

double Solve(const std::string& method, double tolerance,
             const Eigen::MatrixXd& a) {
  return a.sum() * tolerance + static_cast<double>(method.size());
}

class ExplainTest : public ::ireneo::testing::MemoFixture {
 protected:
  auto Memoized(MemoizeOptions options = {}) {
    options.name = "acme.Solve";
    if (options.version.empty()) options.version = "src:ab12";
    options.argument_names = {"method", "tolerance", "a"};
    return Memoize(store(), options, Solve);
  }

  // The lines that name differences.
  static std::vector<std::string> Lines(const Explanation& explanation) {
    std::vector<std::string> lines;
    for (const Difference& difference : explanation.differences) {
      lines.push_back(difference.ToString());
    }
    return lines;
  }

  const Eigen::MatrixXd a_ = Eigen::MatrixXd::Identity(2, 2);
};

TEST_F(ExplainTest, AHit) {
  const auto f = Memoized();
  f("cg", 1e-6, a_);
  const auto explanation = f.Explain("cg", 1e-6, a_);
  ASSERT_THAT(explanation, IsOk());
  EXPECT_TRUE(explanation->hit);
  EXPECT_EQ(explanation->nearest->key, explanation->key);
  EXPECT_THAT(Lines(*explanation), ElementsAre());
  EXPECT_EQ(explanation->ToString(),
            "call " + f.KeyOf("cg", 1e-6, a_)->ToString() +
                " of acme.Solve hits: it is remembered");
}

TEST_F(ExplainTest, NothingToCompareWith) {
  const auto explanation = Memoized().Explain("cg", 1e-6, a_);
  EXPECT_FALSE(explanation->hit);
  EXPECT_FALSE(explanation->nearest.has_value());
  EXPECT_THAT(explanation->ToString(),
              HasSubstr("misses: no call of that function is remembered"));
}

TEST_F(ExplainTest, EachPartThatDiffersWithBothValues) {
  Memoized({.version = "src:ab12",
            .callees = {"1", "2"},
            .salts = {{"blas", "a"}, {"threads", "4"}}})
      .Seeded(7)("cg", 1e-6, a_);
  const auto explanation = Memoized({.version = "src:cd34",
                                     .callees = {"1", "3", "4"},
                                     .salts = {{"blas", "b"}, {"lapack", "c"}}})
                               .Explain("lu", 1e-8, 2 * a_);
  ASSERT_THAT(explanation, IsOk());
  EXPECT_FALSE(explanation->hit);
  EXPECT_THAT(
      Lines(*explanation),
      ElementsAre(
          "version: src:ab12 before, src:cd34 now", "callee 2: 2 before, 3 now",
          "callee 3: none before, 4 now", "salt `blas`: a before, b now",
          "salt `lapack`: none before, c now",
          "salt `threads`: 4 before, none now", "seed: 7 before, none now",
          "argument `method`: \"cg\" before, \"lu\" now",
          "argument `tolerance`: 1e-6 before, 1e-8 now",
          "argument `a`: [[1, 0], [0, 1]] before, [[2, 0], [0, 2]] now"));
}

TEST_F(ExplainTest, TheNearestIsTheOneWithTheFewestDifferences) {
  const auto f = Memoized();
  f("cg", 1e-3, a_);
  f("lu", 1e-6, a_);
  f("qr", 1e-3, 3 * a_);
  EXPECT_THAT(Lines(*f.Explain("lu", 1e-7, a_)),
              ElementsAre("argument `tolerance`: 1e-6 before, 1e-7 now"));
  // Two with one difference each: the newer.
  EXPECT_THAT(Lines(*f.Explain("cg", 1e-6, a_)),
              ElementsAre("argument `method`: \"lu\" before, \"cg\" now"));
}

TEST_F(ExplainTest, LongValuesByShapeAndDigest) {
  const auto f = Memoized();
  const Eigen::MatrixXd large = Eigen::MatrixXd::Ones(50, 40);
  Eigen::MatrixXd other = large;
  other(25, 20) = 2;
  f("cg", 1, large);
  const std::vector<std::string> lines = Lines(*f.Explain("cg", 1, other));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("argument `a`: "), HasSubstr("50x40"),
                              HasSubstr(RefOf(large)->digest.ToString()),
                              HasSubstr(RefOf(other)->digest.ToString())));
}

TEST_F(ExplainTest, ValuesThatWereNotKeptByTheirDigest) {
  const auto f = Memoized({.keep_arguments = KeepArguments::kNone});
  f("cg", 0.5, a_);
  EXPECT_THAT(
      Lines(*f.Explain("cg", 0.25, a_)),
      ElementsAre("argument `tolerance`: f64 " + RefOf(0.5)->digest.ToString() +
                  " (not kept) before, 0.25 now"));
}

TEST_F(ExplainTest, AResultThatWasLost) {
  const auto f = Memoized();
  const auto handle = f.Recall("cg", 1, a_);
  Open();
  if (std::filesystem::exists(store().directory() / "index.db")) {
    const auto database = Database::Open(store().directory() / "index.db", "",
                                         internal::IndexUpgrades());
    ASSERT_THAT(database, IsOk());
    auto connection = (*database)->Acquire();
    // Then it would be in `blobs`.
    ASSERT_THAT(connection->Execute("UPDATE calls SET result_value = NULL"),
                IsOk());
  } else {
    ASSERT_THAT(store().blobs().Remove(handle->digest()), IsOk());
  }
  EXPECT_FALSE(Memoized().Explain("cg", 1, a_)->hit);
}

TEST_F(ExplainTest, BetweenTwoRecords) {
  const auto f = Memoized();
  f("cg", 1, a_);
  f("cg", 2, a_);
  const auto calls = store().Calls();
  Registry registry;
  ASSERT_THAT(AddBuiltinCodecs(registry), IsOk());
  const std::vector<Difference> differences =
      FindDifferences(store(), registry, (*calls)[1], (*calls)[0]);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].part, "argument `tolerance`");
  EXPECT_EQ(differences[0].before, "1");
  EXPECT_EQ(differences[0].now, "2");
  EXPECT_EQ((*FindNearestCall(store(), (*calls)[0]))->key, (*calls)[1].key);
}

}  // namespace
}  // namespace ireneo

// The blocks of README.md that are no whole programs.

#include <Eigen/Core>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/ireneo.h"
#include "tests/store/test_util.h"

namespace acme {
#include "tests/readme/params.inc"
}  // namespace acme

namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;

Eigen::VectorXd Spectrum(const Eigen::MatrixXd& a) { return a.diagonal(); }

Eigen::VectorXd Solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                      double tolerance) {
  return a.diagonal().cwiseProduct(b).array() + tolerance;
}

TEST(ReadmeTest, MembersOfAMemoizedFunction) {
  const TemporaryDirectory dir;
  const absl::StatusOr<ireneo::MemoStore> store =
      ireneo::MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto spectrum =
      ireneo::Memoize(*store, {.name = "s", .version = "1"}, Spectrum);
  const Eigen::MatrixXd a = Eigen::MatrixXd::Identity(3, 3);
  const Eigen::VectorXd b = Eigen::VectorXd::Ones(3);
  constexpr char kSolverVersion[] = "src:3c4f";

#include "tests/readme/members.inc"

  EXPECT_EQ(x, Solve(a, b, 1e-9));
  EXPECT_EQ(**known, x);
  EXPECT_EQ(*is_known, false);
  EXPECT_EQ(handle->record().key, *key);
  EXPECT_EQ(traced->hit, true);
  EXPECT_EQ(traced->value, x);
  EXPECT_EQ(why->hit, false);
  EXPECT_EQ(why->differences.at(0).ToString(),
            "argument `tolerance`: 1e-9 before, 1e-8 now");
  EXPECT_THAT(gone, IsOk());
  EXPECT_EQ(*solve.Contains(a, b, 1e-9), false);
  EXPECT_THAT(all_gone, IsOk());
  EXPECT_EQ(*solve.Seeded(42).Contains(a, b, 1e-9), false);
}

TEST(ReadmeTest, AnObserver) {
  const TemporaryDirectory dir;
  std::filesystem::current_path(dir.path());
#include "tests/readme/observer.inc"
  ASSERT_THAT(store, IsOk());
  std::ostringstream log;
  std::streambuf* const before = std::clog.rdbuf(log.rdbuf());
  ireneo::Memoize(*store, {.name = "s", .version = "1"},
                  Spectrum)(Eigen::MatrixXd::Identity(3, 3));
  std::clog.rdbuf(before);
  EXPECT_THAT(log.str(), ::testing::MatchesRegex("s computed .* OK\n"));
}

TEST(ReadmeTest, AStructByItsFields) {
  EXPECT_EQ(ireneo::TypeName<acme::Params>(), "acme.Params/1{f64,i32}");
}

}  // namespace

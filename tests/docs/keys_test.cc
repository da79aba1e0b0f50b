// The blocks of docs/keys.md that are no whole programs, in its order.

#include <Eigen/Core>
#include <cstdint>
#include <iostream>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/ireneo.h"
#include "tests/store/test_util.h"

namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;

Eigen::VectorXd Solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                      double tolerance) {
  return a * b * tolerance;
}

double Power(double base, int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= base;
  return power;
}

TEST(KeysTest, KeyOf) {
  const TemporaryDirectory dir;
  const auto store = ireneo::MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
  const auto solve =
      ireneo::Memoize(*store, {.name = "acme.Solve", .version = "1"}, Solve);
  const Eigen::MatrixXd a = Eigen::MatrixXd::Identity(2, 2);
  const Eigen::VectorXd b = Eigen::VectorXd::Ones(2);
  ::testing::internal::CaptureStdout();
#include "tests/docs/key_of.inc"
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              ::testing::MatchesRegex("xxh3:[0-9a-f]{32}\n"));
}

// One after the other: a block uses what those before it have made.
TEST(KeysTest, WhatIsTheSame) {
  const TemporaryDirectory dir;
  const auto store = ireneo::MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
#include "tests/docs/conversions.inc"
#include "tests/docs/key_function.inc"
#include "tests/docs/numbers.inc"
#include "tests/docs/views.inc"
//
#include "tests/docs/matrices.inc"
//
#include "tests/docs/containers.inc"
//
#include "tests/docs/optionals.inc"
//
#include "tests/docs/results.inc"
//
#include "tests/docs/handle_keys.inc"
//
#include "tests/docs/bound_keys.inc"
//
#include "tests/docs/seed_keys.inc"
//
#include "tests/docs/callee_keys.inc"
//
#include "tests/docs/environment.inc"

  // So that none of them was an error that equals another.
  EXPECT_THAT(scale.KeyOf(1, 2), IsOk());
  EXPECT_THAT(trace.KeyOf(value), IsOk());
  EXPECT_THAT(of_two.KeyOf(10), IsOk());
  EXPECT_THAT(top("1").KeyOf(1, 2), IsOk());
}

// A struct, one with another name for a field, and one with a field more.
struct Params {
  double tolerance = 0.5;
  int steps = 3;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.steps);
  };
};
struct Renamed {
  double epsilon = 0.5;
  int steps = 3;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.epsilon, self.steps);
  };
};
struct Longer {
  double tolerance = 0.5;
  int steps = 3;
  bool verbose = false;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.steps, self.verbose);
  };
};

enum class Solver { kLu, kQr };
enum class Method { kGauss, kHouseholder };

TEST(KeysTest, StructsAndEnumerations) {
  const TemporaryDirectory dir;
  const auto store = ireneo::MemoStore::Open(dir.path());
  ASSERT_THAT(store, IsOk());
#include "tests/docs/key_function.inc"
  const auto of = [&]<typename T>(const T& value) {
    return key_of([](const T&) { return 1; }, value);
  };
  EXPECT_EQ(of(Params()), of(Renamed()));
  EXPECT_NE(of(Params()), of(Longer()));
  EXPECT_EQ(of(Solver::kQr), of(Method::kHouseholder));
  EXPECT_NE(of(Solver::kQr), of(Method::kGauss));
}

}  // namespace

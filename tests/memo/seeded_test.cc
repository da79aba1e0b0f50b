// Random numbers that are a function of the call's seed.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/random.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunInThreads;
using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;

std::atomic<int> executions = 0;

std::vector<std::uint64_t> Draw(int n) {
  ++executions;
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < n; ++i) drawn.push_back(Random()());
  return drawn;
}

Eigen::VectorXd DrawEigen(int n) {
  ++executions;
  return Eigen::VectorXd::Random(n);
}

class SeededTest : public ::ireneo::testing::MemoFixture {
 protected:
  SeededTest() { executions = 0; }
};

TEST_F(SeededTest, TheSeedIsInTheKeyAndMakesTheNumbers) {
  const auto f = Memoize(store(), {.name = "draw", .version = "1"}, Draw);
  const auto a = f.Seeded(1)(3);
  const auto b = f.Seeded(2)(3);
  EXPECT_NE(a, b);
  EXPECT_EQ(f.Seeded(1)(3), a);
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(f.Seeded(1).Recompute(3), a);
  EXPECT_FALSE(events_.back().conflict.has_value());
  std::mt19937_64 engine(1);
  EXPECT_EQ(a[0], engine());
  EXPECT_EQ(a[1], engine());

  const auto calls = f.Calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].seed(), 1u);  // Recomputed last.
  EXPECT_EQ(calls[1].seed(), 2u);
  EXPECT_EQ(events_.back().seed, 1u);
  EXPECT_NE(*f.KeyOf(3), *f.Seeded(0).KeyOf(3));
  EXPECT_THAT(f.Seeded(9).Explain(3)->ToString(),
              HasSubstr("seed: 1 before, 9 now"));
  EXPECT_THAT(f.Seeded(1).Forget(3), IsOk());
  EXPECT_EQ(*f.Seeded(1).Contains(3), false);
  EXPECT_EQ(*f.Seeded(2).Contains(3), true);
}

TEST_F(SeededTest, EigensRandomIsSeeded) {
  const auto f = Memoize(store(), {.name = "eigen", .version = "1"}, DrawEigen);
  std::srand(77);
  const Eigen::VectorXd a = f.Seeded(5)(4);
  std::srand(99);
  EXPECT_EQ(f.Seeded(5).Recompute(4), a);
  std::srand(5);
  EXPECT_EQ(Eigen::VectorXd::Random(4), a);
}

TEST_F(SeededTest, SeedsOf64Bits) {
  const auto f = Memoize(store(), {.name = "draw", .version = "1"}, Draw);
  const std::uint64_t large = ~std::uint64_t{0};
  f.Seeded(large)(1);
  EXPECT_EQ(f.Calls()[0].seed(), large);
  EXPECT_NE(*f.Seeded(large).KeyOf(1), *f.Seeded(0xffffffff).KeyOf(1));
}

TEST_F(SeededTest, WithoutASeedWhatDrewIsNotRemembered) {
  const auto f = Memoize(store(), {.name = "draw", .version = "1"}, Draw);
  EXPECT_NE(f(2), f(2));
  EXPECT_EQ(executions, 2);
  EXPECT_THAT(events_.back().fault,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("f.Seeded(seed)")));
  EXPECT_EQ(*f.Contains(2), false);
}

TEST_F(SeededTest, WithoutASeedWhatWasMadeOfItIsNotRememberedEither) {
  static const MemoStore* inner;
  inner = &store();
  const auto f = Memoize(store(), {.name = "outer", .version = "1"}, [](int n) {
    return Memoize(*inner, {.name = "draw", .version = "1"}, Draw)(n);
  });
  EXPECT_NE(f.Seeded(1)(2), f.Seeded(1)(2));
  EXPECT_EQ(store().Stats()->calls, 0);
  EXPECT_EQ(store().Stats()->faults, 4);
}

// A seeded function that calls another one between two draws.
const MemoStore* inner_store = nullptr;
std::vector<double> Outer(int) {
  const auto inner =
      Memoize(*inner_store, {.name = "inner", .version = "1"}, DrawEigen);
  std::vector<double> drawn;
  drawn.push_back(static_cast<double>(Random()()));
  drawn.push_back(std::rand());
  drawn.push_back(inner.Seeded(8)(1)[0]);
  drawn.push_back(static_cast<double>(Random()()));
  drawn.push_back(std::rand());
  drawn.push_back(inner.Seeded(9)(1)[0]);
  drawn.push_back(std::rand());
  return drawn;
}

TEST_F(SeededTest, WhetherAnInnerCallHitsChangesNothing) {
  inner_store = &store();
  const auto f = Memoize(store(), {.name = "outer", .version = "1"}, Outer);
  const std::vector<double> cold = f.Seeded(3)(0);
  EXPECT_EQ(f.Seeded(3).Recompute(0), cold);  // Both inner calls hit.
  const auto inner =
      Memoize(store(), {.name = "inner", .version = "1"}, DrawEigen);
  EXPECT_THAT(inner.Seeded(9).Forget(1), IsOk());
  EXPECT_EQ(f.Seeded(3).Recompute(0), cold);
  EXPECT_EQ(store().Stats()->conflicts, 0);
}

TEST_F(SeededTest, ThreadsHaveEnginesOfTheirOwn) {
  const auto f = Memoize(store(), {.name = "draw", .version = "1"}, Draw);
  RunInThreads(8, [&](int i) {
    std::mt19937_64 engine(static_cast<std::uint64_t>(i));
    for (const std::uint64_t drawn :
         f.Seeded(static_cast<std::uint64_t>(i))(1000)) {
      ASSERT_EQ(drawn, engine());
    }
  });
}

TEST(RandomTest, OutsideOfCallsItIsSeededByChance) {
  EXPECT_NE(Random()(), Random()());
}

}  // namespace
}  // namespace ireneo

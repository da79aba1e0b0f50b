// The blocks of docs/guide.md that are no whole programs, in its order.

#include <sys/resource.h>

#include <Eigen/Core>
#include <Eigen/LU>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "acme/solver.h"
#include "acme/solver_version.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/ireneo.h"
#include "tests/store/test_util.h"

namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::atomic<int> executions = 0;

Eigen::VectorXd Frequencies(int n, double mass, double stiffness) {
  ++executions;
  const double step = std::acos(-1) / (2 * (n + 1));
  return 2 * std::sqrt(stiffness / mass) *
         (Eigen::ArrayXd::LinSpaced(n, 1, n) * step).sin();
}

double Volume(double radius) {
  return 4.0 / 3.0 * std::acos(-1) * radius * radius * radius;
}

Eigen::MatrixXd Assemble(int n) {
  ++executions;
  return Eigen::MatrixXd::Identity(n, n) * 2;
}
Eigen::MatrixXd Invert(const Eigen::MatrixXd& a) {
  ++executions;
  return a.inverse();
}
double Norm(const Eigen::MatrixXd& a) {
  ++executions;
  return a.norm();
}

Eigen::MatrixXd LoadMatrix() { return Eigen::MatrixXd::Ones(20, 20); }

int edition = 1;
std::vector<double> Rates() { return {1.0 * edition, 2, 3}; }

// Where the test was started; the tests go elsewhere.
const std::filesystem::path start = std::filesystem::current_path();

// What a statement writes to a stream.
class Captured {
 public:
  explicit Captured(std::ostream& stream)
      : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Captured() { stream_.rdbuf(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* const before_;
};

namespace callee {
#include "tests/docs/callee.inc"
//
#include "tests/docs/fibonacci.inc"
}  // namespace callee

#include "tests/docs/estimate_pi.inc"
//
#include "tests/docs/noise.inc"
//
#include "tests/docs/parallel.inc"
//
#include "tests/docs/model.inc"

class GuideTest : public ::testing::Test {
 protected:
  GuideTest() {
    std::filesystem::current_path(dir_.path());
    store = ireneo::MemoStore::Open("store");
    executions = 0;
  }
  void SetUp() override { ASSERT_THAT(store, IsOk()); }
  ~GuideTest() override { std::filesystem::current_path(::testing::TempDir()); }

  auto RememberedSolve(const std::string& version) {
    return ireneo::Memoize(*store,
                           {.name = "acme.Solve",
                            .version = version,
                            .argument_names = {"a", "b", "tolerance"}},
                           Solve);
  }

  const TemporaryDirectory dir_;
  absl::StatusOr<ireneo::MemoStore> store;  // As the blocks call it.
  const Eigen::MatrixXd a = Eigen::MatrixXd{{4, 1}, {1, 3}};
  const Eigen::VectorXd b = Eigen::VectorXd{{1, 2}};
};

TEST_F(GuideTest, SeeWhatACallCosts) {
  {
#include "tests/docs/observer.inc"
    ASSERT_THAT(store, IsOk());
    const auto frequencies = ireneo::Memoize(
        *store, {.name = "acme.Frequencies", .version = "1"}, Frequencies);
    frequencies(3, 1, 1);
    frequencies(3, 1, 1);
    EXPECT_EQ(remembered, 1);
    EXPECT_EQ(computed, 1);
    const Captured log(std::clog);
    const auto unnamed = ireneo::Memoize(*store, {.name = ""}, Frequencies);
    EXPECT_EQ(unnamed(3, 1, 1), Frequencies(3, 1, 1));
    EXPECT_THAT(log.text(), HasSubstr("empty name"));
  }
  const auto frequencies = ireneo::Memoize(
      *store, {.name = "acme.Frequencies", .version = "1"}, Frequencies);
  const auto trace = [&] {
    const Captured out(std::cout);
#include "tests/docs/trace.inc"
    EXPECT_THAT(traced, IsOk());
    return out.text();
  };
  EXPECT_THAT(trace(), HasSubstr("computed: hashing"));
  EXPECT_THAT(trace(), HasSubstr("remembered: hashing"));

  const auto fast = ireneo::Memoize(*store, {.name = "fast", .version = "1"},
                                    [](int n) { return n; });
  fast(1);
  const Captured out(std::cout);
#include "tests/docs/functions.inc"
  EXPECT_THAT(out.text(), HasSubstr("acme.Frequencies: 1 hits saved "));
  EXPECT_THAT(out.text(), HasSubstr("not worth it"));
}

TEST_F(GuideTest, Versions) {
#include "tests/docs/volume.inc"
  EXPECT_NEAR(volume(2), Volume(2), 1e-9);
  EXPECT_THAT(volume.version(), ::testing::StartsWith("body:"));
  {
#include "tests/docs/mass.inc"
    EXPECT_EQ(mass(2, 3), 3 * Volume(2));
    EXPECT_THAT(mass.version(), ::testing::StartsWith("body:"));
    EXPECT_THAT(mass.version(), HasSubstr("+"));
  }
  {
#include "tests/docs/source_version.inc"
    EXPECT_EQ(solve(a, b, 1e-9), Solve(a, b, 1e-9));
    EXPECT_THAT(solve.version(), ::testing::MatchesRegex("src:[0-9a-f]{64}"));
  }
  {
#include "tests/docs/build_id.inc"
    EXPECT_EQ(solve(a, b, 1e-9), Solve(a, b, 1e-9));
    EXPECT_THAT(solve.version(),
                ::testing::MatchesRegex("(build|file):[0-9a-f]+"));
  }
}

TEST_F(GuideTest, CallOneInAnother) {
  using callee::Fibonacci;
  using callee::MeanFrequency;
  using callee::RememberedFibonacci;
  using callee::RememberedFrequencies;
  using callee::Store;
#include "tests/docs/caller.inc"
  {
    const auto store = &Store();
    const Captured out(std::cout);
#include "tests/docs/lineage.inc"
    ASSERT_THAT(traced, IsOk());
    EXPECT_THAT(out.text(),
                ::testing::MatchesRegex("acme.Frequencies took .*\n"
                                        "acme.Frequencies took .*\n"));
  }
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(mean(1000, 1, 2), MeanFrequency(1000, 1, 2));
  EXPECT_EQ(executions, 2);
  // What the text says of a changed callee.
  const auto changed = ireneo::Memoize(
      Store(), {.name = "acme.MeanFrequency", .version = "1", .callees = {"2"}},
      MeanFrequency);
  EXPECT_EQ(*changed.Contains(1000, 1, 2), false);

  EXPECT_EQ(RememberedFibonacci()(80), 23416728348467685);
  EXPECT_EQ(Store().Functions()->front().name, "acme.Fibonacci");
  EXPECT_EQ(Store().Functions()->front().calls, 81);
}

const ireneo::MemoStore* store_of_recursion = nullptr;

// Whether a file can be opened at the bottom.
bool Descend(int levels) {
  if (levels == 0) return std::ifstream("/dev/null").is_open();
  return ireneo::Memoize(*store_of_recursion,
                         {.name = "descend", .version = "1"},
                         Descend)(levels - 1);
}

TEST_F(GuideTest, ADeepRecursionNeedsNoFiles) {
  store_of_recursion = &*store;
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few = {.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_TRUE(Descend(300));
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(store->Stats()->calls, 300);
}

TEST_F(GuideTest, RandomNumbers) {
#include "tests/docs/seeded.inc"
  ASSERT_THAT(estimates, SizeIs(20));
  for (const double pi : estimates) EXPECT_NEAR(pi, 3.14, 0.1);
  EXPECT_GT(std::set<double>(estimates.begin(), estimates.end()).size(), 10u);
  EXPECT_EQ(estimate.Calls().size(), 20u);
  EXPECT_EQ(estimate.Calls()[0].seed(), 19u);
  EXPECT_EQ(estimate.Seeded(3).Recompute(10'000), estimates[3]);
  // Without a seed.
  EXPECT_NE(estimate(10'000), estimate(10'000));
  EXPECT_EQ(*estimate.Contains(10'000), false);

  const auto noise =
      ireneo::Memoize(*store, {.name = "noise", .version = "1"}, Noise);
  const Eigen::MatrixXd m = noise.Seeded(1)(4, 5);
  EXPECT_EQ(noise.Seeded(1).Recompute(4, 5), m);
  EXPECT_NE(noise.Seeded(2)(4, 5), m);

  const auto parallel = ireneo::Memoize(
      *store, {.name = "parallel", .version = "1"}, MeanInParallel);
  const double mean = parallel.Seeded(7)(8, 1000);
  EXPECT_NEAR(mean, 0.5, 0.05);
  EXPECT_EQ(parallel.Seeded(7).Recompute(8, 1000), mean);

  // Eigen's numbers are from the lower half of a seed, and nobody notices that
  // there is none.
  const auto eigen = ireneo::Memoize(
      *store, {.name = "eigen", .version = "1"},
      [](int n) -> Eigen::VectorXd { return Eigen::VectorXd::Random(n); });
  EXPECT_EQ(eigen.Seeded(1)(3), eigen.Seeded((std::uint64_t{1} << 32) + 1)(3));
  eigen(3);
  EXPECT_EQ(*eigen.Contains(3), true);
}

const ireneo::MemoStore* store_of_inner = nullptr;

TEST_F(GuideTest, ARandomFunctionInAnother) {
  store_of_inner = &*store;
  const auto outer = ireneo::Memoize(
      *store, {.name = "outer", .version = "1"}, [](std::int64_t n) {
        const auto estimate = ireneo::Memoize(
            *store_of_inner, {.name = "acme.EstimatePi", .version = "1"},
            EstimatePi);
        const double first = estimate.Seeded(ireneo::Random()())(n);
        const double second = estimate.Seeded(ireneo::Random()())(n);
        return std::vector<double>{first, second,
                                   static_cast<double>(ireneo::Random()())};
      });
  const std::vector<double> cold = outer.Seeded(1)(1000);
  EXPECT_EQ(outer.Seeded(1).Recompute(1000), cold);
  EXPECT_NE(cold[0], cold[1]);
}

TEST_F(GuideTest, Handles) {
#include "tests/docs/chain.inc"
  EXPECT_EQ(*chain(100), 5);
  EXPECT_EQ(executions, 3);
  EXPECT_EQ(*chain(100), 5);
  EXPECT_EQ(executions, 3);
  // The last step alone is lost: what it takes is loaded, and not computed.
  const Eigen::MatrixXd half = Eigen::MatrixXd::Identity(100, 100) / 2;
  ASSERT_THAT(norm.Forget(half), IsOk());
  EXPECT_EQ(*chain(100), 5);
  EXPECT_EQ(executions, 4);
  {
    const Captured out(std::cout);
#include "tests/docs/handle.inc"
    ASSERT_THAT(a, IsOk());
    EXPECT_THAT(out.text(),
                ::testing::MatchesRegex("xxh3:.*, computed in .*\n2\n"));
  }

  const auto shifted_norm =
      ireneo::Memoize(*store, {.name = "shifted", .version = "1"},
                      [](const Eigen::MatrixXd& m, double shift) {
                        return (m.array() + shift).matrix().norm();
                      });
  const Captured out(std::cout);
#include "tests/docs/hashed.inc"
  EXPECT_EQ(out.text(), "22\n24\n26\n");
  EXPECT_EQ(*shifted_norm.Contains(LoadMatrix(), 0.3), true);
}

TEST_F(GuideTest, State) {
#include "tests/docs/bind.inc"
  EXPECT_EQ(e, model.Energy(0.5, 3.0));
  EXPECT_EQ(s, 2);
  EXPECT_EQ(store->Stats()->calls, 2);
}

TEST_F(GuideTest, WhyACallMissed) {
  RememberedSolve("3")(a, b, 1e-6);
  const auto solve = RememberedSolve("4");
  const Captured out(std::cout);
#include "tests/docs/explain.inc"
  const std::string shown = FileBytes(start / "tests/docs/explanation.txt");
  const std::regex time("of [-0-9]{10} [0-9:]{8} UTC");
  EXPECT_EQ(std::regex_replace(out.text(), time, "of TIME"),
            std::regex_replace(shown, time, "of TIME"));
  ASSERT_THAT(why, IsOk());
  EXPECT_THAT(why->differences, SizeIs(2));
}

double drift = 0;

TEST_F(GuideTest, ResultsThatDiffer) {
  {
#include "tests/docs/audit.inc"
    EXPECT_THAT(solve.status(), IsOk());
  }
  const auto solve = ireneo::Memoize(
      *store, {.name = "acme.Solve", .version = "4", .audit_rate = 1},
      [](const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
         double tolerance) -> Eigen::VectorXd {
        return Solve(a, b, tolerance).array() + drift;
      });
  solve(a, b, 1e-6);
  drift = 1;
  solve(a, b, 1e-6);
  const Captured out(std::cout);
#include "tests/docs/conflicts.inc"
  EXPECT_THAT(out.text(), ::testing::MatchesRegex("1 times xxh3:[0-9a-f]+\n"));
  EXPECT_EQ(store->Stats()->conflicts, 1);
}

TEST_F(GuideTest, ThreadsAndProcesses) {
  const auto frequencies = ireneo::Memoize(
      *store, {.name = "acme.Frequencies", .version = "1"}, Frequencies);
#include "tests/docs/threads.inc"
  std::vector<double> found;
  for (std::future<double>& frequency : lowest) {
    found.push_back(frequency.get());
  }
  EXPECT_EQ(executions, 3);
  EXPECT_EQ(found[1], found[2]);
#include "tests/docs/wait.inc"
  EXPECT_EQ(solve(a, b, 1e-9), Solve(a, b, 1e-9));
}

TEST_F(GuideTest, ManyFastCalls) {
  const auto cell = ireneo::Memoize(*store, {.name = "cell", .version = "1"},
                                    [](int i, double x) { return i * x; });
#include "tests/docs/batch.inc"
  EXPECT_EQ(store->Stats()->calls, 10'000);
}

TEST_F(GuideTest, ResultsThatGrowOld) {
#include "tests/docs/max_age.inc"
  EXPECT_EQ(rates()[0], 1);
  edition = 2;
  EXPECT_EQ(rates()[0], 1);
  const auto short_lived = ireneo::Memoize(
      *store,
      {.name = "acme.Rates", .version = "1", .max_age = absl::Milliseconds(1)},
      Rates);
  absl::SleepFor(absl::Milliseconds(2));
  EXPECT_EQ(short_lived()[0], 2);
  EXPECT_EQ(rates()[0], 2);  // The age is not in the key.
  EXPECT_EQ(store->Stats()->conflicts, 0);
}

TEST_F(GuideTest, ComputeAgainAndForget) {
  const auto solve = RememberedSolve("4");
  const auto old = RememberedSolve("3");
  old(a, b, 1e-6);
  solve(a, b, 1e-3);
  {
#include "tests/docs/forget.inc"
    EXPECT_EQ(x, Solve(a, b, 1e-6));
    EXPECT_THAT(forgotten, IsOk());
    EXPECT_THAT(cleared, IsOk());
  }
  EXPECT_EQ(store->Stats()->calls, 1);
  {
#include "tests/docs/lookup.inc"
    EXPECT_EQ(*known, std::nullopt);
    EXPECT_EQ(*is_known, false);
  }
  solve(a, b, 1e-6);
  EXPECT_EQ(*solve.Contains(a, b, 1e-6), true);
  EXPECT_EQ(*old.Contains(a, b, 1e-6), true);
  EXPECT_EQ(store->Stats()->hits, 0);
#include "tests/docs/all_versions.inc"
  EXPECT_EQ(store->Stats()->calls, 0);
}

TEST_F(GuideTest, KeepAStoreSmall) {
  {
#include "tests/docs/bounded.inc"
    EXPECT_THAT(bounded, IsOk());
  }
  const auto solve = RememberedSolve("4");
  solve(a, b, 1e-6);
  {
#include "tests/docs/pin.inc"
    EXPECT_THAT(pinned, IsOk());
    EXPECT_EQ(unpinned.value_or(0), 1);
  }
  {
#include "tests/docs/recompress.inc"
    EXPECT_THAT(recompressed, IsOk());
  }
  const Captured out(std::cout);
#include "tests/docs/collect.inc"
  EXPECT_THAT(report, IsOk());
  EXPECT_EQ(out.text(), "0 calls, 0 bytes\n");
  EXPECT_EQ(*solve.Contains(a, b, 1e-6), true);
}

TEST_F(GuideTest, Calls) {
  const auto frequencies = ireneo::Memoize(
      *store, {.name = "acme.Frequencies", .version = "1"}, Frequencies);
  frequencies(2, 1, 1);
  frequencies(2, 4, 1);
  const Captured out(std::cout);
#include "tests/docs/calls.inc"
  EXPECT_THAT(out.text(), ::testing::MatchesRegex("4 0\\.5, computed in .*\n"
                                                  "1 1, computed in .*\n"));

  {
#include "tests/docs/tables.inc"
    EXPECT_THAT(written, IsOk());
  }
  EXPECT_THAT(FileBytes("calls.csv"),
              ::testing::StartsWith("key,function,version,seed,"));
  EXPECT_THAT(FileBytes("calls.csv"), HasSubstr(",2,4.0,1.0,"));
  EXPECT_THAT(FileBytes("calls.json"), HasSubstr("\"acme.Frequencies\""));
}

}  // namespace

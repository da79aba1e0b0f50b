// What the options of a memoized function do: ages, costs, environments,
// audits; and what is told of results that differ.

#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/environment.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;

std::atomic<int> executions = 0;
std::atomic<double> drift = 0;  // What makes the function impure.

double Drifting(double x) {
  ++executions;
  return x + drift;
}

class OptionsTest : public ::ireneo::testing::MemoFixture {
 protected:
  OptionsTest() {
    executions = 0;
    drift = 0;
  }

  absl::StatusOr<double> Decoded(const Digest& digest) {
    const auto blob = store().blobs().Get(digest);
    if (!blob.ok()) return blob.status();
    return internal::Decode<double>(*blob);
  }

  auto Memoized(MemoizeOptions options = {}) {
    options.name = "test.Drifting";
    options.version = "1";
    return Memoize(store(), options, Drifting);
  }
};

TEST_F(OptionsTest, ATraceThatLostARaceHasItsOwnRecord) {
  static std::optional<MemoStore> other;
  other = *testing::OpenStore(dir_.path() / "store");
  static int (*const f)(int) = [](int n) {
    if (n > 0) {
      Memoize(*other, {.name = "f", .version = "1", .wait = Wait::kNever},
              [](int) { return 1; })(n);
    }
    return 2;
  };
  const auto traced =
      Memoize(store(), {.name = "f", .version = "1", .wait = Wait::kNever}, f)
          .Trace(5);
  ASSERT_THAT(traced, IsOk());
  EXPECT_EQ(traced->value, 2);
  EXPECT_EQ(traced->record.result, RefOf(2)->digest);
  other.reset();
}

TEST_F(OptionsTest, AuditsAreNoCostOfRemembering) {
  const auto f = Memoize(
      store(), {.name = "f", .version = "1", .audit_rate = 1}, [](int n) {
        absl::SleepFor(absl::Milliseconds(50));
        return n;
      });
  f(1);
  for (int i = 0; i < 4; ++i) f(1);
  EXPECT_LT(store().Functions()->front().spent, absl::Milliseconds(50));
}

TEST_F(OptionsTest, WhatIsTooOldIsComputedAnewAndReplaced) {
  const auto f = Memoized();
  const auto g = Memoized({.max_age = absl::Milliseconds(30)});
  EXPECT_EQ(f(1), 1);
  drift = 1;
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(f(1), 1);
  EXPECT_EQ(*g.Contains(1), false);
  EXPECT_EQ(*g.Lookup(1), std::nullopt);
  const Explanation old = *g.Explain(1);
  EXPECT_FALSE(old.hit);
  EXPECT_THAT(old.ToString(), HasSubstr("max_age = 30ms"));
  EXPECT_EQ(g(1), 2);
  EXPECT_FALSE(events_.back().conflict.has_value());
  EXPECT_EQ(f(1), 2);  // It took the place of the old one.
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(store().Stats()->conflicts, 0);
}

TEST_F(OptionsTest, AFreshResultOfAnotherProcessIsFoundBehindAnOldOneInMemory) {
  const auto g = Memoized({.max_age = absl::Milliseconds(300)});
  EXPECT_EQ(g(1), 1);
  absl::SleepFor(absl::Milliseconds(310));
  {
    const auto other = testing::OpenStore(dir_.path() / "store");
    drift = 1;
    EXPECT_EQ(
        Memoize(*other, {.name = "test.Drifting", .version = "1"}, Drifting)
            .Recompute(1),
        2);
  }
  EXPECT_EQ(g(1), 2);
  EXPECT_EQ(executions, 2);
}

TEST_F(OptionsTest, WhatIsFasterToComputeIsNotStored) {
  const auto f = Memoized({.min_compute_time = absl::Hours(1)});
  EXPECT_EQ(f(1), 1);
  EXPECT_EQ(f(1), 1);
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(*f.Recall(1)->Load(), 1);
  const auto traced = f.Trace(1);
  EXPECT_EQ(traced->value, 1);
  EXPECT_EQ(traced->record.result_type, "f64");
  EXPECT_EQ(store().Stats()->calls, 0);
  EXPECT_EQ(store().Stats()->faults, 0);
}

TEST_F(OptionsTest, TheEnvironmentSeparatesResultsAsFarAsAsked) {
  const auto portable = Memoized();
  const auto isa = Memoized({.environment = EnvironmentScope::kSameIsa});
  const auto bitwise = Memoized({.environment = EnvironmentScope::kBitwise});
  EXPECT_EQ(portable(1), 1);
  EXPECT_EQ(isa(1), 1);
  EXPECT_EQ(bitwise(1), 1);
  EXPECT_EQ(executions, 3);
  EXPECT_EQ(isa(1), 1);
  EXPECT_EQ(executions, 3);
  EXPECT_THAT(isa.Calls()[0].record().environment_in_key,
              ::testing::UnorderedElementsAre(::testing::Key("cpu"),
                                              ::testing::Key("simd")));
  EXPECT_NE(isa.version(), bitwise.version());
  EXPECT_THAT(portable.Calls()[0].record().environment, HasSubstr("\"libc\""));

  // The same function compiled for other instructions.
  const auto avx = Memoize(
      store(),
      {.name = "test.Drifting",
       .version = "1",
       .environment = EnvironmentScope::kSameIsa},
      Drifting, internal::Compilation{.compiler = "g++", .simd = "avx2+fma"});
  EXPECT_EQ(*avx.Contains(1), false);
  EXPECT_THAT(avx.Explain(1)->ToString(),
              HasSubstr("environment `simd`: " +
                        std::string(internal::kThisCompilation.simd) +
                        " before, avx2+fma now"));
}

TEST_F(OptionsTest, RecomputeReplacesAndReportsADifference) {
  const auto f = Memoized();
  EXPECT_EQ(f(1), 1);
  EXPECT_EQ(f.Recompute(1), 1);
  EXPECT_FALSE(events_.back().conflict.has_value());
  drift = 1;
  EXPECT_EQ(f(1), 1);
  EXPECT_EQ(f.Recompute(1), 2);
  EXPECT_TRUE(events_.back().conflict.has_value());
  EXPECT_EQ(f(1), 2);
  EXPECT_EQ(executions, 3);
  EXPECT_EQ(store().Stats()->calls, 1);
  EXPECT_EQ(store().Stats()->conflicts, 1);
  const auto conflicts = store().Conflicts(*f.KeyOf(1));
  ASSERT_EQ(conflicts->size(), 1u);
  EXPECT_EQ(conflicts->front().times, 1);
  EXPECT_THAT(store().blobs().Get(conflicts->front().result), IsOk());
  drift = 0;
  EXPECT_EQ(f.Recompute(1), 1);  // What was the other result is none any more.
  ASSERT_EQ(store().Conflicts(*f.KeyOf(1))->size(), 1u);
  EXPECT_EQ(*Decoded(store().Conflicts(*f.KeyOf(1))->front().result), 2);
  EXPECT_THAT(f.Forget(1), IsOk());
  EXPECT_EQ(store().Conflicts(*f.KeyOf(1))->size(), 0u);
}

TEST_F(OptionsTest, HitsSurviveARecompute) {
  const auto f = Memoized();
  f(1);
  f(1);
  EXPECT_EQ(store().Stats()->hits, 1);
  f.Recompute(1);
  EXPECT_EQ(store().Stats()->hits, 1);
}

TEST_F(OptionsTest, TheFirstOfTwoResultsIsKeptAndTheSecondReported) {
  // Two stores on one directory, so that neither knows of the other's call.
  const auto other = testing::OpenStore(dir_.path() / "store");
  static const MemoStore* inner = nullptr;
  inner = &*other;
  static std::atomic<int> depth = 0;
  static int (*const f)(int) = [](int n) {
    // While the first computes, a second is faster: with another result.
    if (depth++ == 0) {
      EXPECT_EQ(
          Memoize(*inner, {.name = "f", .version = "1", .wait = Wait::kNever},
                  f)(n),
          1);
      return 2;
    }
    return 1;
  };
  const auto outer =
      Memoize(store(), {.name = "f", .version = "1", .wait = Wait::kNever}, f);
  EXPECT_EQ(outer(0), 2);
  ASSERT_TRUE(events_.back().conflict.has_value());
  EXPECT_EQ(outer(0), 1);
  EXPECT_EQ(store().Stats()->conflicts, 1);
  EXPECT_EQ(store().Functions()->front().conflicts, 1);
  EXPECT_EQ(store().Conflicts(*outer.KeyOf(0))->front().result,
            *events_[0].conflict);
}

TEST_F(OptionsTest, ClearForgetsEveryCallOfThisVersion) {
  const auto f = Memoized();
  const auto g =
      Memoize(store(), {.name = "test.Drifting", .version = "2"}, Drifting);
  f(1);
  f(2);
  f.Seeded(3)(1);
  g(1);
  EXPECT_THAT(f.Clear(), IsOk());
  EXPECT_EQ(*f.Contains(1), false);
  EXPECT_EQ(*f.Seeded(3).Contains(1), false);
  EXPECT_EQ(*g.Contains(1), true);
  executions = 0;
  f(1);  // Not from memory either.
  EXPECT_EQ(executions, 1);
}

TEST_F(OptionsTest, AuditsComputeTheirShareOfHits) {
  const auto all = Memoized({.audit_rate = 1});
  all(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(all(1), 1);
  EXPECT_EQ(executions, 11);
  EXPECT_TRUE(LastHit());

  executions = 0;
  const auto some = Memoized({.audit_rate = 0.25});
  for (int i = 0; i < 40; ++i) some(1);
  EXPECT_EQ(executions, 10);

  executions = 0;
  const auto none = Memoized();
  for (int i = 0; i < 10; ++i) none(1);
  EXPECT_EQ(executions, 0);
}

TEST_F(OptionsTest, AnAuditReportsADifferenceAndReturnsWhatWasRemembered) {
  const auto f = Memoized({.audit_rate = 1});
  EXPECT_EQ(f(1), 1);
  drift = 0.5;
  EXPECT_EQ(f(1), 1);
  EXPECT_TRUE(LastHit());
  ASSERT_TRUE(events_.back().conflict.has_value());
  EXPECT_EQ(f(1), 1);
  const auto conflicts = store().Conflicts(*f.KeyOf(1));
  ASSERT_EQ(conflicts->size(), 1u);
  EXPECT_EQ(conflicts->front().times, 2);
}

TEST_F(OptionsTest, AnAuditOfADamagedFunctionSaysSo) {
  static std::atomic<bool> fails = false;
  const auto f = Memoize(
      store(), {.name = "f", .version = "1", .audit_rate = 1}, [](int n) {
        if (fails) throw std::runtime_error("broken");
        return n;
      });
  EXPECT_EQ(f(1), 1);
  fails = true;
  EXPECT_EQ(f(1), 1);
  EXPECT_TRUE(events_.back().hit);
  EXPECT_THAT(events_.back().fault,
              StatusIs(absl::StatusCode::kInternal,
                       "audit: the function threw an exception: broken"));
}

Eigen::MatrixXd DriftingMatrix(int n) {
  Eigen::MatrixXd m = Eigen::MatrixXd::Constant(n, n, 100);
  m(0, 0) = 1e-3 + drift;
  return m;
}

TEST_F(OptionsTest, AnAuditMayTolerateSmallDifferences) {
  const auto audit = [&](double tolerance, double off) {
    const auto f = Memoize(store(),
                           {.name = "m",
                            .version = "1",
                            .audit_rate = 1,
                            .audit_tolerance = tolerance},
                           DriftingMatrix);
    drift = 0;
    EXPECT_THAT(f.Clear(), IsOk());
    f(3);
    drift = off;
    f(3);
    return events_.back().conflict.has_value();
  };
  EXPECT_FALSE(audit(0, 0));
  EXPECT_TRUE(audit(0, 1e-12));
  EXPECT_FALSE(audit(1e-6, 1e-5));  // 1e-7 of the largest coefficient.
  EXPECT_TRUE(audit(1e-6, 1e-3));
  EXPECT_TRUE(audit(1e-6, std::numeric_limits<double>::quiet_NaN()));

  const auto scalar = Memoized({.audit_rate = 1, .audit_tolerance = 1e-6});
  drift = 0;
  scalar(1);
  drift = 1e-9;
  scalar(1);
  EXPECT_FALSE(events_.back().conflict.has_value());
  drift = 1e-3;
  scalar(1);
  EXPECT_TRUE(events_.back().conflict.has_value());
}

TEST_F(OptionsTest, BadOptionsAreNamed) {
  EXPECT_THAT(Memoized({.audit_rate = 1.5}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("audit_rate of 1.5")));
  EXPECT_THAT(Memoized({.audit_rate = std::nan("")}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      Memoized({.max_age = absl::ZeroDuration()}).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_age of 0")));
  EXPECT_THAT(Memoized({.audit_tolerance = -1}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(OptionsTest, TracesSayWhereTheTimeWent) {
  const auto f = Memoize(store(), {.name = "f", .version = "1"},
                         [](const std::vector<double>& v) {
                           absl::SleepFor(absl::Milliseconds(5));
                           return v;
                         });
  const std::vector<double> v(10000, 1);
  const auto miss = f.Trace(v);
  ASSERT_THAT(miss, IsOk());
  EXPECT_FALSE(miss->hit);
  EXPECT_EQ(miss->value, v);
  EXPECT_EQ(miss->record.key, *f.KeyOf(v));
  EXPECT_GE(miss->times.compute, absl::Milliseconds(5));
  EXPECT_GE(miss->record.elapsed, absl::Milliseconds(5));
  EXPECT_GT(miss->times.hashing, absl::ZeroDuration());
  EXPECT_GT(miss->times.lookup, absl::ZeroDuration());
  EXPECT_GT(miss->times.store, absl::ZeroDuration());
  const auto hit = f.Trace(v);
  EXPECT_TRUE(hit->hit);
  EXPECT_EQ(hit->value, v);
  EXPECT_EQ(hit->times.compute, absl::ZeroDuration());
  EXPECT_GT(hit->times.load, absl::ZeroDuration());
  EXPECT_EQ(hit->record.result, miss->record.result);
  // The observer saw the same, and it adds up.
  const Event& event = events_.back();
  EXPECT_EQ(event.times.load, hit->times.load);
  EXPECT_LE(event.times.hashing + event.times.lookup + event.times.load,
            event.elapsed);
}

TEST_F(OptionsTest, TheCostOfRememberingIsSummedUp) {
  const auto f = Memoized();
  f(1);
  for (int i = 0; i < 100; ++i) f(1);
  const auto functions = store().Functions();
  ASSERT_EQ(functions->size(), 1u);
  EXPECT_GT(functions->front().spent, absl::ZeroDuration());
  // Adding two numbers is faster than looking into any store.
  EXPECT_TRUE(functions->front().CostsMoreThanComputing());
  EXPECT_EQ(store().Stats()->spent, functions->front().spent);

  const auto slow =
      Memoize(store(), {.name = "slow", .version = "1"}, [](int n) {
        absl::SleepFor(absl::Milliseconds(20));
        return n;
      });
  slow(1);
  slow(1);
  EXPECT_FALSE(store().Functions()->front().CostsMoreThanComputing());
}

}  // namespace
}  // namespace ireneo

// Arguments that are not hashed again: results of other calls, and values that
// were hashed once.

#include <atomic>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/hashed.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"
#include "tests/memo/open_store.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;

std::atomic<int> executions = 0;
std::atomic<int> writes = 0;
std::atomic<int> reads = 0;

// A type that counts how often it becomes bytes and is read from them.
struct Grid {
  std::vector<double> values;

  friend bool operator==(const Grid&, const Grid&) = default;
};

}  // namespace

template <>
struct Serializer<Grid> {
  static std::string TypeName() { return "test.Grid/1"; }
  static void Write(const Grid& grid, Sink& sink) {
    ++writes;
    ireneo::Write(grid.values, sink);
  }
  static absl::StatusOr<Grid> Read(Source& source) {
    ++reads;
    auto values = ireneo::Read<std::vector<double>>(source);
    if (!values.ok()) return values.status();
    return Grid{*std::move(values)};
  }
};

namespace {

Grid Make(int n) {
  ++executions;
  return Grid{std::vector<double>(static_cast<std::size_t>(n), 0.5)};
}

Grid Step(const Grid& grid, double by) {
  ++executions;
  Grid next = grid;
  for (double& value : next.values) value += by;
  return next;
}

double Sum(Grid grid) {
  ++executions;
  double sum = 0;
  for (const double value : grid.values) sum += value;
  return sum;
}

absl::StatusOr<double> CheckedSum(const Grid& grid) { return Sum(grid); }

double SumOfSpan(std::span<const double> values) {
  ++executions;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

class HandlesTest : public ::ireneo::testing::MemoFixture {
 protected:
  HandlesTest() { executions = writes = reads = 0; }

  auto make() {
    return Memoize(store(), {.name = "make", .version = "1"}, Make);
  }
  auto step() {
    return Memoize(store(), {.name = "step", .version = "1"}, Step);
  }
  auto sum() { return Memoize(store(), {.name = "sum", .version = "1"}, Sum); }
};

TEST_F(HandlesTest, AHandleIsAnArgumentThatIsNeitherLoadedNorHashed) {
  const auto cold = make().Recall(2000);
  ASSERT_THAT(cold, IsOk());
  EXPECT_EQ(sum()(*cold), 1000);
  EXPECT_EQ(executions, 2);

  writes = reads = 0;
  const auto warm = make().Recall(2000);
  EXPECT_EQ(sum()(*warm), 1000);
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(writes, 0);
  EXPECT_EQ(reads, 0);
}

TEST_F(HandlesTest, AChainHitsWithoutTouchingAByteOfIt) {
  const auto run = [&] {
    absl::StatusOr<Remembered<Grid>> grid = make().Recall(1000);
    for (int i = 0; i < 4; ++i) {
      grid = step().Recall(*grid, 0.25);
      EXPECT_THAT(grid, IsOk());
    }
    return sum()(*grid);
  };
  EXPECT_EQ(run(), 1500);
  EXPECT_EQ(executions, 6);
  writes = reads = 0;
  EXPECT_EQ(run(), 1500);
  EXPECT_EQ(executions, 6);
  EXPECT_EQ(writes, 0);
  EXPECT_EQ(reads, 0);
}

TEST_F(HandlesTest, AHandleMakesTheKeyOfItsValue) {
  const auto handle = make().Recall(7);
  const Grid grid = Make(7);
  EXPECT_EQ(*step().KeyOf(*handle, 1), *step().KeyOf(grid, 1));
  EXPECT_EQ(*step().KeyOf(Hashed(grid), 1.0), *step().KeyOf(grid, 1));
  step()(grid, 1);
  const int before = executions;
  EXPECT_EQ(step()(*handle, 1), step()(grid, 1));
  EXPECT_EQ(executions, before);
}

TEST_F(HandlesTest, EveryMemberTakesHandles) {
  const auto handle = make().Recall(4);
  const auto f = sum();
  EXPECT_EQ(*f.Contains(*handle), false);
  EXPECT_EQ(*f.Lookup(*handle), std::nullopt);
  EXPECT_EQ(f(*handle), 2);
  EXPECT_EQ(*f.Contains(*handle), true);
  EXPECT_EQ(**f.Lookup(*handle), 2);
  EXPECT_EQ(f.Recompute(*handle), 2);
  EXPECT_EQ(*f.Recall(*handle)->Load(), 2);
  EXPECT_EQ(f.Trace(*handle)->value, 2);
  EXPECT_TRUE(f.Explain(*handle)->hit);
  EXPECT_THAT(f.Forget(*handle), IsOk());
  EXPECT_EQ(*f.Contains(*handle), false);
}

TEST_F(HandlesTest, OtherArgumentsConvertAsTheyDoWithoutHandles) {
  const auto handle = make().Recall(4);
  const auto f = step();
  EXPECT_EQ(*f.KeyOf(*handle, 1), *f.KeyOf(*handle, 1.0));
  EXPECT_EQ(*f.KeyOf(*handle, 1), *f.KeyOf(Make(4), 1.0));
  EXPECT_EQ(f(*handle, 1).values[0], 1.5);  // An int for a double.
}

TEST_F(HandlesTest, AViewParameterTakesAHandleOfWhatItViews) {
  const auto values = Memoize(store(), {.name = "v", .version = "1"},
                              [](int n) { return std::vector<double>(n, 2); });
  const auto handle = values.Recall(3);
  const auto f = Memoize(store(), {.name = "s", .version = "1"}, SumOfSpan);
  EXPECT_EQ(f(*handle), 6);
  EXPECT_EQ(f(Hashed(std::vector<double>(3, 2))), 6);
  EXPECT_EQ(f(std::vector<double>(3, 2)), 6);
  EXPECT_EQ(executions, 1);

  const auto ref = Memoize(
      store(), {.name = "r", .version = "1"},
      [](const Eigen::Ref<const Eigen::MatrixXd>& m) { return m.sum(); });
  const auto identity = Memoize(
      store(), {.name = "i", .version = "1"},
      [](int n) { return Eigen::MatrixXd(Eigen::MatrixXd::Identity(n, n)); });
  EXPECT_EQ(ref(*identity.Recall(5)), 5);
  EXPECT_EQ(*ref.Contains(Eigen::MatrixXd::Identity(5, 5)), true);
}

TEST_F(HandlesTest, AHashedValueIsHashedOnce) {
  const Hashed grid(Make(1000));
  EXPECT_EQ(writes, 1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(step()(grid, i).values[0], 0.5 + i);
  }
  writes = 0;
  for (int i = 0; i < 5; ++i) step()(grid, i);
  EXPECT_EQ(writes, 0);
  static_assert(std::is_same_v<decltype(Hashed("text")), Hashed<std::string>>);
  const auto length = Memoize(store(), {.name = "length", .version = "1"},
                              [](std::string_view s) { return s.size(); });
  EXPECT_EQ(length(Hashed("text")), 4u);
  EXPECT_EQ(*length.Contains("text"), true);
}

TEST_F(HandlesTest, AHashedViewIsACopyOfWhatItViews) {
  std::vector<double> values = {1, 1, 1};
  const Hashed hashed{std::span<const double>(values)};
  static_assert(
      std::is_same_v<decltype(hashed), const Hashed<std::vector<double>>>);
  values[0] = 100;
  const auto f = Memoize(store(), {.name = "s", .version = "1"}, SumOfSpan);
  EXPECT_EQ(f(hashed), 3);
  EXPECT_EQ(f(values), 102);

  Eigen::MatrixXd a = Eigen::MatrixXd::Ones(2, 2);
  const Hashed sum(a + a);
  const Hashed block(a.row(0));
  a(0, 0) = 50;
  const auto g = Memoize(store(), {.name = "m", .version = "1"},
                         [](const Eigen::MatrixXd& m) { return m.sum(); });
  EXPECT_EQ(g(sum), 8);
  EXPECT_EQ(block.value().sum(), 2);
}

TEST_F(HandlesTest, AHandleWhoseBlobIsLostHitsAsLongAsItNeedNotBeLoaded) {
  const auto handle = make().Recall(2000);
  EXPECT_EQ(sum()(*handle), 1000);
  ASSERT_THAT(store().blobs().Remove(handle->digest()), IsOk());
  EXPECT_EQ(sum()(*handle), 1000);
  EXPECT_EQ(*step().Contains(*handle, 1), false);

  EXPECT_THROW(step()(*handle, 1), absl::BadStatusOrAccess);
  EXPECT_THAT(step().Recall(*handle, 1), StatusIs(absl::StatusCode::kNotFound));
  const auto checked =
      Memoize(store(), {.name = "checked", .version = "1"}, CheckedSum);
  EXPECT_THAT(checked(*handle), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(events_.back().hit);
  EXPECT_THAT(events_.back().fault, StatusIs(absl::StatusCode::kNotFound));

  EXPECT_THAT(make().Recompute(2000).values, ::testing::SizeIs(2000));
  EXPECT_EQ(step()(*handle, 1).values[0], 1.5);  // The blob is there again.
}

TEST_F(HandlesTest, AHandleThatTheStoreWouldNotTakeIsAnArgumentAsWell) {
  const auto fast = Memoize(
      store(),
      {.name = "make", .version = "1", .min_compute_time = absl::Hours(1)},
      Make);
  const auto handle = fast.Recall(2000);
  ASSERT_THAT(handle, IsOk());
  EXPECT_EQ(*store().blobs().Contains(handle->digest()), false);
  EXPECT_EQ(sum()(*handle), 1000);
  EXPECT_EQ(*sum().KeyOf(*handle), *sum().KeyOf(Make(2000)));
}

TEST_F(HandlesTest, AHandleOfAnotherStoreIsAnArgumentAsWell) {
  const auto other = testing::OpenStore(dir_.path() / "other");
  const auto handle =
      Memoize(*other, {.name = "make", .version = "1"}, Make).Recall(2000);
  const auto f = Memoize(
      store(),
      {.name = "sum", .version = "1", .keep_arguments = KeepArguments::kAll},
      Sum);
  EXPECT_EQ(f(*handle), 1000);
  EXPECT_TRUE(f.Calls()[0].record().arguments[0].kept);
  EXPECT_EQ(f.Calls()[0].argument<0>()->values.size(), 2000u);
}

TEST_F(HandlesTest, AKeptArgumentThatIsAResultIsNotWrittenAgain) {
  const auto handle = make().Recall(2000);
  const auto f = Memoize(
      store(),
      {.name = "sum", .version = "1", .keep_arguments = KeepArguments::kAll},
      Sum);
  writes = 0;
  EXPECT_EQ(f(*handle), 1000);
  EXPECT_EQ(writes, 0);
  EXPECT_EQ(*f.Calls()[0].argument<0>(), Make(2000));
}

TEST_F(HandlesTest, TypesThatDoNotMatchAreNotTaken) {
  using F = decltype(sum());
  static_assert(std::is_invocable_v<F, Remembered<Grid>>);
  static_assert(std::is_invocable_v<F, Hashed<Grid>>);
  static_assert(!std::is_invocable_v<F, Remembered<double>>);
  static_assert(!std::is_invocable_v<F, Hashed<std::vector<double>>>);
  using G = decltype(step());
  static_assert(std::is_invocable_v<G, Remembered<Grid>, Hashed<double>>);
  static_assert(!std::is_invocable_v<G, Remembered<Grid>, Hashed<float>>);
  static_assert(!std::is_invocable_v<G, Remembered<Grid>>);
}

}  // namespace
}  // namespace ireneo

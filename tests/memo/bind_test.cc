// Functions that were given part of their arguments before they are memoized.

#include "ireneo/memo/bind.h"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/memo_fixture.h"

namespace ireneo {
namespace {

using ::testing::HasSubstr;

std::atomic<int> executions = 0;

struct Model {
  double mass = 1;

  double Energy(double speed) const {
    ++executions;
    return mass * speed * speed / 2;
  }

  static constexpr char kIreneoType[] = "test.Model/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.mass);
  };
};

double Power(double base, int exponent) {
  ++executions;
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= base;
  return power;
}

std::string Join(std::string_view a, const std::vector<int>& b, int c) {
  ++executions;
  return std::string(a) + std::to_string(b.size()) + std::to_string(c);
}

class BindTest : public ::ireneo::testing::MemoFixture {
 protected:
  BindTest() { executions = 0; }
};

TEST_F(BindTest, BoundValuesAreInTheKey) {
  const MemoizeOptions options = {.name = "power", .version = "1"};
  const auto of_two = Memoize(store(), options, Bind(Power, 2));
  const auto of_three = Memoize(store(), options, Bind(Power, 3.0));
  static_assert(std::is_invocable_r_v<double, decltype(of_two), int>);
  static_assert(!std::is_invocable_v<decltype(of_two), double, int>);
  EXPECT_EQ(of_two(10), 1024);
  EXPECT_EQ(of_three(2), 9);
  EXPECT_EQ(of_two(10), 1024);
  EXPECT_EQ(executions, 2);
  // The same call as that of the function with all arguments.
  EXPECT_EQ(Memoize(store(), options, Power)(2, 10), 1024);
  EXPECT_EQ(executions, 2);
}

TEST_F(BindTest, AMemberFunctionOfABoundObject) {
  const MemoizeOptions options = {
      .name = "energy", .version = "1", .argument_names = {"model", "speed"}};
  const auto light = Memoize(store(), options, Bind(&Model::Energy, Model{2}));
  const auto heavy = Memoize(store(), options, Bind(&Model::Energy, Model{4}));
  EXPECT_EQ(light(3), 9);
  EXPECT_EQ(heavy(3), 18);
  EXPECT_EQ(light(3), 9);
  EXPECT_EQ(executions, 2);
  const auto calls = light.Calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].argument<0>()->mass, 4);
  EXPECT_EQ(*calls[0].argument<1>(), 3);
  EXPECT_EQ(calls[0].record().arguments[0].name, "model");
  EXPECT_THAT(light.Explain(5)->ToString(),
              HasSubstr("argument `speed`: 3 before, 5 now"));
}

TEST_F(BindTest, ALambdaInsteadOfCaptures) {
  const std::vector<int> weights = {1, 2, 3};
  const auto f = Memoize(store(), {.name = "weighted", .version = "1"},
                         Bind(
                             [](const std::vector<int>& w, int i) {
                               ++executions;
                               return w[static_cast<std::size_t>(i)];
                             },
                             weights));
  EXPECT_EQ(f(2), 3);
  EXPECT_EQ(f.Recompute(2), 3);
  EXPECT_EQ(**f.Lookup(2), 3);
  EXPECT_EQ(*f.Recall(2)->Load(), 3);
  EXPECT_EQ(f.Trace(2)->value, 3);
  EXPECT_EQ(executions, 2);
}

TEST_F(BindTest, ViewsAreBoundAsWhatTheyView) {
  const auto bind = [] {
    std::string text = "temporary";
    return Bind(Join, std::string_view(text), std::vector<int>{1, 2});
  };
  const auto f = Memoize(store(), {.name = "join", .version = "1"}, bind());
  EXPECT_EQ(f(7), "temporary27");
  EXPECT_EQ(Memoize(store(), {.name = "join", .version = "1"}, Join)(
                "temporary", {1, 2}, 7),
            "temporary27");
  EXPECT_EQ(executions, 1);
}

TEST_F(BindTest, AllArgumentsOrNone) {
  const auto all =
      Memoize(store(), {.name = "power", .version = "1"}, Bind(Power, 2, 3));
  EXPECT_EQ(all(), 8);
  EXPECT_EQ(all(), 8);
  const auto none =
      Memoize(store(), {.name = "power", .version = "1"}, Bind(Power));
  EXPECT_EQ(none(2, 3), 8);
  EXPECT_EQ(executions, 1);
}

TEST_F(BindTest, ABoundFunctionIsSeededAndAHandleGoesToTheRest) {
  const auto make = Memoize(store(), {.name = "make", .version = "1"},
                            [](int n) { return n; });
  const auto handle = make.Recall(5);
  const auto f =
      Memoize(store(), {.name = "power", .version = "1"}, Bind(Power, 2));
  EXPECT_EQ(f(*handle), 32);
  EXPECT_EQ(f.Seeded(1)(*handle), 32);
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(f(5), 32);
  EXPECT_EQ(executions, 2);
}

}  // namespace
}  // namespace ireneo

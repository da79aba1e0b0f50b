// Results that were stored when their type had an older name.

#include "ireneo/serializers/upgrade.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::TemporaryDirectory;

struct ParamsV1 {
  double tolerance = 0;

  static constexpr char kIreneoType[] = "test.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance);
  };
};

struct ParamsV2 {
  double tolerance = 0;
  int steps = 0;

  static constexpr char kIreneoType[] = "test.Params/2";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.steps);
  };
};

struct Params {
  double tolerance = 0;
  std::string steps = {};

  static constexpr char kIreneoType[] = "test.Params/12";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.steps);
  };
  bool operator==(const Params&) const = default;
};

// What `From` needs is itself remembered, under a type that it upgrades.
struct SpeedV1 {
  double value = 0;

  static constexpr char kIreneoType[] = "test.Speed/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value);
  };
};

struct Speed {
  double value = 0;

  static constexpr char kIreneoType[] = "test.Speed/2";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value);
  };
  bool operator==(const Speed&) const = default;
};

std::string name_in_from;

struct UnitV1 {
  std::string name = {};

  static constexpr char kIreneoType[] = "test.Unit/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.name);
  };
};

struct Unit {
  int code = 0;

  static constexpr char kIreneoType[] = "test.Unit/2";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.code);
  };
  bool operator==(const Unit&) const = default;
};

// The same struct, of old and of new members.
template <typename P, typename U>
struct Fit {
  std::vector<P> params = {};
  std::map<std::string, U> units = {};

  static constexpr char kIreneoType[] = "test.Fit/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.params, self.units);
  };
  bool operator==(const Fit&) const = default;
};

}  // namespace

template <>
struct Upgrade<ParamsV2> {
  using Old = ParamsV1;
  static ParamsV2 From(ParamsV1 old) {
    return {.tolerance = old.tolerance, .steps = 100};
  }
};

template <>
struct Upgrade<Params> {
  using Old = ParamsV2;
  static Params From(ParamsV2 old) {
    return {.tolerance = old.tolerance, .steps = absl::StrCat(old.steps)};
  }
};

template <>
struct Upgrade<Speed> {
  using Old = SpeedV1;
  static Speed From(SpeedV1 old) {
    name_in_from = TypeName<std::vector<Speed>>();
    return {old.value * 1000};
  }
};

template <>
struct Upgrade<Unit> {
  using Old = UnitV1;
  static absl::StatusOr<Unit> From(const UnitV1& old) {
    if (old.name == "m") return Unit{1};
    return absl::InvalidArgumentError(
        absl::StrCat("no code for '", old.name, "'"));
  }
};

namespace {

int computed = 0;

// A memoized function that makes a `T` of a number; all have one name.
template <typename T, T (*kMake)(int)>
auto Function(const MemoStore& store) {
  return Memoize(
      store, {.name = "test.Make", .version = "1"}, +[](int n) {
        ++computed;
        return kMake(n);
      });
}

ParamsV1 MakeParamsV1(int n) { return {n / 2.0}; }
ParamsV2 MakeParamsV2(int n) { return {n / 2.0, n}; }
Params MakeParams(int n) { return {n * 1.0, "new"}; }

template <typename P, typename U>
Fit<P, U> MakeFit(int n) {
  Fit<P, U> fit;
  fit.params.resize(n);
  fit.units["length"] = {};
  if constexpr (std::is_same_v<U, UnitV1>) {
    fit.units["length"].name = n < 100 ? "m" : "furlong";
  }
  for (P& params : fit.params) params.tolerance = n;
  return fit;
}

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    computed = 0;
    absl::StatusOr<MemoStore> store =
        testing::OpenStore(directory_.path() / "s");
    ASSERT_TRUE(store.ok()) << store.status();
    store_.emplace(*std::move(store));
  }

  const MemoStore& store() const { return *store_; }

 private:
  TemporaryDirectory directory_;
  std::optional<MemoStore> store_;
};

TEST_F(UpgradeTest, OldResultsAreHits) {
  Function<ParamsV1, MakeParamsV1>(store())(1);
  Function<ParamsV2, MakeParamsV2>(store())(2);
  ASSERT_EQ(computed, 2);
  const auto make = Function<Params, MakeParams>(store());
  EXPECT_EQ(make(1), (Params{0.5, "100"}));  // In two steps.
  EXPECT_EQ(make(2), (Params{1, "2"}));
  EXPECT_EQ(computed, 2);
  EXPECT_EQ(make(3), (Params{3, "new"}));
  EXPECT_EQ(computed, 3);
  EXPECT_EQ(make(3), (Params{3, "new"}));
  EXPECT_EQ(computed, 3);
  EXPECT_EQ(store().Stats()->hits, 3);
}

TEST_F(UpgradeTest, InsideOfContainersAndStructsInAnyCombination) {
  Function<Fit<ParamsV1, UnitV1>, MakeFit<ParamsV1, UnitV1>>(store())(1);
  Function<Fit<ParamsV2, UnitV1>, MakeFit<ParamsV2, UnitV1>>(store())(2);
  Function<Fit<ParamsV1, Unit>, MakeFit<ParamsV1, Unit>>(store())(3);
  Function<Fit<Params, UnitV1>, MakeFit<Params, UnitV1>>(store())(4);
  // The third and the fourth have read the old ones' types, not their keys.
  ASSERT_EQ(computed, 4);
  const auto make = Function<Fit<Params, Unit>, MakeFit<Params, Unit>>(store());
  EXPECT_EQ(make(1).params, (std::vector<Params>(1, {1, "100"})));
  EXPECT_EQ(make(1).units.at("length"), Unit{1});
  EXPECT_EQ(make(2).params, (std::vector<Params>(2, {2, "0"})));
  EXPECT_EQ(make(3).units.at("length"), Unit{0});
  EXPECT_EQ(make(3).params, (std::vector<Params>(3, {3, "100"})));
  EXPECT_EQ(make(4).params, (std::vector<Params>(4, {4, ""})));
  EXPECT_EQ(make(4).units.at("length"), Unit{1});
  EXPECT_EQ(computed, 4);
}

TEST_F(UpgradeTest, FailedUpgradeIsAMissAndLosesNothing) {
  const auto old =
      Function<Fit<Params, UnitV1>, MakeFit<Params, UnitV1>>(store());
  old(100);
  const auto make = Function<Fit<Params, Unit>, MakeFit<Params, Unit>>(store());
  EXPECT_EQ(*make.Lookup(100), std::nullopt);
  const auto handle = make.Recall(100);
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_TRUE(handle->Load().ok());
  EXPECT_EQ(computed, 2);
  make(100);
  old(100);
  EXPECT_EQ(computed, 2);
}

TEST_F(UpgradeTest, AllMembersFindOldResults) {
  Function<ParamsV2, MakeParamsV2>(store())(2);
  const auto make = Function<Params, MakeParams>(store());
  const Params expected = {1, "2"};
  EXPECT_TRUE(*make.Contains(2));
  EXPECT_EQ(*make.Lookup(2), expected);
  const absl::StatusOr<Remembered<Params>> handle = make.Recall(2);
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_EQ(*handle->Load(), expected);
  EXPECT_EQ(handle->record().result_type, "test.Params/2{f64,i32}");
  ASSERT_EQ(make.Calls().size(), 1);
  EXPECT_EQ(*make.Calls()[0].result(), expected);
  EXPECT_EQ(*make.Calls()[0].argument<0>(), 2);
  EXPECT_EQ(make.Calls(CallScope::kAllVersions).size(), 1);
  EXPECT_EQ(computed, 1);
  EXPECT_TRUE(make.Forget(2).ok());
  EXPECT_FALSE(*make.Contains(2));
  EXPECT_EQ(make(2), (Params{2, "new"}));
}

SpeedV1 MakeSpeedV1(int n) { return {n * 1.0}; }
Speed MakeSpeed(int n) { return {n * 1000.0}; }

TEST_F(UpgradeTest, FromRunsUnderTheTypesOwnNames) {
  Function<SpeedV1, MakeSpeedV1>(store())(2);
  EXPECT_EQ((Function<Speed, MakeSpeed>(store())(2)), (Speed{2000}));
  EXPECT_EQ(computed, 1);
  EXPECT_EQ(name_in_from, "vector<test.Speed/2{f64}>");
}

struct HashOfSpeed {
  template <typename T>
  std::size_t operator()(const T& speed) const {
    return std::hash<double>()(speed.value);
  }
};
struct SameSpeed {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a.value == b.value;
  }
};
struct Faster {  // The order that upgrading turns round.
  bool operator()(SpeedV1 a, SpeedV1 b) const { return a.value < b.value; }
  bool operator()(Speed a, Speed b) const { return a.value > b.value; }
};

template <typename T>
using Speeds = std::pair<std::unordered_set<T, HashOfSpeed, SameSpeed>,
                         std::set<T, Faster>>;
template <typename T>
Speeds<T> MakeSpeeds(int n) {
  Speeds<T> speeds;
  for (int i = 0; i < n; ++i) {
    speeds.first.insert({1.0 * i});
    speeds.second.insert({1.0 * i});
  }
  return speeds;
}

TEST_F(UpgradeTest, KeysOfContainersMayChangeTheirOrder) {
  Function<Speeds<SpeedV1>, MakeSpeeds<SpeedV1>>(store())(100);
  const auto speeds = Function<Speeds<Speed>, MakeSpeeds<Speed>>(store())(100);
  EXPECT_EQ(computed, 1);
  EXPECT_EQ(speeds.first.size(), 100);
  EXPECT_TRUE(speeds.first.contains(Speed{99'000}));
  EXPECT_EQ(speeds.second.begin()->value, 99'000);
}

TEST_F(UpgradeTest, OldProgramsDoNotReadNewResults) {
  Function<Params, MakeParams>(store())(1);
  const auto old = Function<ParamsV1, MakeParamsV1>(store());
  EXPECT_FALSE(*old.Contains(1));
  EXPECT_TRUE(old.Calls(CallScope::kAllVersions).empty());
}

TEST_F(UpgradeTest, AnotherVersionIsAnotherFunction) {
  Function<ParamsV2, MakeParamsV2>(store())(2);
  const auto make =
      Memoize(store(), {.name = "test.Make", .version = "2"}, MakeParams);
  EXPECT_FALSE(*make.Contains(2));
  EXPECT_EQ(make.Calls(CallScope::kAllVersions).size(), 1);
}

TEST(UpgradeNamesTest, AreWholeWords) {
  EXPECT_TRUE(internal::NamesType("test.A/1", "test.A/1"));
  EXPECT_TRUE(internal::NamesType("vector<test.A/1{f64}>", "test.A/1"));
  EXPECT_FALSE(internal::NamesType("vector<test.A/12{f64}>", "test.A/1"));
  EXPECT_TRUE(internal::NamesType("tuple<test.A/12,test.A/1>", "test.A/1"));
  EXPECT_FALSE(internal::NamesType("another.test.A/1", "test.A/1"));
  EXPECT_FALSE(internal::NamesType("", "test.A/1"));
}

}  // namespace
}  // namespace ireneo

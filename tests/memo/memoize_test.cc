#include "ireneo/memo/memoize.h"

#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::HasSubstr;

// How often the functions below ran: lambdas without captures must reach it.
std::atomic<int> executions = 0;

class MemoizeTest : public ::testing::Test {
 protected:
  MemoizeTest() { executions = 0; }

  void Open() {
    absl::StatusOr<MemoStore> store = testing::OpenStore(
        dir_.path() / "store", {.observer = [this](const CallEvent& event) {
          events_.push_back({std::string(event.function), event.hit,
                             event.result_bytes, event.fault});
        }});
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
  }
  void SetUp() override { Open(); }

  struct Event {
    std::string function;
    bool hit;
    std::uint64_t result_bytes;
    absl::Status fault;
  };

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
  std::vector<Event> events_;
};

double Hypotenuse(double a, double b) {
  ++executions;
  return std::sqrt(a * a + b * b);
}

TEST_F(MemoizeTest, ComputesOnceAndRemembersForEver) {
  {
    const auto f = Memoize(*store_, {.name = "test.Hypotenuse", .version = "1"},
                           Hypotenuse);
    EXPECT_EQ(f(3, 4), 5);
    EXPECT_EQ(f(3, 4), 5);
    EXPECT_EQ(executions, 1);
  }
  store_.reset();
  Open();
  const auto f =
      Memoize(*store_, {.name = "test.Hypotenuse", .version = "1"}, Hypotenuse);
  EXPECT_EQ(f(3, 4), 5);
  EXPECT_EQ(executions, 1);
  EXPECT_EQ(f(4, 3), 5);
  EXPECT_EQ(executions, 2);
}

TEST_F(MemoizeTest, HasTheSignatureOfTheFunction) {
  const auto f = Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse);
  static_assert(std::is_same_v<decltype(f(1, 2)), double>);
  const std::function<double(double, double)> g = f;
  EXPECT_EQ(g(3, 4), 5);
  EXPECT_EQ(f(3.0f, 4), 5);  // Arguments convert as for the function itself.
  EXPECT_EQ(executions, 1);
}

TEST_F(MemoizeTest, AMemoizedFunctionKeepsItsStoreOpen) {
  const auto f = Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse);
  store_.reset();
  EXPECT_EQ(f(3, 4), 5);
  EXPECT_EQ(f(3, 4), 5);
  EXPECT_EQ(executions, 1);
}

TEST_F(MemoizeTest, NameVersionSaltsAndCalleesSeparateResults) {
  const std::vector<MemoizeOptions> options = {
      {.name = "h", .version = "1"},
      {.name = "i", .version = "1"},
      {.name = "h", .version = "2"},
      {.name = "h", .version = "1", .callees = {"x"}},
      {.name = "h", .version = "1", .salts = {{"blas", "a"}}},
      {.name = "h", .version = "1", .salts = {{"blas", "b"}}},
  };
  for (int round = 0; round < 2; ++round) {
    for (const MemoizeOptions& option : options) {
      EXPECT_EQ(Memoize(*store_, option, Hypotenuse)(3, 4), 5);
    }
    // In the second round, each version is gone back to.
    EXPECT_EQ(executions, static_cast<int>(options.size()));
  }
}

TEST_F(MemoizeTest, ArgumentNamesAreNotPartOfTheKey) {
  const auto a = Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse);
  const auto b = Memoize(
      *store_, {.name = "h", .version = "1", .argument_names = {"a", "b"}},
      Hypotenuse);
  EXPECT_EQ(*a.KeyOf(1, 2), *b.KeyOf(1, 2));
  a(1, 2);
  b(2, 3);  // The names are those that were given last.
  EXPECT_EQ(a.Calls()[1].record().arguments[1].name, "b");
}

TEST_F(MemoizeTest, AVersionTellsOfWhatItsFunctionCalls) {
  const auto version = [&](std::string salt, std::vector<std::string> callees) {
    return Memoize(*store_,
                   {.name = "h",
                    .version = "1",
                    .callees = std::move(callees),
                    .salts = {{"s", std::move(salt)}}},
                   Hypotenuse)
        .version();
  };
  EXPECT_EQ(
      Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse).version(),
      "1");
  EXPECT_NE(version("x", {}), version("y", {}));
  EXPECT_NE(version("x", {version("x", {})}), version("x", {version("y", {})}));
}

TEST_F(MemoizeTest, TypesOfParametersAndResultSeparateResults) {
  const MemoizeOptions options = {.name = "f", .version = "1"};
  EXPECT_EQ(Memoize(*store_, options, [](double x) { return x; })(1), 1.0);
  EXPECT_EQ(Memoize(*store_, options, [](float x) { return x; })(1), 1.0f);
  EXPECT_EQ(Memoize(*store_, options, [](double x) { return int(x); })(1), 1);
  EXPECT_EQ(store_->Stats()->calls, 3);
}

TEST_F(MemoizeTest, ViewsMakeTheKeysOfWhatTheyView) {
  const MemoizeOptions options = {.name = "f", .version = "1"};
  const auto by_view = Memoize(*store_, options, [](std::string_view s) {
    ++executions;
    return s.size() + 0.0;
  });
  const auto by_value = Memoize(*store_, options, [](std::string s) {
    ++executions;
    return s.size() + 0.0;
  });
  EXPECT_EQ(by_view("abc"), 3);
  EXPECT_EQ(by_value("abc"), 3);
  EXPECT_EQ(executions, 1);

  const auto sum_span =
      Memoize(*store_, options, [](std::span<const double> v) {
        ++executions;
        return v[0];
      });
  const auto sum_vector =
      Memoize(*store_, options, [](const std::vector<double>& v) {
        ++executions;
        return v[0];
      });
  const std::vector<double> v(100, 2.5);
  EXPECT_EQ(sum_vector(v), 2.5);
  EXPECT_EQ(sum_span(v), 2.5);
  EXPECT_EQ(executions, 2);
}

TEST_F(MemoizeTest, NoArgumentsAndManyArguments) {
  const auto none = Memoize(*store_, {.name = "n", .version = "1"}, [] {
    ++executions;
    return std::string("constant");
  });
  EXPECT_EQ(none(), "constant");
  EXPECT_EQ(none(), "constant");
  EXPECT_EQ(executions, 1);
  const auto many = Memoize(
      *store_, {.name = "m", .version = "1"},
      [](int a, int b, int c, int d, int e, int f, int g, int h, int i, int j,
         int k, int l, int m, int n, int o, int p, int q, int r) {
        ++executions;
        return a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p +
               q - r;
      });
  EXPECT_EQ(many(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2), 15);
  EXPECT_EQ(many(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2), 15);
  EXPECT_EQ(many(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1), 17);
  EXPECT_EQ(executions, 3);
}

TEST_F(MemoizeTest, OnlyOkResultsAreRemembered) {
  const auto f = Memoize(*store_, {.name = "s", .version = "1"},
                         [](int x) -> absl::StatusOr<std::string> {
                           ++executions;
                           if (x < 0) return absl::OutOfRangeError("negative");
                           return std::string(x, 'x');
                         });
  static_assert(std::is_same_v<decltype(f(1)), absl::StatusOr<std::string>>);
  EXPECT_EQ(*f(3), "xxx");
  EXPECT_EQ(*f(3), "xxx");
  EXPECT_EQ(executions, 1);
  EXPECT_THAT(f(-1), StatusIs(absl::StatusCode::kOutOfRange, "negative"));
  EXPECT_THAT(f(-1), StatusIs(absl::StatusCode::kOutOfRange, "negative"));
  EXPECT_EQ(executions, 3);
  EXPECT_THAT(f.Recall(-1), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(*f.Recall(3)->Load(), "xxx");
  EXPECT_EQ(**f.Lookup(3), "xxx");
  EXPECT_EQ(store_->Stats()->calls, 1);
}

TEST_F(MemoizeTest, ExceptionsPassThroughAndAreNotRemembered) {
  const auto f =
      Memoize(*store_, {.name = "t", .version = "1"}, [](int x) -> int {
        ++executions;
        if (x < 0) throw std::runtime_error("negative");
        return x;
      });
  EXPECT_THROW(f(-1), std::runtime_error);
  EXPECT_THROW(f(-1), std::runtime_error);
  EXPECT_EQ(executions, 2);
  EXPECT_EQ(*f.Contains(-1), false);
  EXPECT_EQ(f(1), 1);
}

TEST_F(MemoizeTest, ArgumentsMayBeMovedFrom) {
  const auto f = Memoize(
      *store_,
      {.name = "m", .version = "1", .keep_arguments = KeepArguments::kAll},
      [](std::vector<std::string> v) {
        ++executions;
        std::vector<std::string> taken = std::move(v);
        taken.push_back("end");
        return taken;
      });
  const std::vector<std::string> v(1000, "some string");
  EXPECT_EQ(f(v).size(), 1001u);
  EXPECT_EQ(f(std::vector(v)).size(), 1001u);
  EXPECT_EQ(executions, 1);
  const auto calls = f.Calls();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(*calls[0].argument<0>(), v);
}

double Fibonacci(int n);
std::function<double(int)> fibonacci = Fibonacci;
double Fibonacci(int n) {
  ++executions;
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

TEST_F(MemoizeTest, AFunctionMayCallItsMemoizedSelf) {
  fibonacci = Memoize(*store_, {.name = "fib", .version = "1"}, Fibonacci);
  EXPECT_EQ(fibonacci(60), 1548008755920);
  EXPECT_EQ(executions, 61);
  fibonacci = Fibonacci;
}

TEST_F(MemoizeTest, LookupContainsAndForget) {
  const auto f = Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse);
  EXPECT_EQ(*f.Lookup(3, 4), std::nullopt);
  EXPECT_EQ(*f.Contains(3, 4), false);
  EXPECT_EQ(executions, 0);
  f(3, 4);
  EXPECT_EQ(*f.Lookup(3, 4), 5);
  EXPECT_EQ(*f.Contains(3, 4), true);
  EXPECT_EQ(*f.Contains(4, 3), false);
  EXPECT_THAT(f.Forget(3, 4), IsOk());
  EXPECT_THAT(f.Forget(3, 4), IsOk());
  EXPECT_EQ(*f.Lookup(3, 4), std::nullopt);
  EXPECT_EQ(executions, 1);
  EXPECT_EQ(f(3, 4), 5);
  EXPECT_EQ(executions, 2);
}

TEST_F(MemoizeTest, RecallIsAHandleToTheResult) {
  const auto f = Memoize(
      *store_, {.name = "range", .version = "1", .argument_names = {"size"}},
      [](int n) {
        ++executions;
        std::vector<double> v(n);
        for (int i = 0; i < n; ++i) v[i] = i;
        return v;
      });
  for (const int n : {0, 10, 10000}) {
    executions = 0;
    const auto computed = f.Recall(n);
    ASSERT_THAT(computed, IsOk());
    EXPECT_EQ(executions, 1);
    EXPECT_EQ(computed->Load()->size(), static_cast<std::size_t>(n));
    const auto remembered = f.Recall(n);
    ASSERT_THAT(remembered, IsOk());
    EXPECT_EQ(executions, 1);
    EXPECT_EQ(remembered->digest(), computed->digest());
    EXPECT_EQ(remembered->digest(), RefOf(f(n))->digest);
    EXPECT_EQ(remembered->record().key, *f.KeyOf(n));
    EXPECT_EQ(remembered->record().arguments[0].name, "size");
    const auto view = remembered->View();
    ASSERT_THAT(view, IsOk());
    EXPECT_EQ(std::vector<double>(view->begin(), view->end()), f(n));
    if (n > 0) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data()) % 64, 0u);
    }
  }
}

TEST_F(MemoizeTest, RecallLoadsNothingOnAHit) {
  const auto f = Memoize(*store_, {.name = "big", .version = "1"},
                         [](int n) { return std::vector<double>(n, 1.5); });
  const auto handle = f.Recall(10000);
  ASSERT_THAT(handle, IsOk());
  std::filesystem::remove(store_->BlobPath(handle->digest()));
  IRENEO_SKIP_WITHOUT_DATABASE();  // A file is all that tells of a blob there.
  EXPECT_THAT(f.Recall(10000), IsOk());  // Nobody looked at the file.
  EXPECT_THAT(handle->Load(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(*f.Recall(10000)->Load(), ::testing::SizeIs(10000));
}

TEST_F(MemoizeTest, CallsAreTypedAndNewestFirst) {
  const auto f = Memoize(
      *store_,
      {.name = "repeat", .version = "1", .argument_names = {"text", "times"}},
      [](std::string_view text, int times) {
        std::string s;
        for (int i = 0; i < times; ++i) s += text;
        return s;
      });
  EXPECT_TRUE(f.Calls().empty());
  f("ab", 2);
  f("c", 3);
  const auto calls = f.Calls();
  ASSERT_TRUE(calls.ok()) << calls.status();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(*calls[0].argument<0>(), "c");
  EXPECT_EQ(*calls[0].argument<1>(), 3);
  EXPECT_EQ(*calls[0].result(), "ccc");
  EXPECT_GE(calls[0].elapsed(), absl::ZeroDuration());
  EXPECT_EQ(calls[1].record().arguments[1].name, "times");
  int seen = 0;
  for (const auto& call : f.Calls()) seen += call.result()->size();
  EXPECT_EQ(seen, 7);
}

TEST_F(MemoizeTest, CallsOfOneOrOfAllVersions) {
  const auto at = [&](std::string version, std::string salt) {
    return Memoize(*store_,
                   {.name = "h",
                    .version = std::move(version),
                    .salts = {{"s", std::move(salt)}}},
                   Hypotenuse);
  };
  at("1", "x")(3, 4);
  at("1", "y")(3, 4);
  at("2", "x")(3, 4);
  // Another signature under the same name.
  Memoize(*store_, {.name = "h", .version = "1"}, [](int x) { return x; })(1);
  EXPECT_EQ(at("1", "x").Calls().size(), 1u);
  EXPECT_EQ(at("1", "x").Calls(CallScope::kAllVersions).size(), 3u);
  EXPECT_EQ(at("9", "x").Calls().size(), 0u);
}

TEST_F(MemoizeTest, KeepArgumentsDecidesWhatIsKept) {
  const auto function = [](const std::vector<double>& large, double small) {
    return large[0] + small;
  };
  const std::vector<double> large(10000, 1);  // 80 kB.
  const auto kept = [&](KeepArguments keep) {
    const auto f = Memoize(*store_,
                           {.name = "k",
                            .version = std::to_string(static_cast<int>(keep)),
                            .keep_arguments = keep},
                           function);
    f(large, 0.5);
    const auto calls = f.Calls();
    const bool first = calls[0].record().arguments[0].kept;
    EXPECT_EQ(calls[0].template argument<0>().ok(), first);
    if (!first) {
      EXPECT_THAT(calls[0].template argument<0>(),
                  StatusIs(absl::StatusCode::kNotFound,
                           HasSubstr("keep_arguments = kAll")));
    }
    return std::pair(first, calls[0].record().arguments[1].kept);
  };
  EXPECT_EQ(kept(KeepArguments::kSmall), std::pair(false, true));
  EXPECT_EQ(kept(KeepArguments::kNone), std::pair(false, false));
  EXPECT_EQ(kept(KeepArguments::kAll), std::pair(true, true));
}

TEST_F(MemoizeTest, TheObserverSeesEveryCall) {
  const auto f = Memoize(*store_, {.name = "h", .version = "1"}, Hypotenuse);
  f(3, 4);
  f(3, 4);
  ASSERT_THAT(f.Recall(3, 4), IsOk());
  ASSERT_EQ(events_.size(), 3u);
  EXPECT_EQ(events_[0].function, "h");
  EXPECT_FALSE(events_[0].hit);
  EXPECT_TRUE(events_[1].hit);
  EXPECT_TRUE(events_[2].hit);
  for (const Event& event : events_) {
    EXPECT_EQ(event.result_bytes, 8u);
    EXPECT_THAT(event.fault, IsOk());
  }
}

TEST_F(MemoizeTest, BadOptionsComputeEveryCallAndSayWhy) {
  const auto unnamed = Memoize(*store_, {.version = "1"}, Hypotenuse);
  EXPECT_EQ(unnamed(3, 4), 5);
  EXPECT_EQ(unnamed(3, 4), 5);
  EXPECT_EQ(executions, 2);
  EXPECT_THAT(events_.back().fault,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("set MemoizeOptions::name")));
  EXPECT_THAT(unnamed.status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(unnamed.KeyOf(3, 4),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(unnamed.Recall(3, 4),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const auto misnamed = Memoize(
      *store_, {.name = "h", .version = "1", .argument_names = {"only one"}},
      Hypotenuse);
  EXPECT_EQ(misnamed(3, 4), 5);
  EXPECT_THAT(misnamed.Contains(3, 4),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("2 parameters and 1 argument names")));
  const auto binary = Memoize(
      *store_, {.name = "h", .version = "1", .salts = {{"seed", "\xff\x01"}}},
      Hypotenuse);
  EXPECT_EQ(binary(3, 4), 5);
  EXPECT_THAT(binary.Contains(3, 4),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'\\xff\\x01' in its options")));
  EXPECT_EQ(store_->Stats()->calls, 0);
  EXPECT_GE(store_->Stats()->faults, 2);
}

struct Unwritable {
  int value = 0;
};

}  // namespace

template <>
struct Serializer<Unwritable> {
  static std::string TypeName() { return "test.Unwritable/1"; }
  static void Write(const Unwritable& value, Sink& sink) {
    if (value.value == 1) throw std::runtime_error("no such number");
    if (value.value == 2) sink.Fail(absl::InvalidArgumentError("not a two"));
    sink.WriteU32(static_cast<std::uint32_t>(value.value));
  }
  static absl::StatusOr<Unwritable> Read(Source& source) {
    return Unwritable{.value = static_cast<int>(source.ReadU32())};
  }
};

namespace {

TEST_F(MemoizeTest, AFailingSerializerNeverFailsACall) {
  const auto f = Memoize(*store_, {.name = "u", .version = "1"},
                         [](const Unwritable& x, int result) {
                           ++executions;
                           return Unwritable{.value = x.value + result};
                         });
  EXPECT_EQ(f({.value = 5}, 5).value, 10);
  EXPECT_THAT(events_.back().fault, IsOk());
  EXPECT_EQ(f({.value = 1}, 5).value, 6);
  EXPECT_THAT(events_.back().fault, StatusIs(absl::StatusCode::kInternal,
                                             HasSubstr("no such number")));
  EXPECT_EQ(f({.value = 2}, 5).value, 7);
  EXPECT_THAT(events_.back().fault,
              StatusIs(absl::StatusCode::kInvalidArgument, "not a two"));
  EXPECT_EQ(f({.value = 0}, 1).value, 1);
  EXPECT_THAT(events_.back().fault, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(f({.value = 0}, 2).value, 2);
  EXPECT_THAT(events_.back().fault,
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(executions, 5);
  EXPECT_EQ(store_->Stats()->calls, 1);
}

}  // namespace
}  // namespace ireneo

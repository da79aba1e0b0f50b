// Sequences, arrays, sets and maps: serializers/sequences.h, sets_and_maps.h.
// Vectors have a test of their own, standard_test.cc.

#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;

template <typename T>
std::string Bytes(const T& value) {
  const absl::StatusOr<std::string> bytes = BytesOf(value);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

template <typename T>
void ExpectDataLoss(const std::string& bytes) {
  EXPECT_EQ(FromBytes<T>(bytes).status().code(), absl::StatusCode::kDataLoss)
      << TypeName<T>();
}

TEST(SequencesTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<std::deque<double>>(
      {{}, {0}, {1}, {0, 0}, {1, 2}, {2, 1}, std::deque<double>(20)}));
  EXPECT_TRUE(VerifySerializer<std::list<std::string>>(
      {{}, {""}, {"a"}, {"", ""}, {"ab"}, {"a", "b"}}));
  EXPECT_TRUE(VerifySerializer<std::list<std::int16_t>>({{}, {0}, {1, 2}}));
  EXPECT_TRUE(VerifySerializer<std::forward_list<int>>(
      {{}, {0}, {1, 2}, {2, 1}, std::forward_list<int>(20)}));
  EXPECT_TRUE(VerifySerializer<std::forward_list<std::string>>(
      {{}, {""}, {"a", "b"}, {"b", "a"}}));
  EXPECT_TRUE(VerifySerializer<std::deque<bool>>({{}, {false}, {true, true}}));
}

TEST(SequencesTest, OfEqualElementsAreEqual) {
  const std::vector<double> vector(30, 1.5);
  const auto ref = RefOf(vector);
  EXPECT_EQ(RefOf(std::deque<double>(30, 1.5)), ref);
  EXPECT_EQ(RefOf(std::list<double>(30, 1.5)), ref);
  EXPECT_EQ(RefOf(std::forward_list<double>(30, 1.5)), ref);
  EXPECT_EQ(RefOf(std::span<const double>(vector)), ref);
  EXPECT_EQ(RefOf(std::list<std::string>{"a", "b"}),
            RefOf(std::vector<std::string>{"a", "b"}));
}

TEST(SequencesTest, ReadFromWhereverTheyLie) {
  using T = std::tuple<bool, std::list<double>, std::deque<std::uint16_t>>;
  EXPECT_TRUE(VerifySerializer<T>({T(true, {1, 2}, {3}),
                                   T(true, std::list<double>(9), {}),
                                   T(false, {}, {1, 2, 3})}));
}

TEST(ArraysTest, Serializers) {
  EXPECT_TRUE((VerifySerializer<std::array<double, 3>>(
      {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}})));
  EXPECT_TRUE((VerifySerializer<std::array<std::string, 2>>(
      {{"", ""}, {"a", ""}, {"", "a"}, {"ab", "c"}})));
  EXPECT_TRUE((VerifySerializer<std::array<bool, 2>>(
      {{false, false}, {true, false}, {false, true}})));
  EXPECT_TRUE((VerifySerializer<std::array<int, 0>>({{}})));
  EXPECT_TRUE((VerifySerializer<std::array<std::array<float, 2>, 2>>(
      {{{{1, 2}, {3, 4}}}, {{{1, 3}, {2, 4}}}})));
  EXPECT_TRUE((VerifySerializer<std::tuple<bool, std::array<double, 9>>>(
      {{true, {1}}, {false, {1}}})));
}

TEST(ArraysTest, NumbersAreBulkElementsOfAVector) {
  using Point = std::array<double, 3>;
  EXPECT_TRUE(VerifySerializer<std::vector<Point>>(
      {{}, {{1, 2, 3}}, {{1, 2, 3}, {4, 5, 6}}, std::vector<Point>(100)}));
  const std::vector<Point> points(3, Point{1, 2, 3});
  const std::string bytes = Bytes(points);
  EXPECT_EQ(bytes.size(), 64 + sizeof(points[0]) * points.size());
  const auto view =
      View<std::vector<Point>>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)[2], points[2]);
}

TEST(ArraysTest, AreNeitherVectorsNorOfAnotherSize) {
  EXPECT_EQ((TypeName<std::array<double, 3>>()), "array<f64,3>");
  EXPECT_NE(RefOf(std::array<double, 1>{1}), RefOf(std::vector<double>{1}));
  using Array2 = std::array<double, 2>;
  ExpectDataLoss<Array2>(Bytes(std::array<double, 3>{}));
  ExpectDataLoss<Array2>(Bytes(std::array<double, 1>{}));
}

struct NoDefault {
  explicit NoDefault(int n) : number(n) {}
  int number;
  bool operator==(const NoDefault&) const = default;
};

}  // namespace

template <>
struct Serializer<NoDefault> {
  static std::string TypeName() { return "test.NoDefault/1"; }
  static void Write(const NoDefault& value, Sink& sink) {
    ireneo::Write(value.number, sink);
  }
  static absl::StatusOr<NoDefault> Read(Source& source) {
    return NoDefault(source.ReadScalar<int>());
  }
};

namespace {

TEST(ArraysTest, ElementsNeedNoDefault) {
  using Array = std::array<NoDefault, 2>;
  EXPECT_TRUE(VerifySerializer<Array>(
      {{NoDefault(1), NoDefault(2)}, {NoDefault(2), NoDefault(1)}}));
  EXPECT_TRUE(VerifySerializer<std::list<NoDefault>>({{}, {NoDefault(1)}}));
}

TEST(OrderedTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<std::set<int>>(
      {{}, {0}, {1}, {-1}, {0, 1}, {0, 256}, {-1, 0, 1}}));
  EXPECT_TRUE(VerifySerializer<std::set<std::string>>({{}, {""}, {"a", "b"}}));
  EXPECT_TRUE((VerifySerializer<std::map<std::string, std::vector<double>>>(
      {{}, {{"", {}}}, {{"a", {1}}}, {{"a", {}}, {"b", {1, 2}}}})));
  EXPECT_TRUE(VerifySerializer<std::multiset<int>>({{}, {1}, {1, 1}, {1, 2}}));
  EXPECT_TRUE((VerifySerializer<std::multimap<int, int>>(
      {{}, {{1, 1}}, {{1, 1}, {1, 2}}, {{1, 2}, {1, 1}}, {{1, 1}, {2, 1}}})));
  EXPECT_TRUE((VerifySerializer<std::map<int, int, std::greater<>>>(
      {{}, {{1, 1}}, {{1, 1}, {2, 2}}})));
}

TEST(OrderedTest, ElementsOutOfOrderAreDataLoss) {
  using Set = std::set<int>;
  const auto with = [](const std::vector<int>& elements) {
    std::string bytes = Bytes(std::uint64_t{elements.size()});
    for (const int element : elements) bytes += Bytes(element);
    return bytes;
  };
  EXPECT_TRUE(FromBytes<Set>(with({1, 2, 3})).ok());
  ExpectDataLoss<Set>(with({2, 1}));
  ExpectDataLoss<Set>(with({1, 1}));
  ExpectDataLoss<Set>(with({1, 3, 2}));
  EXPECT_TRUE(FromBytes<std::multiset<int>>(with({1, 1, 2})).ok());
  ExpectDataLoss<std::multiset<int>>(with({1, 2, 1}));
  using Down = std::set<int, std::greater<>>;
  EXPECT_TRUE(FromBytes<Down>(with({2, 1})).ok());
  ExpectDataLoss<Down>(with({1, 2}));
  using Unordered = std::unordered_set<int>;
  EXPECT_TRUE(FromBytes<Unordered>(with({1, 2})).ok());
  ExpectDataLoss<Unordered>(with({2, 1}));
  ExpectDataLoss<Unordered>(with({1, 1}));
  // By bytes, little-endian, and not by value.
  EXPECT_TRUE(FromBytes<Unordered>(with({256, 1})).ok());
  ExpectDataLoss<Unordered>(with({1, 256}));
  EXPECT_TRUE(FromBytes<std::unordered_multiset<int>>(with({1, 1})).ok());
}

TEST(UnorderedTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<std::unordered_set<int>>(
      {{}, {0}, {1}, {0, 1}, {1, 256}, {-1, 0, 1}}));
  EXPECT_TRUE((VerifySerializer<std::unordered_map<std::string, double>>(
      {{}, {{"", 1}}, {{"a", 1}, {"b", 2}}, {{"b", 1}, {"a", 2}}})));
  EXPECT_TRUE(VerifySerializer<std::unordered_multiset<int>>(
      {{}, {1}, {1, 1}, {1, 2}, {1, 2, 1}}));
  EXPECT_TRUE((VerifySerializer<std::unordered_multimap<int, std::string>>(
      {{}, {{1, "a"}}, {{1, "a"}, {1, "b"}}, {{1, "a"}, {1, "a"}}})));
}

TEST(UnorderedTest, HistoryDoesNotShow) {
  std::unordered_map<int, int> forth;
  std::unordered_map<int, int> back;
  back.reserve(5000);
  for (int i = 0; i < 1000; ++i) forth[i] = i * i;
  for (int i = 999; i >= 0; --i) back[i] = i * i;
  ASSERT_NE(std::vector(forth.begin(), forth.end()),
            std::vector(back.begin(), back.end()));
  EXPECT_EQ(RefOf(forth), RefOf(back));
  std::unordered_multimap<int, int> one = {{1, 1}, {1, 2}};
  std::unordered_multimap<int, int> other = {{1, 2}, {1, 1}};
  EXPECT_EQ(RefOf(one), RefOf(other));
}

// Vectors inside of a key are padded by where they stand.
TEST(UnorderedTest, OrderDoesNotDependOnThePlace) {
  using Map = std::map<int, std::set<std::vector<double>>>;
  EXPECT_TRUE(VerifySerializer<Map>({{{1, {{1}, {1, 2}}}, {2, {{3}}}}}));
  struct Hash {
    std::size_t operator()(const std::vector<double>& v) const {
      return v.size();
    }
  };
  using Set = std::unordered_set<std::vector<double>, Hash>;
  using T = std::tuple<bool, Set>;
  EXPECT_TRUE(VerifySerializer<T>(
      {T(true, {{1}, {2, 3}, {}}), T(true, {{1}, {3, 2}, {}})}));
}

struct Node {
  int value = 0;
  std::unordered_map<int, Node> children = {};

  static constexpr char kIreneoType[] = "test.Node/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value, self.children);
  };
};

Node Nested(int depth) {
  Node node;
  for (int i = 1; i < depth; ++i) {
    Node outer;
    outer.children.emplace(i, std::move(node));
    node = std::move(outer);
  }
  return node;
}

// In time proportional to the size, however deep; what is written is read.
TEST(UnorderedTest, MayContainThemselves) {
  const absl::StatusOr<std::string> deepest =
      BytesOf(Nested(kMaxValueDepth / 2));
  ASSERT_TRUE(deepest.ok()) << deepest.status();
  const absl::StatusOr<Node> read = FromBytes<Node>(*deepest);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(BytesOf(*read), deepest);
  EXPECT_EQ(BytesOf(Nested(kMaxValueDepth / 2 + 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(UnorderedTest, TwoKeysWithTheSameBytesAreRefused) {
  std::unordered_set<double> set;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  set.insert(nan);
  EXPECT_TRUE(RefOf(set).ok());
  set.insert(nan);
  ASSERT_EQ(set.size(), 2);
  EXPECT_EQ(RefOf(set).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SetsAndMapsTest, NamesSayWhichOrder) {
  EXPECT_EQ((TypeName<std::map<int, bool>>()), "map<i32,bool>");
  EXPECT_EQ((TypeName<std::multimap<int, bool>>()), "multimap<i32,bool>");
  EXPECT_EQ((TypeName<std::unordered_map<int, bool>>()),
            "unordered_map<i32,bool>");
  EXPECT_EQ((TypeName<std::unordered_multimap<int, bool>>()),
            "unordered_multimap<i32,bool>");
  EXPECT_EQ(TypeName<std::set<int>>(), "set<i32>");
  EXPECT_EQ(TypeName<std::multiset<int>>(), "multiset<i32>");
  EXPECT_EQ(TypeName<std::unordered_set<int>>(), "unordered_set<i32>");
  EXPECT_EQ(TypeName<std::unordered_multiset<int>>(),
            "unordered_multiset<i32>");
}

TEST(SetsAndMapsTest, CountsAreBoundedByTheBytesThatRemain) {
  const std::string huge = Bytes(std::uint64_t{1} << 62) + "0123456789";
  ExpectDataLoss<std::set<int>>(huge);
  ExpectDataLoss<std::unordered_set<std::string>>(huge);
  ExpectDataLoss<std::list<std::string>>(huge);
  ExpectDataLoss<std::forward_list<int>>(huge);
  ExpectDataLoss<std::deque<std::array<double, 100>>>(huge);
}

TEST(SetsAndMapsTest, ElementsWithoutBytesAreRefused) {
  EXPECT_EQ(RefOf(std::set<std::tuple<>>{{}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RefOf(std::list<std::tuple<>>{{}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SetsAndMapsTest, AStatefulOrderIsForArgumentsOnly) {
  using Function = std::function<bool(int, int)>;
  EXPECT_TRUE((Hashable<std::set<int, Function>>));
  EXPECT_FALSE((Storable<std::set<int, Function>>));
}

TEST(MutableViewsTest, AreKnownInsideOfContainers) {
  using Span = std::span<double>;
  EXPECT_TRUE((kMutableView<std::array<Span, 2>>));
  EXPECT_TRUE(kMutableView<std::deque<Span>>);
  EXPECT_TRUE(kMutableView<std::list<Span>>);
  EXPECT_TRUE((kMutableView<std::map<int, Span>>));
  EXPECT_TRUE((kMutableView<std::unordered_map<int, Span>>));
  EXPECT_FALSE((kMutableView<std::map<int, std::span<const double>>>));
}

}  // namespace
}  // namespace ireneo

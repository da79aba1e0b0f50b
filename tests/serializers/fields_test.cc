#include "ireneo/serializers/fields.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;

struct Params {
  double tolerance = 1e-9;
  std::int32_t max_iterations = 100;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.max_iterations);
  };

  friend bool operator==(const Params&, const Params&) = default;
};

struct Empty {
  static constexpr std::string_view kIreneoType = "acme.Empty/1";
  static constexpr auto IreneoFields = [](auto&, auto&& visit) { visit(); };

  friend bool operator==(const Empty&, const Empty&) = default;
};

struct Nested {
  std::string name = {};
  Params params = {};
  std::vector<Params> history = {};
  std::optional<Empty> empty = {};

  static constexpr std::string_view kIreneoType = "acme.Nested/2";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.name, self.params, self.history, self.empty);
  };

  friend bool operator==(const Nested&, const Nested&) = default;
};

// Has both; what is written for the type itself counts.
struct Both : Params {};

// A view among the fields: an argument, not a result.
struct Query {
  std::string_view text;

  static constexpr char kIreneoType[] = "acme.Query/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.text);
  };
};

}  // namespace

template <>
struct Serializer<Both> {
  static std::string TypeName() { return "acme.Both/1"; }
  static void Write(const Both&, Sink&) {}
};

namespace {

struct Twice {
  double x = 0, y = 0;

  static constexpr char kIreneoType[] = "test.Twice/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.x, self.x);
  };
};

class Hidden {
 public:
  Hidden() = default;
  explicit Hidden(double seen) : seen_(seen) {}

  static constexpr char kIreneoType[] = "test.Hidden/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.seen_);
  };

 protected:
  double seen_ = 0;
};

class HidesMore : public Hidden {
 public:
  double radius() const { return radius_; }

 private:
  double radius_ = 0;
};

class Shape {
 public:
  virtual ~Shape() = default;

  static constexpr char kIreneoType[] = "test.Shape/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.flag_, self.size_, self.none_, self.empty_);
  };

 private:
  bool flag_ = false;  // Padding behind it.
  double size_ = 0;
  std::tuple<> none_;
  [[no_unique_address]] std::tuple<> empty_;
};

TEST(FieldsTest, MembersAreListedOnceAndAll) {
  EXPECT_EQ(RefOf(Twice()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(RefOf(Hidden(1)).ok());
  EXPECT_EQ(RefOf(HidesMore()).status().code(),
            absl::StatusCode::kInvalidArgument)
      << RefOf(HidesMore()).status();
  EXPECT_TRUE(RefOf(Shape()).ok()) << RefOf(Shape()).status();
  EXPECT_TRUE(RefOf(Empty()).ok());
}

struct Tree {
  int value = 0;
  std::vector<Tree> children = {};
  std::unique_ptr<Tree> next = nullptr;

  static constexpr char kIreneoType[] = "test.Tree/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value, self.children, self.next);
  };
};

bool Equal(const Tree& a, const Tree& b) {
  return a.value == b.value &&
         std::equal(a.children.begin(), a.children.end(), b.children.begin(),
                    b.children.end(), Equal) &&
         (a.next == nullptr || b.next == nullptr ? a.next == b.next
                                                 : Equal(*a.next, *b.next));
}

// A list of `size` trees.
Tree Chain(int size) {
  Tree tree;
  for (int i = 1; i < size; ++i) {
    Tree longer;
    longer.next = std::make_unique<Tree>(std::move(tree));
    tree = std::move(longer);
  }
  return tree;
}

TEST(FieldsTest, StructMayContainItself) {
  EXPECT_EQ(TypeName<Tree>(),
            "test.Tree/1{i32,vector<test.Tree/1>,optional<test.Tree/1>}");
  EXPECT_EQ(TypeName<std::vector<Tree>>(),
            absl::StrCat("vector<", TypeName<Tree>(), ">"));
  std::vector<Tree> trees(4);
  trees[1].children.resize(2);
  trees[2].children.resize(1);
  trees[2].children[0].children.resize(1);
  trees[3].next = std::make_unique<Tree>();
  trees.push_back(Chain(10));
  EXPECT_TRUE(VerifySerializer(trees, Equal));
}

// Each tree of a chain is two values: the pointer and what it points to.
TEST(FieldsTest, DepthIsBounded) {
  const Tree deepest = Chain(kMaxValueDepth / 2);
  const absl::StatusOr<std::string> bytes = BytesOf(deepest);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const absl::StatusOr<Tree> read = FromBytes<Tree>(*bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(Equal(*read, deepest));
  EXPECT_EQ(RefOf(Chain(kMaxValueDepth / 2 + 1)).status().code(),
            absl::StatusCode::kInvalidArgument);

  std::string deeper;
  for (int i = 0; i < 1'000'000; ++i) {
    deeper += std::string(12, '\0') + '\1';  // Value, no children, a next.
  }
  EXPECT_EQ(FromBytes<Tree>(deeper).status().code(),
            absl::StatusCode::kDataLoss);
}

struct Ring {
  std::shared_ptr<Ring> next = nullptr;

  static constexpr char kIreneoType[] = "test.Ring/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.next);
  };
};

TEST(FieldsTest, ACycleIsRefused) {
  Ring ring;
  ring.next = std::make_shared<Ring>();
  ring.next->next = ring.next;
  EXPECT_EQ(RefOf(ring).status().code(), absl::StatusCode::kInvalidArgument);
  ring.next->next = nullptr;
}

TEST(FieldsTest, Serializer) {
  EXPECT_TRUE(VerifySerializer<Params>(
      {{}, {1e-9, 101}, {1e-8, 100}, {.max_iterations = -1}}));
  EXPECT_TRUE(VerifySerializer<Empty>({{}}));
  EXPECT_TRUE(VerifySerializer<Nested>({{},
                                        {.name = "a"},
                                        {.params = {1, 1}},
                                        {.history = {{}}},
                                        {.history = {{}, {}}},
                                        {.empty = Empty()}}));
}

TEST(FieldsTest, NameHasTheTypesOfTheFields) {
  EXPECT_EQ(TypeName<Params>(), "acme.Params/1{f64,i32}");
  EXPECT_EQ(TypeName<Empty>(), "acme.Empty/1{}");
  EXPECT_EQ(TypeName<Nested>(),
            "acme.Nested/2{string,acme.Params/1{f64,i32},"
            "vector<acme.Params/1{f64,i32}>,optional<acme.Empty/1{}>}");
}

TEST(FieldsTest, BytesAreTheFieldsInOrder) {
  EXPECT_EQ(*BytesOf(Params{.tolerance = 0.5, .max_iterations = 3}),
            *BytesOf(0.5) + *BytesOf(std::int32_t{3}));
  EXPECT_EQ(*BytesOf(Empty()), "");
}

TEST(FieldsTest, DamagedFieldIsDataLoss) {
  std::string bytes = *BytesOf(Nested{.empty = Empty()});
  bytes.back() = 2;
  EXPECT_EQ(FromBytes<Nested>(bytes).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(FieldsTest, SpecializationForTheTypeItselfIsPreferred) {
  static_assert(HasFields<Both>);
  EXPECT_EQ(TypeName<Both>(), "acme.Both/1");
}

TEST(FieldsTest, FieldMayBeAViewInAnArgument) {
  EXPECT_EQ(TypeName<Query>(), "acme.Query/1{string}");
  EXPECT_EQ(*BytesOf(Query{.text = "abc"}), *BytesOf(std::string("abc")));
}

TEST(FieldsTest, OtherTypesHaveNoFields) {
  static_assert(!HasFields<int>);
  static_assert(!HasFields<std::string>);
  static_assert(!HasFields<std::vector<Params>>);
}

}  // namespace
}  // namespace ireneo

#include "ireneo/serializers/fields.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
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

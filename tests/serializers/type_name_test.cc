#include "ireneo/serializers/type_name.h"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ireneo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Repeated(std::string_view text, std::size_t count) {
  std::string repeated;
  for (std::size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

std::string ErrorOf(std::string_view name) {
  const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(name);
  if (parsed.ok()) return absl::StrCat("accepted ", std::string(name));
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

// Every name that a serializer of ours makes has one of these forms. Only ever
// add to them.
constexpr std::string_view kNames[] = {
    "f64",
    "acme.Mesh/1",
    "Upper_lower.9/999999999",
    "vector<f64>",
    "vector<tuple<f64,string>>",
    "tuple<>",
    "map<string,vector<optional<i32>>>/2",
    "eigen<<f8,?,?,F>/1",
    "eigen<<c16,3,?4,C>/1",
    "eigen.array<|b1,?,1,F>/1",
    "co2.KernelParams/1{f64,f64}",
    "acme.Empty/1{}",
    "acme.Unversioned{f64}",
    "acme.Pair<f64,i32>/3{f64,vector<acme.Inner/1{eigen<<f4,?,1,F>/1}>}",
};

TEST(TypeNameTest, NamesComeBackCharacterByCharacter) {
  for (const std::string_view name : kNames) {
    const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(name);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->ToString(), name);
  }
}

TEST(TypeNameTest, TakesArgumentsFormatAndFieldsApart) {
  const absl::StatusOr<ParsedTypeName> name =
      ParseTypeName("acme.Pair<f64,vector<i32>>/3{string,acme.Inner/1{}}");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->head, "acme.Pair");
  EXPECT_TRUE(name->has_arguments);
  ASSERT_EQ(name->arguments.size(), 2u);
  EXPECT_EQ(name->arguments[0].head, "f64");
  EXPECT_FALSE(name->arguments[0].has_arguments);
  EXPECT_EQ(name->arguments[0].format, 0);
  EXPECT_EQ(name->arguments[1].arguments.at(0).head, "i32");
  EXPECT_EQ(name->format, 3);
  EXPECT_TRUE(name->has_fields);
  ASSERT_EQ(name->fields.size(), 2u);
  EXPECT_FALSE(name->fields[0].has_fields);
  EXPECT_EQ(name->fields[1].format, 1);
  EXPECT_TRUE(name->fields[1].has_fields);
  EXPECT_TRUE(name->fields[1].fields.empty());
}

TEST(TypeNameTest, ElementTypesAndExtentsAreHeads) {
  const absl::StatusOr<ParsedTypeName> name =
      ParseTypeName("eigen<<c16,?4,12,F>/1");
  ASSERT_TRUE(name.ok()) << name.status();
  ASSERT_EQ(name->arguments.size(), 4u);
  EXPECT_EQ(name->arguments[0].head, "<c16");
  EXPECT_EQ(name->arguments[1].head, "?4");
  EXPECT_EQ(name->arguments[2].head, "12");
  EXPECT_EQ(name->arguments[3].head, "F");
}

TEST(TypeNameTest, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(ErrorOf("vector<f64"),
            "type name 'vector<f64', position 10: expected ',' or '>', found "
            "the end");
  EXPECT_EQ(ErrorOf("a b"),
            "type name 'a b', position 1: expected the end, found ' '");
  EXPECT_EQ(ErrorOf(""),
            "type name '', position 0: expected a name, found the end");
}

TEST(TypeNameTest, RefusesWhatTheGrammarDoesNotHave) {
  EXPECT_THAT(ErrorOf("f64,"), HasSubstr("position 3: expected the end"));
  EXPECT_THAT(ErrorOf("f64>"), HasSubstr("position 3: expected the end"));
  EXPECT_THAT(ErrorOf("vector<f64,>"), HasSubstr("position 11: expected a n"));
  EXPECT_THAT(ErrorOf("vector<,f64>"), HasSubstr("position 7: expected a n"));
  EXPECT_THAT(ErrorOf("<f8"), HasSubstr("position 0: expected a name"));
  EXPECT_THAT(ErrorOf("?"), HasSubstr("position 0: expected a name"));
  EXPECT_THAT(ErrorOf("a/1{<f8}"), HasSubstr("position 4: expected a name"));
  EXPECT_THAT(ErrorOf("a/1{?}"), HasSubstr("position 4: expected a name"));
  EXPECT_THAT(ErrorOf("a/1{f64"), HasSubstr("position 7: expected ',' or '}'"));
  EXPECT_THAT(ErrorOf("a/1{f64>"), HasSubstr("position 7: expected ',' or '}"));
  EXPECT_THAT(ErrorOf("a/1<f64>"), HasSubstr("position 3: expected the end"));
  EXPECT_THAT(ErrorOf("a{}/1"), HasSubstr("position 3: expected the end"));
  EXPECT_THAT(ErrorOf("a<<F8>"), HasSubstr("position 3: expected a lower-cas"));
  EXPECT_THAT(ErrorOf("a<<f>"), HasSubstr("position 4: expected a digit"));
  EXPECT_THAT(ErrorOf("a<<f8<i4>>"), HasSubstr("position 5: expected ',' or"));
  EXPECT_THAT(ErrorOf("a<?4/1>"), HasSubstr("position 4: expected ',' or '>'"));
  EXPECT_THAT(ErrorOf(std::string_view("f64\0", 4)),
              HasSubstr("position 3: expected the end, found '\\000'"));
  EXPECT_THAT(ErrorOf("vecto\xc3\xb6r"),
              HasSubstr("position 5: expected the end, found '\\303'"));
}

TEST(TypeNameTest, AFormatHasOneSpelling) {
  EXPECT_THAT(ErrorOf("a/"), HasSubstr("position 2: expected a format"));
  EXPECT_THAT(ErrorOf("a/x"), HasSubstr("position 2: expected a format"));
  EXPECT_THAT(ErrorOf("a/0"), HasSubstr("position 2: expected a format from"));
  EXPECT_THAT(ErrorOf("a/01"), HasSubstr("position 2: expected a format from"));
  EXPECT_THAT(ErrorOf("a/1/2"), HasSubstr("position 3: expected the end"));
  EXPECT_THAT(ErrorOf("a/1234567890"), HasSubstr("at most 9 digits"));
}

TEST(TypeNameTest, DepthIsBounded) {
  const auto nested = [](std::size_t depth, std::string_view open,
                         std::string_view close) {
    return Repeated(open, depth - 1) + "f64" + Repeated(close, depth - 1);
  };
  for (const auto& [open, close] :
       {std::pair("a<", ">"), std::pair("a{", "}")}) {
    const std::string deepest = nested(kMaxTypeNameDepth, open, close);
    const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(deepest);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->ToString(), deepest);
    EXPECT_THAT(ErrorOf(nested(kMaxTypeNameDepth + 1, open, close)),
                AllOf(HasSubstr("position 128"), HasSubstr("deeper than 64")));
    EXPECT_THAT(ErrorOf(nested(20'000, open, close)),
                HasSubstr("position 128"));
  }
}

TEST(TypeNameTest, LengthIsBounded) {
  EXPECT_TRUE(ParseTypeName(std::string(kMaxTypeNameSize, 'a')).ok());
  const std::string error = ErrorOf(std::string(kMaxTypeNameSize + 1, 'a'));
  EXPECT_THAT(error, HasSubstr("has 65537 characters"));
  EXPECT_LT(error.size(), 300u);
}

// Whatever is accepted is the one spelling of what was read.
TEST(TypeNameTest, DamagedNamesAreRefusedOrComeBackTheSame) {
  std::mt19937 random(1);
  constexpr std::string_view kAlphabet = "a1<>{}/,?|.f8_\n";
  for (const std::string_view name : kNames) {
    for (int round = 0; round < 2'000; ++round) {
      std::string damaged(name);
      for (int edits = random() % 3 + 1; edits > 0; --edits) {
        const std::size_t at = random() % (damaged.size() + 1);
        const char c = kAlphabet[random() % kAlphabet.size()];
        if (random() % 2 == 0 || at == damaged.size()) {
          damaged.insert(at, 1, c);
        } else {
          damaged[at] = c;
        }
      }
      damaged.resize(random() % damaged.size() + 1);
      const absl::StatusOr<ParsedTypeName> parsed = ParseTypeName(damaged);
      if (parsed.ok()) {
        EXPECT_EQ(parsed->ToString(), damaged);
      } else {
        EXPECT_THAT(ErrorOf(damaged), HasSubstr("position"));
      }
    }
  }
}

}  // namespace
}  // namespace ireneo

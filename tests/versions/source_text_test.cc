#include "ireneo/memo/source_text.h"

#include <cmath>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/standard.h"
#include "tests/store/test_util.h"
#include "tests/versions/long_body.inc"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

#define VERSION(...) ::ireneo::internal::BodyVersion(#__VA_ARGS__)

// clang-format off
TEST(SourceTextTest, CommentsAndWhiteSpaceDoNotCount) {
  constexpr auto kVersion = VERSION([](double x, int n) { return x*n+1.5e-3; });
  static_assert(kVersion == VERSION(
      []  ( double x ,int n ){return x * n + 1.5e-3;}));
  static_assert(kVersion == VERSION([](double x,  // In metres.
                                       int n /* > 0 */) {
    // Rounded.

    return x*n/* ! */+1.5e-3;
  }));
  static_assert(kVersion == VERSION([](dou\
ble x, int n) { return x \
                  *n+1.5e-3; }));
}

TEST(SourceTextTest, BlanksBetweenTokensThatStayApartDoNotCount) {
  static_assert(VERSION(a+b) == VERSION(a + b));
  static_assert(VERSION(a+-b) == VERSION(a + - b));
  static_assert(VERSION(f(x)[1]) == VERSION(f ( x ) [ 1 ]));
  static_assert(VERSION(x<-1) == VERSION(x < -1));
  static_assert(VERSION(p->*m) == VERSION(p ->* m));
  static_assert(VERSION(a<<=b) == VERSION(a <<= b));
  static_assert(VERSION(a<=>b) == VERSION(a <=> b));
  static_assert(VERSION(a||!b) == VERSION(a || ! b));
  static_assert(VERSION(a%=-b) == VERSION(a %= - b));
  static_assert(VERSION(vector<::acme::T>) == VERSION(vector< ::acme::T >));
  static_assert(VERSION(f(xs...)) == VERSION(f( xs ... )));
  static_assert(VERSION(1.5f*x) == VERSION(1.5f * x));
  static_assert(VERSION(.5-x) == VERSION(.5 - x));
  static_assert(VERSION(0x1p-3-x) == VERSION(0x1p-3 - x));
  static_assert(VERSION(1'000'000/n) == VERSION(1'000'000 / n));
  static_assert(VERSION('a'+'\''+"b"s) == VERSION('a' + '\'' + "b"s));
  static_assert(VERSION(f"text") == VERSION(f "text"));
  static_assert(VERSION("a""b") == VERSION("a"  "b"));
  static_assert(VERSION("\\"+x) == VERSION("\\" + x));
  static_assert(VERSION(R"(\)"+x) == VERSION(R"(\)" + x));
  static_assert(VERSION(größe+1) == VERSION(größe + 1));
  static_assert(VERSION(gr\u00f6) == VERSION(  gr\u00f6  ));
}

TEST(SourceTextTest, BlanksThatKeepTokensApartCount) {
  static_assert(VERSION(return x) != VERSION(returnx));
  static_assert(VERSION(a + +b) != VERSION(a ++b));
  static_assert(VERSION(a - -b) != VERSION(a --b));
  static_assert(VERSION(a & &b) != VERSION(a &&b));
  static_assert(VERSION(a / *b) != VERSION(a /b));
  static_assert(VERSION(a < -b) != VERSION(a <- -b));
  static_assert(VERSION(x = = y) != VERSION(x == y));
  static_assert(VERSION(a < = b) != VERSION(a <= b));
  static_assert(VERSION(a <= > b) != VERSION(a <=> b));
  static_assert(VERSION(a > > = b) != VERSION(a >> = b));
  static_assert(VERSION(a >> = b) != VERSION(a >>= b));
  static_assert(VERSION(p -> * m) != VERSION(p ->* m));
  static_assert(VERSION(p - > m) != VERSION(p -> m));
  static_assert(VERSION(p . * m) != VERSION(p .* m));
  static_assert(VERSION(a : : b) != VERSION(a :: b));
  static_assert(VERSION(. . .) != VERSION(...));
  static_assert(VERSION(1 2) != VERSION(12));
  static_assert(VERSION(1 f) != VERSION(1f));
  static_assert(VERSION(x. 5) != VERSION(x .5));
  static_assert(VERSION(0xe + 1) != VERSION(0xe+1));
  static_assert(VERSION(1e - 3) != VERSION(1e-3));
  static_assert(VERSION(L "a") != VERSION(L"a"));
  static_assert(VERSION(R "(a)") != VERSION(R"(a)"));
  static_assert(VERSION(u8 'a') != VERSION(u8'a'));
  static_assert(VERSION("a" s) != VERSION("a"s));
}

TEST(SourceTextTest, BlanksInLiteralsCount) {
  static_assert(VERSION("a b") != VERSION("ab"));
  static_assert(VERSION("a  b") != VERSION("a b"));
  static_assert(VERSION("a + b") != VERSION("a+b"));
  static_assert(VERSION(' ') != VERSION('	'));
  static_assert(VERSION("\" + ") != VERSION("\"+"));
  static_assert(VERSION("a" "b ") != VERSION("a" " b"));
  static_assert(VERSION(R"(a b)") != VERSION(R"(ab)"));
  static_assert(VERSION(R"(" + ")") != VERSION(R"("+")"));
  static_assert(VERSION(R"x()" + )x") != VERSION(R"x()"+)x"));
  static_assert(VERSION(u8R"( )") != VERSION(u8R"()"));
  static_assert(VERSION(LR"( )" L" ") != VERSION(LR"( )" L""));
  static_assert(VERSION(R"(a
b)") != VERSION(R"(a b)"));
  static_assert(VERSION("// a") != VERSION("//a"));
  static_assert(VERSION(1'0) != VERSION(1' 0'));
}

TEST(SourceTextTest, WhatTheTextSaysCounts) {
  constexpr auto kVersion = VERSION([](double x) { return x + 1; });
  static_assert(kVersion != VERSION([](double x) { return x + 2; }));
  static_assert(kVersion != VERSION([](double x) { return x - 1; }));
  static_assert(kVersion != VERSION([](double y) { return y + 1; }));
  static_assert(kVersion != VERSION([](float x) { return x + 1; }));
  static_assert(kVersion != VERSION([](double x) { return 1 + x; }));
  static_assert(kVersion != VERSION([](double x) { return x + 1.; }));
  static_assert(VERSION("a", "b") != VERSION("a, b"));
  static_assert(VERSION("a" "b") != VERSION("ab"));
  static_assert(VERSION("a") != VERSION('a'));
}
// clang-format on

// Digests are for ever: results of years are found by them. Computed by another
// program (Python), over "a\n+\nb\n" and so on.
TEST(SourceTextTest, DigestsStayWhatTheyAre) {
  EXPECT_EQ(internal::BodyVersion("").ToString(),
            "body:6c62272e07bb014262b821756295c58d");
  EXPECT_EQ(VERSION(a + b).ToString(), "body:467079b1a63c64bf6f107855022a3b93");
  EXPECT_EQ(VERSION([](double x) { return x * "a b"_m; }).ToString(),
            "body:6e4b8a0a42507f8e8bbdc20a6fee58d1");
}

MemoStore OpenStore(const TemporaryDirectory& dir, int* computed) {
  return *MemoStore::Open(dir.path(),
                          {.observer = [computed](const CallEvent& event) {
                            EXPECT_EQ(event.fault, absl::OkStatus());
                            if (!event.hit) ++*computed;
                          }});
}

TEST(SourceTextTest, AnEditOfTheBodyComputesAndUndoingItHits) {
  const TemporaryDirectory dir;
  int computed = 0;
  const MemoStore store = OpenStore(dir, &computed);
  const auto once = IRENEO_MEMOIZE(
      store, "test.Area", [](double r, double h) { return r * r * h; });
  EXPECT_EQ(once(2, 3), 12);
  EXPECT_EQ(computed, 1);
  const auto edited = IRENEO_MEMOIZE(
      store, "test.Area", [](double r, double h) { return r * r * h / 2; });
  EXPECT_EQ(edited(2, 3), 6);
  EXPECT_EQ(computed, 2);
  const auto undone =
      IRENEO_MEMOIZE(store, "test.Area", [](double r, double h) {
        // The volume.
        return r * r * h;
      });
  EXPECT_EQ(undone(2, 3), 12);
  EXPECT_EQ(computed, 2);
  EXPECT_EQ(undone.version(), once.version());
  EXPECT_THAT(once.version(), MatchesRegex("body:[0-9a-f]{32}"));
}

TEST(SourceTextTest, OptionsAreTakenInThePlaceOfTheName) {
  const TemporaryDirectory dir;
  int computed = 0;
  const MemoStore store = OpenStore(dir, &computed);
  const MemoizeOptions options = {.name = "test.Half",
                                  .salts = {{"table", "2026"}}};
  const auto half =
      IRENEO_MEMOIZE(store, options, [](double x) { return x / 2; });
  EXPECT_EQ(half(3), 1.5);
  const auto same = IRENEO_MEMOIZE(
      store,
      MemoizeOptions({.name = "test.Half", .salts = {{"table", "2026"}}}),
      [](double x) { return x / 2; });
  EXPECT_EQ(same(3), 1.5);
  EXPECT_EQ(computed, 1);
  const auto salted = IRENEO_MEMOIZE(
      store,
      MemoizeOptions({.name = "test.Half", .salts = {{"table", "2027"}}}),
      [](double x) { return x / 2; });
  EXPECT_EQ(salted(3), 1.5);
  EXPECT_EQ(computed, 2);
}

TEST(SourceTextTest, AVersionInTheOptionsStays) {
  const TemporaryDirectory dir;
  int computed = 0;
  const MemoStore store = OpenStore(dir, &computed);
  const MemoizeOptions options = {.name = "test.Half", .version = "2"};
  const auto half =
      IRENEO_MEMOIZE(store, options, [](double x) { return x / 2; });
  EXPECT_THAT(half.version(), MatchesRegex("2\\+body:[0-9a-f]{32}"));
}

TEST(SourceTextTest, TheLambdaMayHaveCommasThatNothingProtects) {
  const TemporaryDirectory dir;
  int computed = 0;
  const MemoStore store = OpenStore(dir, &computed);
  const auto shift = IRENEO_MEMOIZE(
      store, "test.Shift", [](double x) -> std::pair<double, double> {
        return std::pair<double, double>{x - 1, x + 1};
      });
  EXPECT_EQ(shift(3), std::pair(2.0, 4.0));
}

TEST(SourceTextTest, ALongBodyCompilesAndIsNotInTheProgram) {
  const TemporaryDirectory dir;
  int computed = 0;
  const MemoStore store = OpenStore(dir, &computed);
  const auto sum = SumOfManyTerms(store);
  EXPECT_EQ(sum(1), sum(1));
  EXPECT_EQ(computed, 1);
  const std::string program = FileBytes("/proc/self/exe");
  const std::string term = " + x *";
  EXPECT_THAT(program, Not(HasSubstr(term + " 17.5 + x * 18.5")));
  EXPECT_THAT(program, HasSubstr(term));
}

}  // namespace
}  // namespace ireneo

// Keys stay on disk for ever: these digests are only ever added to.

#include "ireneo/memo/key.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ireneo/store/digest.h"

namespace ireneo {
namespace {

FunctionIdentity Identity() {
  return {.name = "acme.Solve",
          .version = "1",
          .callees = {"src:ab12", "src:cd34"},
          .salts = {{"blas", "openblas-0.3.21"}, {"mode", "fast"}},
          .result_type = "eigen<<f8,?,1,F>/1",
          .argument_types = {"eigen<<f8,?,?,F>/1", "f64"}};
}

TEST(KeyTest, FunctionDigestIsPinned) {
  EXPECT_EQ(FunctionDigest(Identity()).ToString(),
            "xxh3:0e45eb9b80dedd01159b6a75eb295eac");
  EXPECT_EQ(FunctionDigest({.name = "f", .version = "", .result_type = "i32"})
                .ToString(),
            "xxh3:516088c6ba4e095b092d0b05c65eba96");
}

TEST(KeyTest, CallKeyIsPinned) {
  const Digest function = FunctionDigest(Identity());
  EXPECT_EQ(CallKey(function, {}).ToString(),
            "xxh3:6c916a9752d1a6c741f74920b12a6e54");
  EXPECT_EQ(CallKey(function, std::vector<Digest>{Digest::Of("a")}).ToString(),
            "xxh3:db3e82288b83355073f8c5b5e52f1e24");
}

TEST(KeyTest, ASeedAndAnEnvironmentArePinnedAndCount) {
  const Digest function = FunctionDigest(Identity());
  EXPECT_EQ(CallKey(function, {}, 42).ToString(),
            "xxh3:2f557a4cb16c5a9e063d94ff1ca2e7fe");
  EXPECT_NE(CallKey(function, {}, 0), CallKey(function, {}));
  EXPECT_NE(CallKey(function, {}, 0), CallKey(function, {}, 1));
  FunctionIdentity identity = Identity();
  identity.environment = {{"cpu", "x86-64-v3"}, {"simd", "avx2+fma"}};
  EXPECT_EQ(FunctionDigest(identity).ToString(),
            "xxh3:0966e7ba7c624f04e2b728c7aa71e421");
  EXPECT_EQ(VersionForCallers(identity), "1+47da4a2e7fba73c9");
  identity.environment["simd"] = "sse2";
  EXPECT_NE(FunctionDigest(identity).ToString(),
            "xxh3:0966e7ba7c624f04e2b728c7aa71e421");
  // A part of the environment is no salt.
  identity.environment = {{"mode", "fast"}};
  FunctionIdentity salted = Identity();
  salted.salts = {{"mode", "fast"}};
  identity.salts.clear();
  EXPECT_NE(FunctionDigest(identity), FunctionDigest(salted));
}

TEST(KeyTest, EveryPartOfTheIdentityCounts) {
  std::vector<FunctionIdentity> identities(12, Identity());
  identities[1].name = "acme.Solv";
  identities[2].version = "2";
  identities[3].callees.pop_back();
  identities[4].callees[0] = "src:ab13";
  identities[5].salts["blas"] = "openblas-0.3.22";
  identities[6].salts.erase("mode");
  identities[7].result_type = "eigen<<f4,?,1,F>/1";
  identities[8].argument_types.pop_back();
  std::swap(identities[9].argument_types[0], identities[9].argument_types[1]);
  // What stands on either side of a border cannot move over it.
  identities[10].name = "acme.Solve1";
  identities[10].version = "";
  identities[11].callees = {};
  identities[11].salts["src:ab12"] = "src:cd34";
  std::set<Digest> digests;
  for (const FunctionIdentity& identity : identities) {
    digests.insert(FunctionDigest(identity));
  }
  EXPECT_EQ(digests.size(), identities.size());
}

// Versions such as "1" do not name their function: their places do.
TEST(KeyTest, EachCalleeCounts) {
  std::set<Digest> digests;
  for (const std::vector<std::string>& callees :
       std::vector<std::vector<std::string>>{
           {"1", "1", "2"}, {"1", "2", "2"}, {"2", "1", "1"}, {"1", "2"}}) {
    FunctionIdentity identity = Identity();
    identity.callees = callees;
    digests.insert(FunctionDigest(identity));
  }
  EXPECT_EQ(digests.size(), 4u);
}

TEST(KeyTest, AVersionForCallersTellsOfCalleesAndSalts) {
  EXPECT_EQ(VersionForCallers({.name = "f", .version = "7", .result_type = ""}),
            "7");
  EXPECT_EQ(VersionForCallers(Identity()), "1+825f038be5767094");
  FunctionIdentity other = Identity();
  other.callees[1] = "src:cd35";
  EXPECT_NE(VersionForCallers(other), VersionForCallers(Identity()));
  other = Identity();
  other.salts["mode"] = "slow";
  EXPECT_NE(VersionForCallers(other), VersionForCallers(Identity()));
}

TEST(KeyTest, OrderAndNumberOfArgumentsCount) {
  const Digest function = FunctionDigest(Identity());
  const Digest a = Digest::Of("a");
  const Digest b = Digest::Of("b");
  std::set<Digest> keys = {
      CallKey(function, {}),
      CallKey(function, std::vector{a}),
      CallKey(function, std::vector{b}),
      CallKey(function, std::vector{a, b}),
      CallKey(function, std::vector{b, a}),
      CallKey(function, std::vector{a, a}),
      CallKey(Digest(), std::vector{a, a}),
  };
  EXPECT_EQ(keys.size(), 7u);
}

}  // namespace
}  // namespace ireneo

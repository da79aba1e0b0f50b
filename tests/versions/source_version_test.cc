#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"
#include "tests/versions/source/include/overlay version.h"
#include "tests/versions/source/solver_version.h"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr char kFolder[] = "tests/versions/source/";

// "src:" and what sha256sum says of a file.
std::string VersionOf(const std::string& path) {
  FILE* const pipe = ::popen(("sha256sum '" + path + "'").c_str(), "r");
  char digest[65] = "";
  EXPECT_EQ(std::fread(digest, 1, 64, pipe), 64u);
  ::pclose(pipe);
  return std::string("src:") + digest;
}

// Without the second line, which has the options of the command line.
std::string WithoutOptions(const std::string& listing) {
  const std::size_t start = listing.find('\n') + 1;
  return listing.substr(0, start) +
         listing.substr(listing.find('\n', start) + 1);
}

TEST(SourceVersionTest, IsTheDigestOfTheListing) {
  const std::string path = std::string(kFolder) + "solver_version_sources.txt";
  EXPECT_EQ(acme::kSolverVersion, VersionOf(path));
  EXPECT_THAT(acme::kSolverVersion, MatchesRegex("src:[0-9a-f]{64}"));
}

// Another listing would be another version of everybody's functions.
TEST(SourceVersionTest, TheListingHasAllThatCounts) {
  EXPECT_EQ(WithoutOptions(
                FileBytes(std::string(kFolder) + "solver_version_sources.txt")),
            FileBytes(std::string(kFolder) + "expected_sources.txt"));
}

TEST(SourceVersionTest, OptionsOfTheCommandLineCount) {
  EXPECT_THAT(
      FileBytes(std::string(kFolder) + "solver_version_sources.txt"),
      AllOf(StartsWith("ireneo source version 1\noptions {\"conlyopts\":["),
            HasSubstr("\"-std=c++20\"")));
}

TEST(SourceVersionTest, ATargetWithoutSourcesHasAVersion) {
  const std::string path = std::string(kFolder) + "overlay_version_sources.txt";
  EXPECT_EQ(kOverlayVersion, VersionOf(path));
  EXPECT_THAT(WithoutOptions(FileBytes(path)),
              StartsWith("ireneo source version 1\n"
                         "target //:zlib\n"
                         "  kind \"cc_library\"\n"
                         "  linkopts [\"-lz\"]"));
}

}  // namespace
}  // namespace ireneo

// What each way of versioning a function notices.
//
// A small project (acme/) remembers one function in four ways. It is built as
// it is and with each of twelve edits (edits.bzl), and the edited programs meet
// a store that the unedited one has filled.

#include <array>
#include <cstdio>
#include <filesystem>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::TemporaryDirectory;

namespace fs = std::filesystem;

// hit: the result was there and is right. miss: it is computed anew. stale: the
// result of before was taken for that of the edited function.
struct Row {
  const char* edit;
  std::array<const char*, 4> outcomes;

  friend void PrintTo(const Row& row, std::ostream* stream) {
    *stream << row.edit;
  }
};

constexpr char kWays[][20] = {"by hand", "IRENEO_MEMOIZE", "cc_source_version",
                              "BuildId"};

// By hand, nobody remembered to change the version. The build id is that of the
// shared object with the function and its callees; that it outlives comments,
// white space and new names is so because there is no debug information.
//
// clang-format off
constexpr Row kTable[] = {
    // edit                       by hand  IRENEO_   cc_source  BuildId
    //                                     MEMOIZE   _version
    {"comment",                  {"hit",   "hit",    "miss",    "hit"}},
    {"white_space",              {"hit",   "hit",    "miss",    "hit"}},
    {"local_renamed",            {"hit",   "miss",   "miss",    "hit"}},
    {"body",                     {"stale", "miss",   "miss",    "miss"}},
    {"callee_in_the_same_file",  {"stale", "stale",  "miss",    "miss"}},
    {"callee_in_another_target", {"stale", "stale",  "miss",    "miss"}},
    {"header_constant",          {"stale", "stale",  "miss",    "miss"}},
    {"compile_flag",             {"stale", "stale",  "miss",    "miss"}},
    {"unrelated_file",           {"hit",   "hit",    "hit",     "miss"}},
    {"function_moved",           {"hit",   "hit",    "miss",    "miss"}},
    {"version_of_callee",        {"miss",  "miss",   "miss",    "miss"}},
    {"salt",                     {"miss",  "miss",   "miss",    "miss"}},
};
// clang-format on

constexpr std::array<const char*, 4> kMisses = {"miss", "miss", "miss", "miss"};
constexpr std::array<const char*, 4> kHits = {"hit", "hit", "hit", "hit"};

std::string Lines(const std::array<const char*, 4>& outcomes) {
  std::string lines;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    lines += std::string(kWays[i]) + ": " + outcomes[i] + "\n";
  }
  return lines;
}

// What the program of an edit says of a store.
std::string RunProgram(const std::string& edit, const fs::path& store) {
  const std::string command =
      "../version_" + edit + "/acme/program '" + store.string() + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command;
    return "";
  }
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

class VersionsTest : public ::testing::TestWithParam<Row> {};

TEST_P(VersionsTest, AnEditIsNoticedAsTheTableSays) {
  const TemporaryDirectory dir;
  const fs::path store = dir.path() / "store";
  ASSERT_EQ(RunProgram("base", store), Lines(kMisses));
  ASSERT_EQ(RunProgram("base", store), Lines(kHits));
  EXPECT_EQ(RunProgram(GetParam().edit, store), Lines(GetParam().outcomes));

  // What was computed anew is there from now on, and what was there before is
  // hit by whoever goes back.
  std::array<const char*, 4> again = GetParam().outcomes;
  for (const char*& outcome : again) {
    if (std::string(outcome) == "miss") outcome = "hit";
  }
  EXPECT_EQ(RunProgram(GetParam().edit, store), Lines(again));
  EXPECT_EQ(RunProgram("base", store), Lines(kHits));
}

INSTANTIATE_TEST_SUITE_P(Edits, VersionsTest, ::testing::ValuesIn(kTable),
                         [](const auto& info) {
                           return std::string(info.param.edit);
                         });

}  // namespace
}  // namespace ireneo

// store/FORMAT.md says what is on disk.

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;

// Runs of white space become one space.
std::string Folded(const std::string& text) {
  std::istringstream words(text);
  std::string folded;
  for (std::string word; words >> word;) folded += word + ' ';
  return folded;
}

TEST(FormatTest, TheTablesAreThoseOfTheSpecification) {
  const std::string specification = Folded(FileBytes("store/FORMAT.md"));
  const std::string tables =
      Folded(LocalBlobStore::Schema() + internal::IndexSchema());
  EXPECT_TRUE(specification.find(tables) != specification.npos)
      << "store/FORMAT.md does not have: " << tables;
}

TEST(FormatTest, TheDatabaseHasTheNumbersOfTheSpecification) {
  const TemporaryDirectory dir;
  ASSERT_THAT(MemoStore::Open(dir.path()), IsOk());
  const std::string header = FileBytes(dir.path() / "index.db").substr(0, 100);
  EXPECT_EQ(header.substr(0, 16), std::string("SQLite format 3\0", 16));
  EXPECT_EQ(header.substr(18, 2), "\2\2");                      // WAL.
  EXPECT_EQ(header.substr(60, 4), std::string("\0\0\0\3", 4));  // user_version
  EXPECT_EQ(header.substr(68, 4), "Irno");  // application_id
}

}  // namespace
}  // namespace ireneo

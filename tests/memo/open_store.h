#ifndef IRENEO_TESTS_MEMO_OPEN_STORE_H_
#define IRENEO_TESTS_MEMO_OPEN_STORE_H_

// Opens stores with the index that a test is run for: tests of what all stores
// do are run once for each (tests/memo/indexes.bzl).

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"

namespace ireneo::testing {

inline bool TestsDirectoryIndex() {
  const char* const engine = std::getenv("IRENEO_TEST_INDEX");
  return engine != nullptr && std::string_view(engine) == "directory";
}

inline absl::StatusOr<MemoStore> OpenStore(
    const std::filesystem::path& directory, MemoStoreOptions options = {}) {
  if (TestsDirectoryIndex()) options.index = IndexEngine::kDirectory;
  return MemoStore::Open(directory, std::move(options));
}

}  // namespace ireneo::testing

// For a test of what only a database can tell, or of its locks.
#define IRENEO_SKIP_WITHOUT_DATABASE()                   \
  if (::ireneo::testing::TestsDirectoryIndex()) {        \
    GTEST_SKIP() << "a directory index has no database"; \
  }                                                      \
  static_assert(true)

#endif  // IRENEO_TESTS_MEMO_OPEN_STORE_H_

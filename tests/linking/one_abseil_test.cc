// A program has Abseil's static libraries, and a shared library the shared
// ones. There must be one Abseil in the process all the same: each hashes keys
// with the address of a variable of its own.

#include <dlfcn.h>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "tests/linking/count_keys.h"

namespace ireneo::testing {
namespace {

TEST(OneAbseilTest, ALoadedLibraryFindsTheKeysOfTheProgram) {
  absl::flat_hash_set<int> keys;
  for (int key = 0; key < 1000; ++key) keys.insert(key);

  void* const library =
      ::dlopen("tests/linking/libcount_keys.so", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  auto* const count_keys =
      reinterpret_cast<CountKeysFunction*>(::dlsym(library, "CountKeys"));
  ASSERT_NE(count_keys, nullptr) << ::dlerror();
  EXPECT_EQ(count_keys(keys, 1000), 1000);
}

}  // namespace
}  // namespace ireneo::testing

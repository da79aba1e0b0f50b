#include "ireneo/store/loaded_library.h"

#include <sys/resource.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/libarchive.h"

namespace ireneo::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(LoadedLibraryTest, AFailureIsNotForEver) {
  rlimit files;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  rlimit none = files;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::StatusOr<const Libarchive*> failed = LoadLibarchive();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_EQ(failed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(failed.status().message(),
              AllOf(HasSubstr("Too many open files"),
                    HasSubstr("if it is not installed, install Debian's "
                              "libarchive13")));

  const absl::StatusOr<const Libarchive*> library = LoadLibarchive();
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_NE((*library)->archive_read_new, nullptr);
  EXPECT_EQ(*LoadLibarchive(), *library);
}

TEST(LoadedLibraryTest, AFunctionThatIsMissing) {
  LoadedLibrary library("libarchive.so.13", "libarchive13");
  void (*function)() = nullptr;
  library.Get("archive_make_coffee", function);
  EXPECT_EQ(function, nullptr);
  EXPECT_EQ(library.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(library.status().message(), HasSubstr("archive_make_coffee"));
}

}  // namespace
}  // namespace ireneo::internal

#include "ireneo/store/libarchive.h"

namespace ireneo::internal {
namespace {

static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3,
              "libarchive.so.13 is of libarchive 3");

void Get(LoadedLibrary& library, Libarchive& functions) {
#define IRENEO_GET(function) library.Get(#function, functions.function)
  IRENEO_LIBARCHIVE_FUNCTIONS(IRENEO_GET);
#undef IRENEO_GET
}

}  // namespace

absl::StatusOr<const Libarchive*> LoadLibarchive() {
  return LoadOnce("libarchive.so.13", "libarchive13", Get);
}

}  // namespace ireneo::internal

#include "ireneo/store/libarchive.h"

namespace ireneo::internal {
namespace {

static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3, "has another file");

absl::StatusOr<Libarchive> Load() {
  LoadedLibrary library("libarchive.so.13", "libarchive13");
  Libarchive functions;
#define IRENEO_LOAD(function) library.Get(#function, functions.function)
  IRENEO_LIBARCHIVE_FUNCTIONS(IRENEO_LOAD);
#undef IRENEO_LOAD
  if (!library.status().ok()) return library.status();
  return functions;
}

}  // namespace

const absl::StatusOr<Libarchive>& LoadLibarchive() {
  static const auto* const library = new absl::StatusOr<Libarchive>(Load());
  return *library;
}

}  // namespace ireneo::internal

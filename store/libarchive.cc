#include "ireneo/store/libarchive.h"

#include <dlfcn.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

constexpr char kFile[] = "libarchive.so.13";
static_assert(ARCHIVE_VERSION_NUMBER / 1'000'000 == 3, "has another file name");

absl::StatusOr<Libarchive> Load() {
  const auto failed = [] {
    return absl::FailedPreconditionError(absl::StrCat(
        "archives need libarchive, which cannot be loaded: ", ::dlerror(),
        "; install Debian's libarchive13"));
  };
  void* const library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return failed();
  Libarchive functions;
#define IRENEO_LOAD(function)                                               \
  functions.function =                                                      \
      reinterpret_cast<decltype(&::function)>(::dlsym(library, #function)); \
  if (functions.function == nullptr) return failed()
  IRENEO_LIBARCHIVE_FUNCTIONS(IRENEO_LOAD);
#undef IRENEO_LOAD
  return functions;
}

}  // namespace

const absl::StatusOr<Libarchive>& LoadLibarchive() {
  // Never unloaded or freed: static objects may still write an archive when
  // the process ends.
  static const auto* const library = new absl::StatusOr<Libarchive>(Load());
  return *library;
}

}  // namespace ireneo::internal

#include "ireneo/store/loaded_library.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {

LoadedLibrary::LoadedLibrary(const char* file, const char* package)
    : package_(package), library_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) Fail();
}

void* LoadedLibrary::Find(const char* name) {
  if (library_ == nullptr) return nullptr;
  void* const function = ::dlsym(library_, name);
  if (function == nullptr) Fail();
  return function;
}

void LoadedLibrary::Fail() {
  status_.Update(absl::FailedPreconditionError(absl::StrCat(
      "archives need a library that cannot be loaded: ", ::dlerror(),
      "; if it is not installed, install Debian's ", package_)));
}

}  // namespace ireneo::internal

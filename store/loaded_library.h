#ifndef IRENEO_STORE_LOADED_LIBRARY_H_
#define IRENEO_STORE_LOADED_LIBRARY_H_

// A shared library that is loaded when the first of its functions is needed.
// Only archives need libarchive and libcrypto, which load slowly: with the
// eight libraries that libarchive needs they were a quarter of the time in
// which a process starts, remembers one result and ends. Internal to Ireneo.

#include "absl/status/status.h"

namespace ireneo::internal {

// Not thread-safe.
class LoadedLibrary {
 public:
  // Of a file that the dynamic linker finds, from a package of Debian. It is
  // never unloaded: static objects may still use it when the process ends.
  LoadedLibrary(const char* file, const char* package);

  // Null if it has no such function.
  template <typename F>
  void Get(const char* name, F*& function) {
    function = reinterpret_cast<F*>(Find(name));
  }

  // FailedPrecondition if the library cannot be loaded, or lacked a function.
  const absl::Status& status() const { return status_; }

 private:
  void* Find(const char* name);
  void Fail();

  const char* const package_;
  void* const library_;
  absl::Status status_;
};

}  // namespace ireneo::internal

// Declares a pointer to a function of a header of a library.
#define IRENEO_LOADED_FUNCTION(function) decltype(&::function) function

#endif  // IRENEO_STORE_LOADED_LIBRARY_H_

#ifndef IRENEO_STORE_LOADED_LIBRARY_H_
#define IRENEO_STORE_LOADED_LIBRARY_H_

// A shared library that is loaded when the first of its functions is needed.
// Only archives need libarchive and libcrypto, which load slowly: with the
// eight libraries that libarchive needs they were a quarter of the time in
// which a process starts, remembers one result and ends. Internal to Ireneo.

#include <atomic>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

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

// `Functions` as `get` fills it from a library: what an earlier call loaded, or
// loaded now, as a failure may be over, such as too many open files.
// Thread-safe.
//
// Errors: FailedPrecondition if the library cannot be loaded, or lacks a
// function.
template <typename Functions>
absl::StatusOr<const Functions*> LoadOnce(const char* file, const char* package,
                                          void (*get)(LoadedLibrary&,
                                                      Functions&)) {
  static constinit std::atomic<const Functions*> loaded = nullptr;
  if (const Functions* const functions =
          loaded.load(std::memory_order_acquire)) {
    return functions;
  }
  LoadedLibrary library(file, package);
  Functions functions;
  get(library, functions);
  if (!library.status().ok()) return library.status();
  // Of threads that load at once, one gives what stays.
  const Functions* expected = nullptr;
  const auto* const made = new Functions(functions);
  if (loaded.compare_exchange_strong(expected, made,
                                     std::memory_order_acq_rel)) {
    return made;
  }
  delete made;
  return expected;
}

}  // namespace ireneo::internal

// Declares a pointer to a function of a header of a library.
#define IRENEO_LOADED_FUNCTION(function) decltype(&::function) function

#endif  // IRENEO_STORE_LOADED_LIBRARY_H_

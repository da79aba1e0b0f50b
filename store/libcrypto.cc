#include "ireneo/store/libcrypto.h"

#include <openssl/opensslv.h>

#include <new>
#include <stdexcept>

namespace ireneo::internal {
namespace {

static_assert(OPENSSL_VERSION_MAJOR == 3, "has another file");

absl::StatusOr<Libcrypto> Load() {
  LoadedLibrary library("libcrypto.so.3", "libssl3");
  Libcrypto functions;
#define IRENEO_LOAD(function) library.Get(#function, functions.function)
  IRENEO_LIBCRYPTO_FUNCTIONS(IRENEO_LOAD);
#undef IRENEO_LOAD
  if (!library.status().ok()) return library.status();
  return functions;
}

}  // namespace

const absl::StatusOr<Libcrypto>& LoadLibcrypto() {
  static const auto* const library = new absl::StatusOr<Libcrypto>(Load());
  return *library;
}

const Libcrypto& RequireLibcrypto() {
  const absl::StatusOr<Libcrypto>& library = LoadLibcrypto();
  if (!library.ok()) {
    throw std::runtime_error(library.status().ToString());
  }
  return *library;
}

OSSL_LIB_CTX* OpensslContext() {
  // Never freed: static objects may still hash when the process ends.
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* const made = RequireLibcrypto().OSSL_LIB_CTX_new();
    if (made == nullptr) throw std::bad_alloc();
    return made;
  }();
  return context;
}

}  // namespace ireneo::internal

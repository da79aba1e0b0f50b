#include "ireneo/store/libcrypto.h"

#include <openssl/opensslv.h>

#include <new>
#include <stdexcept>

namespace ireneo::internal {
namespace {

static_assert(OPENSSL_VERSION_MAJOR == 3, "libcrypto.so.3 is of OpenSSL 3");

void Get(LoadedLibrary& library, Libcrypto& functions) {
#define IRENEO_GET(function) library.Get(#function, functions.function)
  IRENEO_LIBCRYPTO_FUNCTIONS(IRENEO_GET);
#undef IRENEO_GET
}

}  // namespace

absl::StatusOr<const Libcrypto*> LoadLibcrypto() {
  return LoadOnce("libcrypto.so.3", "libssl3", Get);
}

const Libcrypto& RequireLibcrypto() {
  const absl::StatusOr<const Libcrypto*> library = LoadLibcrypto();
  if (!library.ok()) {
    throw std::runtime_error(library.status().ToString());
  }
  return **library;
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

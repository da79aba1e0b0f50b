#include "ireneo/store/openssl_context.h"

#include <openssl/crypto.h>

#include <new>

namespace ireneo::internal {
namespace {

OSSL_LIB_CTX* Make() {
  OSSL_LIB_CTX* const context = OSSL_LIB_CTX_new();
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

}  // namespace

OSSL_LIB_CTX* OpensslContext() {
  // Never freed: static objects may still hash when the process ends.
  static OSSL_LIB_CTX* const context = Make();
  return context;
}

}  // namespace ireneo::internal

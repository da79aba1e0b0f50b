#ifndef IRENEO_STORE_OPENSSL_CONTEXT_H_
#define IRENEO_STORE_OPENSSL_CONTEXT_H_

// Where Ireneo takes OpenSSL's algorithms from: those that libcrypto has built
// in. Neither openssl.cnf nor what else the process does with OpenSSL adds to
// them or takes from them, and nothing here changes what the rest of the
// process gets. Internal to Ireneo.

#include <openssl/types.h>

namespace ireneo::internal {

// The context, made on first use and there until the process ends. Never null:
// throws std::bad_alloc if memory does not suffice, which is all that can fail.
// Thread-safe.
OSSL_LIB_CTX* OpensslContext();

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_OPENSSL_CONTEXT_H_

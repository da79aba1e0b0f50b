#ifndef IRENEO_STORE_LIBCRYPTO_H_
#define IRENEO_STORE_LIBCRYPTO_H_

// The functions of OpenSSL's libcrypto, and where Ireneo takes its algorithms
// from: those that are built in. Neither openssl.cnf nor what else the process
// does with OpenSSL adds to them or takes from them, and nothing here changes
// what the rest of the process gets. Internal to Ireneo: see loaded_library.h.

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/types.h>
#include <openssl/x509.h>

#include "absl/status/statusor.h"
#include "ireneo/store/loaded_library.h"

namespace ireneo::internal {

#define IRENEO_LIBCRYPTO_FUNCTIONS(apply) \
  apply(BIO_free);                        \
  apply(BIO_new_mem_buf);                 \
  apply(CRYPTO_clear_free);               \
  apply(CRYPTO_free);                     \
  apply(ERR_peek_last_error);             \
  apply(ERR_pop_to_mark);                 \
  apply(ERR_set_mark);                    \
  apply(EVP_DigestFinal_ex);              \
  apply(EVP_DigestInit_ex);               \
  apply(EVP_DigestSign);                  \
  apply(EVP_DigestSignInit_ex);           \
  apply(EVP_DigestUpdate);                \
  apply(EVP_DigestVerify);                \
  apply(EVP_DigestVerifyInit_ex);         \
  apply(EVP_MD_CTX_free);                 \
  apply(EVP_MD_CTX_new);                  \
  apply(EVP_MD_fetch);                    \
  apply(EVP_PKCS82PKEY_ex);               \
  apply(EVP_PKEY_free);                   \
  apply(EVP_PKEY_get0_type_name);         \
  apply(EVP_PKEY_get_raw_public_key);     \
  apply(EVP_PKEY_is_a);                   \
  apply(EVP_PKEY_new_raw_public_key_ex);  \
  apply(OSSL_LIB_CTX_new);                \
  apply(PEM_read_bio);                    \
  apply(PKCS8_PRIV_KEY_INFO_free);        \
  apply(d2i_PKCS8_PRIV_KEY_INFO);         \
  apply(d2i_PUBKEY_ex)

struct Libcrypto {
  IRENEO_LIBCRYPTO_FUNCTIONS(IRENEO_LOADED_FUNCTION);
};

// See `LoadOnce`.
absl::StatusOr<const Libcrypto*> LoadLibcrypto();

// The same where `LoadLibcrypto` was asked before. Throws std::runtime_error if
// it failed.
const Libcrypto& RequireLibcrypto();

// The context, made on first use and there until the process ends. Never null:
// throws std::bad_alloc if memory does not suffice, else as `RequireLibcrypto`.
// Thread-safe.
OSSL_LIB_CTX* OpensslContext();

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_LIBCRYPTO_H_

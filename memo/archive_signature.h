#ifndef IRENEO_MEMO_ARCHIVE_SIGNATURE_H_
#define IRENEO_MEMO_ARCHIVE_SIGNATURE_H_

// Who made an archive: Ed25519 signatures (RFC 8032), and the keys for them in
// the files that the `openssl` command writes:
//
//     openssl genpkey -algorithm ed25519 -out me.pem    # Who signs keeps this.
//     openssl pkey -in me.pem -pubout -out me.pub       # Goes to who trusts.
//
// A valid signature says that the owner of some key signed, and nothing of
// whether you trust that key: ask `TrustedKeys` first. Keys do not expire and
// cannot be revoked but by taking their files away; there are no certificates.
//
// Public keys are 32 and signatures 64 raw bytes. What OpenSSL notes of failed
// calls stays out of the error queue that the rest of the thread reads.
// Internal to Ireneo.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY.

namespace ireneo::internal {

inline constexpr std::size_t kPublicKeySize = 32;
inline constexpr std::size_t kSignatureSize = 64;

// Longer files are not taken for keys.
inline constexpr std::size_t kMaxKeyFile = 64 << 10;

// An Ed25519 private key. A copy shares it. Thread-safe.
class SigningKey {
 public:
  // Reads the one key of a PEM file, which is in PKCS#8 and not encrypted: a
  // passphrase is never asked for.
  //
  // Errors: NotFound; FailedPrecondition if it is not a regular file;
  // InvalidArgument if it is anything else than such a key; those of
  // FileSystem::Read.
  static absl::StatusOr<SigningKey> Read(const std::filesystem::path& file);

  // The raw bytes of the public key that verifies what this one signs.
  const std::string& public_key() const { return public_key_; }

  // The signature of `message`, the same each time.
  //
  // Errors: ResourceExhausted if memory does not suffice.
  absl::StatusOr<std::string> Sign(std::string_view message) const;

 private:
  SigningKey(std::shared_ptr<evp_pkey_st> key, std::string public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}

  std::shared_ptr<evp_pkey_st> key_;
  std::string public_key_;
};

// The public keys of those whose archives are welcome. A value; thread-safe as
// long as nobody assigns to it.
class TrustedKeys {
 public:
  // Reads all keys in the files of `directory` that a shell finds by *.pem and
  // *.pub; what else is in it does not matter. One file that is not what it
  // should be is an error, as otherwise nobody would learn why a key is not
  // trusted.
  //
  // Errors: NotFound if there is no such directory; FailedPrecondition if it
  // has no key, or is none; InvalidArgument if a file with one of the suffixes
  // is anything else than Ed25519 public keys in PEM, a private key above all;
  // those of FileSystem::List and FileSystem::Read.
  static absl::StatusOr<TrustedKeys> Read(
      const std::filesystem::path& directory);

  bool Trusts(std::string_view public_key) const {
    return keys_.contains(public_key);
  }

 private:
  explicit TrustedKeys(std::set<std::string, std::less<>> keys)
      : keys_(std::move(keys)) {}

  std::set<std::string, std::less<>> keys_;  // Raw bytes.
};

// OK if the owner of `public_key` has signed `message`. Thread-safe.
//
// Errors: PermissionDenied if `signature` is not that of `message` by
// `public_key`, or one of the two is not of the right size; ResourceExhausted
// if memory does not suffice.
absl::Status VerifySignature(std::string_view public_key,
                             std::string_view message,
                             std::string_view signature);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_SIGNATURE_H_

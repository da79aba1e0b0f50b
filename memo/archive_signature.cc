#include "ireneo/memo/archive_signature.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/libcrypto.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr char kKind[] = "ED25519";
constexpr char kHowToMakePrivate[] =
    "`openssl genpkey -algorithm ed25519 -out KEY.pem` makes one";
constexpr char kHowToMakePublic[] =
    "`openssl pkey -in KEY.pem -pubout -out KEY.pub` makes one of a private "
    "key";

// Takes what OpenSSL notes of errors meanwhile out of the thread's queue.
class ErrorMark {
 public:
  ErrorMark() { RequireLibcrypto().ERR_set_mark(); }
  ~ErrorMark() { RequireLibcrypto().ERR_pop_to_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
};

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    (RequireLibcrypto().*kFree)(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<&Libcrypto::BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<&Libcrypto::EVP_PKEY_free>>;
using ContextPtr =
    std::unique_ptr<EVP_MD_CTX, Free<&Libcrypto::EVP_MD_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO,
                                 Free<&Libcrypto::PKCS8_PRIV_KEY_INFO_free>>;

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("no memory to work with OpenSSL");
}

// `wanted` is "private" or "public".
absl::Status NotAKey(const std::filesystem::path& file, const char* wanted,
                     absl::string_view why, absl::string_view what_to_do) {
  return absl::InvalidArgumentError(
      absl::StrCat(file.native(), " is no Ed25519 ", wanted, " key: ", why,
                   ". ", what_to_do));
}

// A part of a PEM file, from BEGIN to END.
struct PemBlock {
  std::string label;  // "PRIVATE KEY".
  std::string headers;
  std::string bytes;

  bool IsPrivate() const { return label.ends_with("PRIVATE KEY"); }
  bool IsEncrypted() const {
    return label == "ENCRYPTED PRIVATE KEY" || !headers.empty();
  }
};

// What is between the blocks is for people. Nothing is decrypted here, so that
// no passphrase can be asked for.
absl::StatusOr<std::vector<PemBlock>> ReadPem(const std::filesystem::path& file,
                                              const char* wanted,
                                              const char* what_to_do) {
  IRENEO_ASSIGN_OR_RETURN(const Libcrypto* const library, LoadLibcrypto());
  const FileSystem& files = FileSystem::Posix();
  IRENEO_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(file));
  FileContents contents;
  if (info.size <= kMaxKeyFile) {
    IRENEO_ASSIGN_OR_RETURN(contents, files.Read(file));
  }
  const std::span<const std::byte> bytes = contents.blob.bytes();
  if (std::max<std::uint64_t>(info.size, bytes.size()) > kMaxKeyFile) {
    return NotAKey(file, wanted,
                   absl::StrCat("it is longer than ", kMaxKeyFile, " bytes"),
                   what_to_do);
  }

  const ErrorMark mark;
  const BioPtr bio(
      library->BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (bio == nullptr) return NoMemory();
  std::vector<PemBlock> blocks;
  for (;;) {
    char* label = nullptr;
    char* headers = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (library->PEM_read_bio(bio.get(), &label, &headers, &data, &size) != 1) {
      break;
    }
    blocks.push_back({.label = label,
                      .headers = headers,
                      .bytes = std::string(reinterpret_cast<const char*>(data),
                                           static_cast<std::size_t>(size))});
    library->CRYPTO_free(label, OPENSSL_FILE, OPENSSL_LINE);
    library->CRYPTO_free(headers, OPENSSL_FILE, OPENSSL_LINE);
    library->CRYPTO_clear_free(data, static_cast<std::size_t>(size),
                               OPENSSL_FILE, OPENSSL_LINE);
  }
  if (ERR_GET_REASON(library->ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return NotAKey(file, wanted, "its PEM is damaged", what_to_do);
  }
  if (blocks.empty()) {
    return NotAKey(file, wanted, "it has no PEM", what_to_do);
  }
  return blocks;
}

absl::Status NotInPkcs8(const std::filesystem::path& file, const char* wanted,
                        const PemBlock& block, const char* what_to_do) {
  return NotAKey(
      file, wanted,
      absl::StrCat("its PEM is labelled '", absl::CEscape(block.label), "'"),
      what_to_do);
}

absl::StatusOr<std::string> RawPublicKey(const EVP_PKEY* key) {
  std::string raw(kPublicKeySize, '\0');
  std::size_t size = raw.size();
  if (RequireLibcrypto().EVP_PKEY_get_raw_public_key(
          key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) {
    return NoMemory();
  }
  return raw;
}

// That `key`, null if it could not be decoded, is of the right kind.
absl::Status CheckKind(const std::filesystem::path& file, const char* wanted,
                       const EVP_PKEY* key, const char* what_to_do) {
  if (key == nullptr) {
    return NotAKey(file, wanted, "its PEM has bytes that are no key",
                   what_to_do);
  }
  if (RequireLibcrypto().EVP_PKEY_is_a(key, kKind) == 1) {
    return absl::OkStatus();
  }
  const char* const kind = RequireLibcrypto().EVP_PKEY_get0_type_name(key);
  return NotAKey(file, wanted,
                 absl::StrCat("it has a key of the kind ",
                              kind == nullptr ? "unknown" : kind),
                 what_to_do);
}

KeyPtr DecodePrivate(std::string_view der) {
  const unsigned char* next = Unsigned(der);
  const Pkcs8Ptr info(RequireLibcrypto().d2i_PKCS8_PRIV_KEY_INFO(
      nullptr, &next, static_cast<long>(der.size())));
  if (info == nullptr || next != Unsigned(der) + der.size()) return nullptr;
  return KeyPtr(RequireLibcrypto().EVP_PKCS82PKEY_ex(
      info.get(), OpensslContext(), nullptr));
}

KeyPtr DecodePublic(std::string_view der) {
  const unsigned char* next = Unsigned(der);
  KeyPtr key(RequireLibcrypto().d2i_PUBKEY_ex(nullptr, &next,
                                              static_cast<long>(der.size()),
                                              OpensslContext(), nullptr));
  if (next != Unsigned(der) + der.size()) return nullptr;
  return key;
}

// Adds the keys of one file.
absl::Status AddPublicKeys(const std::filesystem::path& file,
                           std::set<std::string, std::less<>>& keys) {
  absl::StatusOr<std::vector<PemBlock>> blocks =
      ReadPem(file, "public", kHowToMakePublic);
  if (absl::IsNotFound(blocks.status()) ||
      absl::IsFailedPrecondition(blocks.status())) {
    // A symbolic link to nowhere, or a directory.
    return NotAKey(file, "public", blocks.status().message(), kHowToMakePublic);
  }
  IRENEO_RETURN_IF_ERROR(blocks.status());
  const ErrorMark mark;
  for (const PemBlock& block : *blocks) {
    if (block.IsPrivate()) {
      return NotAKey(file, "public",
                     "it has a private key, which only who signs should have",
                     "Take it away, and put its public key here: `openssl pkey "
                     "-in KEY.pem -pubout -out KEY.pub`");
    }
    if (block.label != "PUBLIC KEY" || block.IsEncrypted()) {
      return NotInPkcs8(file, "public", block, kHowToMakePublic);
    }
    const KeyPtr key = DecodePublic(block.bytes);
    IRENEO_RETURN_IF_ERROR(
        CheckKind(file, "public", key.get(), kHowToMakePublic));
    IRENEO_ASSIGN_OR_RETURN(std::string raw, RawPublicKey(key.get()));
    keys.insert(std::move(raw));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SigningKey> SigningKey::Read(const std::filesystem::path& file) {
  constexpr char kWanted[] = "private";
  const absl::StatusOr<std::vector<PemBlock>> blocks =
      ReadPem(file, kWanted, kHowToMakePrivate);
  if (absl::IsNotFound(blocks.status())) {
    return absl::NotFoundError(
        absl::StrCat(file.native(),
                     " does not exist: give the file of an Ed25519 private "
                     "key. ",
                     kHowToMakePrivate));
  }
  IRENEO_RETURN_IF_ERROR(blocks.status());
  const PemBlock& block = blocks->front();
  if (blocks->size() > 1) {
    return NotAKey(
        file, kWanted,
        absl::StrCat("it has ", blocks->size(), " keys or certificates"),
        "Leave one key in it");
  }
  if (block.IsEncrypted()) {
    return NotAKey(file, kWanted,
                   "it is encrypted, and no passphrase is asked for",
                   "`openssl pkey -in KEY.pem -out PLAIN.pem` decrypts it");
  }
  if (block.label != "PRIVATE KEY") {
    return NotInPkcs8(file, kWanted, block, kHowToMakePrivate);
  }
  const ErrorMark mark;
  std::shared_ptr<EVP_PKEY> key = DecodePrivate(block.bytes);
  IRENEO_RETURN_IF_ERROR(
      CheckKind(file, kWanted, key.get(), kHowToMakePrivate));
  IRENEO_ASSIGN_OR_RETURN(std::string public_key, RawPublicKey(key.get()));
  return SigningKey(std::move(key), std::move(public_key));
}

absl::StatusOr<std::string> SigningKey::Sign(std::string_view message) const {
  const ErrorMark mark;
  const ContextPtr context(RequireLibcrypto().EVP_MD_CTX_new());
  std::string signature(kSignatureSize, '\0');
  std::size_t size = signature.size();
  if (context == nullptr ||
      RequireLibcrypto().EVP_DigestSignInit_ex(context.get(), nullptr, nullptr,
                                               OpensslContext(), nullptr,
                                               key_.get(), nullptr) != 1 ||
      RequireLibcrypto().EVP_DigestSign(
          context.get(), reinterpret_cast<unsigned char*>(signature.data()),
          &size, Unsigned(message), message.size()) != 1) {
    return NoMemory();
  }
  return signature;
}

absl::StatusOr<TrustedKeys> TrustedKeys::Read(
    const std::filesystem::path& directory) {
  absl::StatusOr<std::vector<std::string>> names =
      FileSystem::Posix().List(directory);
  if (absl::IsNotFound(names.status())) {
    return absl::NotFoundError(absl::StrCat(
        directory.native(),
        " does not exist: make this directory, and put the public keys of "
        "those whom you trust into it. ",
        kHowToMakePublic));
  }
  if (absl::IsFailedPrecondition(names.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory.native(),
        " is no directory: give the one that has the public keys of those "
        "whom you trust. ",
        kHowToMakePublic));
  }
  IRENEO_RETURN_IF_ERROR(names.status());
  std::sort(names->begin(), names->end());
  std::set<std::string, std::less<>> keys;
  for (const std::string& name : *names) {
    if (name.starts_with('.') ||
        !(name.ends_with(".pem") || name.ends_with(".pub"))) {
      continue;
    }
    IRENEO_RETURN_IF_ERROR(AddPublicKeys(directory / name, keys));
  }
  if (keys.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory.native(),
        " has no file *.pem or *.pub, so nobody is trusted: put the public "
        "keys of those whom you trust into it. ",
        kHowToMakePublic));
  }
  return TrustedKeys(std::move(keys));
}

absl::Status VerifySignature(std::string_view public_key,
                             std::string_view message,
                             std::string_view signature) {
  if (public_key.size() != kPublicKeySize ||
      signature.size() != kSignatureSize) {
    return absl::PermissionDeniedError(absl::StrCat(
        "a public key of ", public_key.size(), " bytes and a signature of ",
        signature.size(), " are none of Ed25519: expected ", kPublicKeySize,
        " and ", kSignatureSize,
        ". Get what is signed anew from who signed it"));
  }
  IRENEO_RETURN_IF_ERROR(LoadLibcrypto().status());
  const ErrorMark mark;
  const KeyPtr key(RequireLibcrypto().EVP_PKEY_new_raw_public_key_ex(
      OpensslContext(), kKind, nullptr, Unsigned(public_key),
      public_key.size()));
  const ContextPtr context(RequireLibcrypto().EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr ||
      RequireLibcrypto().EVP_DigestVerifyInit_ex(
          context.get(), nullptr, nullptr, OpensslContext(), nullptr, key.get(),
          nullptr) != 1) {
    return NoMemory();
  }
  if (RequireLibcrypto().EVP_DigestVerify(context.get(), Unsigned(signature),
                                          signature.size(), Unsigned(message),
                                          message.size()) != 1) {
    // In base64 as it ends the PEM of the key.
    return absl::PermissionDeniedError(absl::StrCat(
        "the signature is not one by the key ",
        absl::Base64Escape({public_key.data(), public_key.size()}),
        ": what is signed was changed, or signed by somebody else. Get it anew "
        "from who signed it"));
  }
  return absl::OkStatus();
}

}  // namespace ireneo::internal

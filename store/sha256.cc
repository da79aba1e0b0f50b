#include "ireneo/store/sha256.h"

#include <new>
#include <ostream>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/hex.h"
#include "ireneo/store/libcrypto.h"

namespace ireneo {
namespace {

using internal::RequireLibcrypto;

constexpr std::string_view kPrefix = "sha256:";

void CheckAllocated(bool ok) {
  if (!ok) throw std::bad_alloc();
}

EVP_MD* Fetch() {
  EVP_MD* const algorithm = RequireLibcrypto().EVP_MD_fetch(
      internal::OpensslContext(), "SHA2-256", nullptr);
  CheckAllocated(algorithm != nullptr);
  return algorithm;
}

// Fetching takes longer than hashing a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = Fetch();
  return algorithm;
}

absl::Status NotASha256(std::string_view text, const char* expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CEscape({text.data(), text.size()}),
                   "' is not a SHA-256: expected ", expected));
}

}  // namespace

Sha256 Sha256::Of(std::span<const std::byte> bytes) {
  Sha256Hasher hasher;
  hasher.Update(bytes);
  return hasher.Finish();
}

Sha256 Sha256::Of(std::string_view bytes) {
  return Of(std::as_bytes(std::span(bytes)));
}

absl::StatusOr<Sha256> Sha256::Parse(std::string_view text) {
  Sha256 sha256;
  if (!text.starts_with(kPrefix) ||
      !internal::ParseHex(text.substr(kPrefix.size()), sha256.bytes_)) {
    return NotASha256(text, "'sha256:' and 64 lowercase hex digits");
  }
  return sha256;
}

absl::StatusOr<Sha256> Sha256::FromHex(std::string_view hex) {
  Sha256 sha256;
  if (!internal::ParseHex(hex, sha256.bytes_)) {
    return NotASha256(hex, "64 lowercase hex digits");
  }
  return sha256;
}

std::string Sha256::ToString() const {
  return absl::StrCat("sha256:", ToHex());
}

std::string Sha256::ToHex() const {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes_.data()), bytes_.size()));
}

std::ostream& operator<<(std::ostream& stream, const Sha256& sha256) {
  return stream << sha256.ToString();
}

Sha256Hasher::Sha256Hasher() : context_(RequireLibcrypto().EVP_MD_CTX_new()) {
  CheckAllocated(context_ != nullptr &&
                 RequireLibcrypto().EVP_DigestInit_ex(
                     context_.get(), Algorithm(), nullptr) == 1);
}

void Sha256Hasher::Update(std::span<const std::byte> bytes) {
  CheckAllocated(RequireLibcrypto().EVP_DigestUpdate(
                     context_.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Hasher::Finish() {
  std::array<std::byte, Sha256::kSize> bytes;
  CheckAllocated(RequireLibcrypto().EVP_DigestFinal_ex(
                     context_.get(),
                     reinterpret_cast<unsigned char*>(bytes.data()),
                     nullptr) == 1);
  return Sha256(bytes);
}

void Sha256Hasher::Free::operator()(evp_md_ctx_st* context) const {
  RequireLibcrypto().EVP_MD_CTX_free(context);
}

}  // namespace ireneo

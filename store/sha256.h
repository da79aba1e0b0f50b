#ifndef IRENEO_STORE_SHA256_H_
#define IRENEO_STORE_SHA256_H_

// SHA-256 names what crosses a boundary of trust: the parts of an archive, and
// what a signature stands for. Nobody can make two inputs with one SHA-256.
// Its text form is that of the descriptors of OCI, "sha256:" and hex digits.
//
// Within a store `Digest` (store/digest.h) names bytes: it is many times
// faster, and no defence against people.
//
// OpenSSL computes it, with the algorithm that libcrypto has built in, whatever
// the machine's openssl.cnf says. All that can fail is an allocation, and the
// loading of libcrypto if `LoadLibcrypto` (store/libcrypto.h) was not asked
// before: std::bad_alloc and std::runtime_error are thrown.

#include <array>
#include <compare>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX.

namespace ireneo {

// The SHA-256 of a byte sequence (FIPS 180-4).
//
// A value type: 32 bytes, cheap to copy, thread-compatible.
class Sha256 {
 public:
  static constexpr std::size_t kSize = 32;

  // All zeros, a placeholder: no input is known to have it.
  constexpr Sha256() = default;
  explicit constexpr Sha256(const std::array<std::byte, kSize>& bytes)
      : bytes_(bytes) {}

  // The SHA-256 of `bytes`.
  static Sha256 Of(std::span<const std::byte> bytes);
  static Sha256 Of(std::string_view bytes);

  // Parses the text form that `ToString()` makes.
  //
  // Errors: InvalidArgument if `text` is not "sha256:" and 64 lowercase hex
  // digits.
  static absl::StatusOr<Sha256> Parse(std::string_view text);

  // Parses what `ToHex()` makes.
  //
  // Errors: InvalidArgument if `hex` is not 64 lowercase hex digits.
  static absl::StatusOr<Sha256> FromHex(std::string_view hex);

  // "sha256:" and the hex digits.
  std::string ToString() const;

  // The 64 hex digits alone, as they stand in the name of an OCI layout's file.
  std::string ToHex() const;

  const std::array<std::byte, kSize>& bytes() const { return bytes_; }

  friend auto operator<=>(const Sha256&, const Sha256&) = default;

  // Writes the text form.
  friend std::ostream& operator<<(std::ostream& stream, const Sha256& sha256);

  template <typename H>
  friend H AbslHashValue(H h, const Sha256& s) {
    return H::combine(std::move(h), s.bytes_);
  }

 private:
  std::array<std::byte, kSize> bytes_{};
};

// Computes the SHA-256 of bytes that arrive in pieces. Can be moved, not
// copied; one that was moved from can only be assigned to or destroyed. Not
// thread-safe.
class Sha256Hasher {
 public:
  Sha256Hasher();

  void Update(std::span<const std::byte> bytes);

  // The SHA-256 of everything so far. May be called once, and nothing after it.
  Sha256 Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };

  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_SHA256_H_

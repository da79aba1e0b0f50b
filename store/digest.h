#ifndef IRENEO_STORE_DIGEST_H_
#define IRENEO_STORE_DIGEST_H_

// Digests name byte sequences: a blob, an argument, a call.
//
// The digest is XXH3-128, computed at memory speed. It detects accidents, not
// attacks: an adversary can make two inputs with one digest. Bytes from people
// you do not trust must be checked by other means before they enter a store.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace ireneo {

// The identity of a byte sequence: XXH3-128 in canonical (big-endian) order.
//
// A value type: 16 bytes, cheap to copy, thread-compatible.
class Digest {
 public:
  static constexpr std::size_t kSize = 16;

  // The all-zero digest, a placeholder: no input is known to have it.
  constexpr Digest() = default;
  explicit constexpr Digest(const std::array<std::uint8_t, kSize>& bytes)
      : bytes_(bytes) {}

  // The digest of `bytes`.
  static Digest Of(std::span<const std::byte> bytes);
  static Digest Of(std::string_view bytes);

  // Parses the text form that `ToString()` makes.
  //
  // Errors: InvalidArgument if `text` is not "xxh3:" and 32 lowercase hex
  // digits.
  static absl::StatusOr<Digest> Parse(std::string_view text);

  // "xxh3:0123456789abcdef0123456789abcdef".
  std::string ToString() const;

  // The 32 hex digits alone, as they stand in the name of a blob's file.
  std::string ToHex() const;

  const std::array<std::uint8_t, kSize>& bytes() const { return bytes_; }

  friend auto operator<=>(const Digest&, const Digest&) = default;

  // Writes the text form.
  friend std::ostream& operator<<(std::ostream& stream, const Digest& digest);

  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine(std::move(h), d.bytes_);
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

// Computes the digest of bytes that arrive in pieces. Best fed large pieces;
// `DigestSink` (store/sink.h) gathers small ones. Not thread-safe.
class Hasher {
 public:
  Hasher();
  Hasher(const Hasher& other);
  Hasher& operator=(const Hasher&) = delete;

  void Update(std::span<const std::byte> bytes);

  // The digest of everything so far; more may follow.
  Digest digest() const;

 private:
  // Holds libxxhash's state, whose type stays out of this header.
  alignas(64) std::byte state_[576];
};

}  // namespace ireneo

#endif  // IRENEO_STORE_DIGEST_H_

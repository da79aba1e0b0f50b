#include "ireneo/store/digest.h"

#include <cstring>
#include <new>
#include <ostream>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/hex.h"

#define XXH_STATIC_LINKING_ONLY  // The layout of XXH3_state_t.
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // Picks SSE2, AVX2 or AVX-512 at run time.
#else
#include <xxhash.h>
#endif

namespace ireneo {
namespace {

constexpr std::string_view kPrefix = "xxh3:";

Digest FromXxh(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::array<std::uint8_t, Digest::kSize> bytes;
  static_assert(sizeof(canonical.digest) == sizeof(bytes));
  std::memcpy(bytes.data(), canonical.digest, sizeof(bytes));
  return Digest(bytes);
}

absl::string_view View(const std::array<std::uint8_t, Digest::kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Digest Digest::Of(std::span<const std::byte> bytes) {
  return FromXxh(XXH3_128bits(bytes.data(), bytes.size()));
}

Digest Digest::Of(std::string_view bytes) {
  return Of(std::as_bytes(std::span(bytes)));
}

absl::StatusOr<Digest> Digest::Parse(std::string_view text) {
  std::array<std::uint8_t, kSize> bytes{};
  if (!text.starts_with(kPrefix) ||
      !internal::ParseHex(text.substr(kPrefix.size()),
                          std::as_writable_bytes(std::span(bytes)))) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", absl::CEscape({text.data(), text.size()}),
                     "' is not a digest: expected 'xxh3:' and 32 lowercase "
                     "hex digits"));
  }
  return Digest(bytes);
}

std::string Digest::ToString() const { return absl::StrCat("xxh3:", ToHex()); }

std::string Digest::ToHex() const {
  return absl::BytesToHexString(View(bytes_));
}

std::ostream& operator<<(std::ostream& stream, const Digest& digest) {
  return stream << digest.ToString();
}

Hasher::Hasher() {
  static_assert(sizeof(state_) >= sizeof(XXH3_state_t));
  static_assert(alignof(Hasher) >= alignof(XXH3_state_t));
  XXH3_128bits_reset(new (state_) XXH3_state_t);
}

Hasher::Hasher(const Hasher& other) : Hasher() {
  XXH3_copyState(reinterpret_cast<XXH3_state_t*>(state_),
                 reinterpret_cast<const XXH3_state_t*>(other.state_));
}

void Hasher::Update(std::span<const std::byte> bytes) {
  XXH3_128bits_update(reinterpret_cast<XXH3_state_t*>(state_), bytes.data(),
                      bytes.size());
}

Digest Hasher::digest() const {
  return FromXxh(
      XXH3_128bits_digest(reinterpret_cast<const XXH3_state_t*>(state_)));
}

}  // namespace ireneo

#ifndef IRENEO_STORE_HEX_H_
#define IRENEO_STORE_HEX_H_

// Reads hex digits as digests are written: only one text stands for a digest,
// so that upper case, signs and white space are refused. Internal to Ireneo.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ireneo::internal {

// The value of a digit, or -1.
constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// HexValue of each byte: digits that are not known have no branches that can be
// foreseen.
inline constexpr std::array<std::int8_t, 256> kHexValues = [] {
  std::array<std::int8_t, 256> values{};
  for (int c = 0; c < 256; ++c) {
    values[static_cast<std::size_t>(c)] =
        static_cast<std::int8_t>(HexValue(static_cast<char>(c)));
  }
  return values;
}();

constexpr bool ParseHex(std::string_view hex, std::span<std::byte> bytes) {
  if (hex.size() != 2 * bytes.size()) return false;
  int seen = 0;  // Below 0 if one of them was.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = kHexValues[static_cast<unsigned char>(hex[2 * i])];
    const int low = kHexValues[static_cast<unsigned char>(hex[2 * i + 1])];
    seen |= high | low;
    bytes[i] = static_cast<std::byte>(16 * high + low);
  }
  return seen >= 0;
}

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_HEX_H_

#ifndef IRENEO_STORE_HEX_H_
#define IRENEO_STORE_HEX_H_

// Reads hex digits as digests are written: only one text stands for a digest,
// so that upper case, signs and white space are refused. Internal to Ireneo.

#include <cstddef>
#include <span>
#include <string_view>

namespace ireneo::internal {

// The value of a digit, or -1.
constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Fills `bytes`. False if `hex` is not two lowercase hex digits for each of
// them; then their values mean nothing.
constexpr bool ParseHex(std::string_view hex, std::span<std::byte> bytes) {
  if (hex.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::byte>(16 * high + low);
  }
  return true;
}

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_HEX_H_

#include "ireneo/serializers/utf8.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace ireneo::internal {
namespace {

// Encodes `code` in `size` bytes, overlong or not.
std::string Encoded(std::uint32_t code, std::size_t size) {
  if (size == 1) return std::string(1, static_cast<char>(code));
  std::string bytes(size, '\0');
  for (std::size_t i = size - 1; i > 0; --i) {
    bytes[i] = static_cast<char>(0x80 | (code & 0x3f));
    code >>= 6;
  }
  bytes[0] = static_cast<char>((0xf00 >> size & 0xff) | code);
  return bytes;
}

// What Unicode says, by the number instead of by the bytes.
bool IsScalarValue(std::uint32_t code) {
  return code < 0xd800 || (code >= 0xe000 && code <= 0x10ffff);
}
std::size_t ShortestSize(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST(Utf8Test, TakesTheShortestFormOfEveryScalarValueAndNoOther) {
  constexpr std::uint32_t kEnd[] = {0, 0x80, 0x800, 0x10000, 0x200000};
  for (std::size_t size = 1; size <= 4; ++size) {
    for (std::uint32_t code = 0; code < kEnd[size]; ++code) {
      const bool is_good = IsScalarValue(code) && ShortestSize(code) == size;
      ASSERT_EQ(Utf8PrefixSize(Encoded(code, size)), is_good ? size : 0)
          << std::hex << code << " in " << size << " bytes";
    }
  }
}

TEST(Utf8Test, RefusesFirstBytesOfNoCharacter) {
  for (int first = 0x80; first < 0x100; ++first) {
    if (first >= 0xc2 && first < 0xf5) continue;
    for (const std::string_view rest : {"", "\x80", "\x80\x80\x80\x80\x80"}) {
      const std::string text =
          std::string(1, static_cast<char>(first)).append(rest);
      EXPECT_EQ(Utf8PrefixSize(text), 0u) << std::hex << first;
    }
  }
}

TEST(Utf8Test, RefusesOtherBytesThanContinuations) {
  const std::string clef = "\xf0\x9d\x84\x9e";
  const std::string euro = "\xe2\x82\xac";
  for (const std::string& character : {clef, euro, std::string("\xc3\xa4")}) {
    for (std::size_t i = 1; i < character.size(); ++i) {
      for (int byte = 0; byte < 0x100; ++byte) {
        if (byte >= 0x80 && byte < 0xc0) continue;
        std::string text = character;
        text[i] = static_cast<char>(byte);
        EXPECT_EQ(Utf8PrefixSize(text), 0u) << i << ", " << byte;
      }
      EXPECT_EQ(Utf8PrefixSize(character.substr(0, i)), 0u);
    }
  }
}

TEST(Utf8Test, FindsTheFirstBadByteWhereverItIs) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string ascii(size, 'a');
    EXPECT_EQ(Utf8PrefixSize(ascii), size);
    for (std::size_t i = 0; i < size; ++i) {
      std::string text = ascii;
      text[i] = '\xff';
      EXPECT_EQ(Utf8PrefixSize(text), i);
      text.replace(i, 1, "\xc3\xa4");
      EXPECT_EQ(Utf8PrefixSize(text), size + 1);
    }
  }
}

TEST(Utf8Test, QuotedIsSafeAndCutBetweenCharacters) {
  EXPECT_EQ(Quoted("a\\'\"", 10), "'a\\'\"'");
  EXPECT_EQ(Quoted("\n\x7f\xc3\xa4", 10), "'\\x0a\\x7f\xc3\xa4'");
  EXPECT_EQ(Quoted("\xc3\xa4\xff", 10), "'\\xc3\\xa4\\xff'");
  EXPECT_EQ(Quoted("abc", 3), "'abc'");
  EXPECT_EQ(Quoted("abcd", 3), "'abc...'");
  EXPECT_EQ(Quoted("ab\xc3\xa4", 3), "'ab...'");
  EXPECT_EQ(Quoted("\x80\x80\x80\x80", 3), "'...'");
  EXPECT_EQ(Quoted("", 0), "''");
}

}  // namespace
}  // namespace ireneo::internal

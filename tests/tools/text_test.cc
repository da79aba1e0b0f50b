#include "ireneo/tools/text.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace ireneo::tools {
namespace {

TEST(TextTest, SafeTextDoesNothingToATerminal) {
  EXPECT_TRUE(IsSafeText(""));
  EXPECT_TRUE(IsSafeText("Gr\u00fc\u00dfe\t1\n2\r\n"));
  EXPECT_FALSE(IsSafeText("over\rwritten"));
  EXPECT_FALSE(IsSafeText("\x1b[31m"));
  EXPECT_FALSE(IsSafeText("\xff"));
  EXPECT_FALSE(IsSafeText("\u202e"));
}

TEST(FirstCharacterTest, DecodesUtf8) {
  EXPECT_EQ(FirstCharacter("ab").code, U'a');
  EXPECT_EQ(FirstCharacter("\u00fcb").code, U'\u00fc');
  EXPECT_EQ(FirstCharacter("\u2026").code, U'\u2026');
  EXPECT_EQ(FirstCharacter("\U0001f600").code, U'\U0001f600');
  EXPECT_EQ(FirstCharacter("\U0001f600").size, 4u);
}

TEST(FirstCharacterTest, RefusesWhatIsNotUtf8) {
  for (const char* text :
       {"", "\x80", "\xc3", "\xc3x", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
        "\xff"}) {
    EXPECT_EQ(FirstCharacter(text).size, 0u) << Escape(text);
  }
}

TEST(EscapeTest, PassesText) {
  const std::string text = "a \"b\" \\ gr\u00fc\u00dfe \u4e16\u754c \U0001f600";
  EXPECT_EQ(Escape(text), text);
}

TEST(EscapeTest, EscapesWhatTerminalsObey) {
  EXPECT_EQ(Escape("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(Escape("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Escape(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(Escape("\u009b31m"), "\\u{9b}31m");
}

TEST(EscapeTest, EscapesWhatDeceivesReaders) {
  EXPECT_EQ(Escape("\u202eabc\u2066"), "\\u{202e}abc\\u{2066}");
  EXPECT_EQ(Escape("\ufeff\U000e0041"), "\\u{feff}\\u{e0041}");
}

TEST(EscapeTest, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Escape("a\xff\xc3"), "a\\xff\\xc3");
}

TEST(WidthTest, CountsColumns) {
  EXPECT_EQ(Width(""), 0u);
  EXPECT_EQ(Width("gr\u00fc\u00dfe"), 5u);
  EXPECT_EQ(Width("\u4e16\u754c"), 4u);
  EXPECT_EQ(Width("e\u0301"), 1u);
}

TEST(ShortenTest, CutsAtACharacter) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abcd", 3), "ab\u2026");
  EXPECT_EQ(Shorten("\u00fc\u00fc\u00fc", 2), "\u00fc\u2026");
  EXPECT_EQ(Shorten("\u4e16\u754c", 3), "\u4e16\u2026");
  EXPECT_EQ(Shorten("\u4e16\u754c", 2), "\u2026");
  EXPECT_EQ(Shorten("abc", 0), "");
}

TEST(ShortenStartTest, CutsAtACharacter) {
  EXPECT_EQ(ShortenStart("abc", 3), "abc");
  EXPECT_EQ(ShortenStart("abcd", 3), "\u2026cd");
  EXPECT_EQ(ShortenStart("\u4e16\u754c", 3), "\u2026\u754c");
  EXPECT_EQ(ShortenStart("\u4e16\u754c", 2), "\u2026");
  EXPECT_EQ(ShortenStart("abc", 0), "");
}

TEST(EscapeLinesTest, KeepsLayoutAndEscapesTheRest) {
  EXPECT_EQ(EscapeLines("a\tb\r\nc\n"), "a\tb\r\nc\n");
  EXPECT_EQ(EscapeLines("\x1b[2J\r\xff\u202e\\\n"),
            "\\x1b[2J\\x0d\\xff\\u{202e}\\\n");
  EXPECT_TRUE(IsSafeText(EscapeLines(std::string("\0\r\n\r", 4))));
}

}  // namespace
}  // namespace ireneo::tools

#include "ireneo/tools/table.h"

#include <string>

#include "gtest/gtest.h"

namespace ireneo::tools {
namespace {

TEST(TableTest, AlignsColumns) {
  Table table({{.header = "name"}, {.header = "calls", .right = true}, {}});
  table.Add({"a", "1", "x"});
  table.Add({"long name", "123456", ""});
  EXPECT_EQ(table.ToString(kUnlimited),
            "name        calls\n"
            "a               1  x\n"
            "long name  123456\n");
}

TEST(TableTest, AlignsUtf8) {
  Table table({{.header = "name"}, {.header = "n", .right = true}});
  table.Add({"gr\u00fc\u00df", "1"});
  table.Add({"\u4e16", "22"});
  EXPECT_EQ(table.ToString(kUnlimited),
            "name   n\n"
            "gr\u00fc\u00df   1\n"
            "\u4e16    22\n");
}

TEST(TableTest, EscapesCells) {
  Table table({{.header = "name"}});
  table.Add({"a\nb\x1b"});
  EXPECT_EQ(table.ToString(kUnlimited), "name\na\\nb\\x1b\n");
}

TEST(TableTest, TheWidestFlexibleColumnGivesWay) {
  Table table({{.header = "rigid"},
               {.header = "a", .flexible = true},
               {.header = "b", .flexible = true}});
  table.Add({std::string(20, 'r'), std::string(30, 'a'), std::string(14, 'b')});
  EXPECT_EQ(table.ToString(56),
            "rigid                 a                   b\n"
            "rrrrrrrrrrrrrrrrrrrr  aaaaaaaaaaaaaaaaa\u2026  bbbbbbbbbbbbbb\n");
}

TEST(TableTest, FlexibleColumnsKeepAMinimum) {
  Table table({{.header = "a", .flexible = true}});
  table.Add({std::string(30, 'a')});
  EXPECT_EQ(table.ToString(1),
            "a\n" + std::string(Table::kMinWidth - 1, 'a') + "\u2026\n");
}

TEST(TableTest, AColumnMayKeepItsEnd) {
  Table table({{.header = "a", .flexible = true, .keep_end = true}});
  table.Add({"sample.Function"});
  EXPECT_EQ(table.ToString(9), "a\n\u2026Function\n");
}

TEST(SheetTest, AlignsValues) {
  Sheet sheet;
  sheet.Add("a", "1");
  sheet.Add("label", "two\nlines");
  sheet.AddSection("section");
  sheet.Add("b", "");
  EXPECT_EQ(sheet.ToString(kUnlimited),
            "a      1\n"
            "label  two\n"
            "       lines\n"
            "\n"
            "section\n"
            "b\n");
}

TEST(SheetTest, EscapesAllButNewlines) {
  Sheet sheet;
  sheet.AddSection("s\n");
  sheet.Add("l\n", "\x1b\n\x1b");
  EXPECT_EQ(sheet.ToString(kUnlimited),
            "s\\n\n"
            "l\\n  \\x1b\n"
            "     \\x1b\n");
}

TEST(SheetTest, WrapsBehindSpaces) {
  Sheet sheet;
  sheet.Add("a", "one two three four");
  EXPECT_EQ(sheet.ToString(13),
            "a  one two\n"
            "   three four\n");
}

TEST(SheetTest, KeepsWordsThatAreTooLong) {
  Sheet sheet;
  sheet.Add("a", "  xxxxxxxxxxxxxxxx y");
  EXPECT_EQ(sheet.ToString(10),
            "a    xxxxxxxxxxxxxxxx\n"
            "   y\n");
}

}  // namespace
}  // namespace ireneo::tools

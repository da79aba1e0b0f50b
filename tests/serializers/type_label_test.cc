#include "ireneo/serializers/type_label.h"

#include "gtest/gtest.h"

namespace ireneo {
namespace {

TEST(TypeLabelTest, ArraysAreScalarsAndShapes) {
  EXPECT_EQ(TypeLabel("eigen<<f8,?,?,F>/1"), "f64[?x?]");
  EXPECT_EQ(TypeLabel("eigen<<f8,?,1,F>/1"), "f64[?]");
  EXPECT_EQ(TypeLabel("eigen<<i4,?4,3,C>/1"), "i32[?x3]");
  EXPECT_EQ(TypeLabel("eigen<|b1,1,1,F>/1"), "bool[1]");
  EXPECT_EQ(TypeLabel("eigen.array<<c16,?,?,F>/1", "3x4"), "c128[3x4]");
  EXPECT_EQ(TypeLabel("vector<f64>", "741"), "f64[741]");
  EXPECT_EQ(TypeLabel("vector<vector<string>>"), "string[?][?]");
}

TEST(TypeLabelTest, FieldsAreLeftOut) {
  EXPECT_EQ(TypeLabel("acme.Params/1{f64,i32}"), "acme.Params/1");
  EXPECT_EQ(TypeLabel("pair<acme.Params/1{f64,i32},f64>"),
            "pair<acme.Params/1,f64>");
}

TEST(TypeLabelTest, WhatIsNoTypeNameStays) {
  EXPECT_EQ(TypeLabel("f64"), "f64");
  EXPECT_EQ(TypeLabel("<not a name>"), "<not a name>");
}

}  // namespace
}  // namespace ireneo

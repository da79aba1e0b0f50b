#include "ireneo/serializers/format_name.h"

#include <string_view>

#include "gtest/gtest.h"

namespace ireneo::internal {
namespace {

static_assert(IsFormatName("acme.Mesh_2/1"));
static_assert(IsFormatName("a/120"));
static_assert(!IsFormatName("acme.Mesh"));
static_assert(!IsFormatName("acme.Mesh/"));
static_assert(!IsFormatName("acme.Mesh/0"));
static_assert(!IsFormatName("acme.Mesh/01"));
static_assert(!IsFormatName("acme.Mesh/1/2"));
static_assert(!IsFormatName("acme::Mesh/1"));
static_assert(!IsFormatName("/1"));
static_assert(!IsFormatName(""));
static_assert(IsFormatName("a/123456789"));
static_assert(!IsFormatName("a/1234567890"));

template <FixedString kName>
struct Named {
  static constexpr std::string_view kText = kName.view();
};
struct Rgb : Named<"acme.Rgb/1"> {};

TEST(FixedStringTest, IsTheTextOfItsLiteral) {
  EXPECT_EQ(Rgb::kText, "acme.Rgb/1");
  EXPECT_EQ(Named<"">::kText, "");
}

}  // namespace
}  // namespace ireneo::internal

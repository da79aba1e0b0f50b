#include "ireneo/serializers/eigen_scalars.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "Eigen/Core"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::Eigen::bfloat16;
using ::Eigen::half;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::VerifySerializer;

struct SameBits {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return std::bit_cast<std::uint16_t>(a) == std::bit_cast<std::uint16_t>(b);
  }
};

template <typename T>
class EigenFloatTest : public ::testing::Test {};

using Floats = ::testing::Types<half, bfloat16>;
TYPED_TEST_SUITE(EigenFloatTest, Floats);

TYPED_TEST(EigenFloatTest, Serializer) {
  using T = TypeParam;
  EXPECT_TRUE(VerifySerializer<T>(
      {T(0.0f), T(-0.0f), T(1.0f), std::numeric_limits<T>::infinity(),
       std::numeric_limits<T>::quiet_NaN(), std::bit_cast<T>(std::uint16_t{1})},
      SameBits()));
}

TYPED_TEST(EigenFloatTest, AVectorIsWrittenInOnePieceAndViewed) {
  using T = TypeParam;
  static_assert(Viewable<std::vector<T>>);
  EXPECT_TRUE(VerifySerializer<std::vector<T>>(
      {{}, {T(1.0f)}, std::vector<T>(100, T(2.0f))}));
  EXPECT_EQ(BytesOf(std::vector<T>(3, T(1.0f)))->size(), 8u + 3 * 2);
  EXPECT_EQ(BytesOf(std::vector<T>(32, T(1.0f)))->size(), 64u + 32 * 2);
}

TEST(EigenScalarsTest, Names) {
  EXPECT_EQ(TypeName<half>(), "f16");
  EXPECT_EQ(TypeName<bfloat16>(), "bf16");
  EXPECT_EQ(TypeName<std::vector<bfloat16>>(), "vector<bf16>");
}

}  // namespace
}  // namespace ireneo

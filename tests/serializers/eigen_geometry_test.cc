#include "ireneo/serializers/eigen_geometry.h"

#include <string>
#include <vector>

#include "Eigen/Core"
#include "Eigen/Geometry"
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::Eigen::Map;
using ::Eigen::Quaternionf;
using ::Eigen::Transform;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;

struct SameCoefficients {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    if constexpr (requires { a.coeffs(); }) {
      return a.coeffs() == b.coeffs();
    } else if constexpr (requires { a.axis(); }) {
      return a.angle() == b.angle() && a.axis() == b.axis();
    } else {
      return a.matrix() == b.matrix();
    }
  }
};

TEST(EigenGeometryTest, Quaternions) {
  EXPECT_EQ(TypeName<Eigen::Quaterniond>(), "eigen.quaternion<<f8>/1");
  EXPECT_EQ(TypeName<Quaternionf>(), "eigen.quaternion<<f4>/1");
  EXPECT_TRUE(VerifySerializer<Quaternionf>(
      {Quaternionf::Identity(), Quaternionf(1, 2, 3, 4),
       Quaternionf(-1, -2, -3, -4)},
      SameCoefficients()));
  using Packed = Eigen::Quaternion<float, Eigen::DontAlign>;
  EXPECT_EQ(*RefOf(Packed(1, 2, 3, 4)), *RefOf(Quaternionf(1, 2, 3, 4)));
}

TEST(EigenGeometryTest, QuaternionBytesAreXyzw) {
  const float expected[] = {2, 3, 4, 1};
  EXPECT_EQ(*BytesOf(Quaternionf(/*w=*/1, 2, 3, 4)),
            std::string(reinterpret_cast<const char*>(expected), 16));
}

TEST(EigenGeometryTest, AMapMakesTheKeyOfTheQuaternion) {
  float data[] = {2, 3, 4, 1};
  const ValueRef key = *RefOf(Quaternionf(1, 2, 3, 4));
  EXPECT_EQ(*RefOf(Map<const Quaternionf>(data)), key);
  EXPECT_EQ(*RefOf(Map<Quaternionf>(data)), key);
  static_assert(kMutableView<Map<Quaternionf>>);
  static_assert(!kMutableView<Map<const Quaternionf>>);
  static_assert(!kMutableView<Quaternionf>);
  static_assert(!Storable<Map<Quaternionf>>);
}

TEST(EigenGeometryTest, AngleAxes) {
  using Eigen::AngleAxisd;
  using Eigen::Vector3d;
  EXPECT_EQ(TypeName<AngleAxisd>(), "eigen.angle_axis<<f8>/1");
  EXPECT_TRUE(VerifySerializer<AngleAxisd>(
      {AngleAxisd(0.5, Vector3d::UnitX()), AngleAxisd(0.5, Vector3d::UnitY()),
       AngleAxisd(1.5, Vector3d::UnitX())},
      SameCoefficients()));
  const double expected[] = {0.5, 0, 1, 0};
  EXPECT_EQ(*BytesOf(AngleAxisd(0.5, Vector3d::UnitY())),
            std::string(reinterpret_cast<const char*>(expected), 32));
}

template <typename T>
void VerifyTransform(const std::string& name) {
  EXPECT_EQ(TypeName<T>(), name);
  T ones = T::Identity();
  ones.matrix().setOnes();
  EXPECT_TRUE(VerifySerializer<T>({T::Identity(), ones}, SameCoefficients()));
}

TEST(EigenGeometryTest, TransformsOfEveryMode) {
  VerifyTransform<Eigen::Affine3d>("eigen.transform<<f8,3,affine,F>/1");
  VerifyTransform<Eigen::Isometry2f>("eigen.transform<<f4,2,isometry,F>/1");
  VerifyTransform<Eigen::AffineCompact3d>(
      "eigen.transform<<f8,3,affine_compact,F>/1");
  VerifyTransform<Eigen::Projective2d>("eigen.transform<<f8,2,projective,F>/1");
  VerifyTransform<Transform<double, 3, Eigen::Affine, Eigen::RowMajor>>(
      "eigen.transform<<f8,3,affine,C>/1");
  VerifyTransform<Transform<double, 2, Eigen::Affine, Eigen::DontAlign>>(
      "eigen.transform<<f8,2,affine,F>/1");
}

TEST(EigenGeometryTest, TransformBytesAreThoseOfTheMatrix) {
  Eigen::Affine3d t = Eigen::Affine3d::Identity();
  t.translate(Eigen::Vector3d(1, 2, 3));
  EXPECT_EQ(*BytesOf(t), *BytesOf(Eigen::Matrix4d(t.matrix())));
}

TEST(EigenGeometryTest, ARowOfATransformHasTwoDimensions) {
  using Line = Transform<double, 1, Eigen::AffineCompact>;
  VerifyTransform<Line>("eigen.transform<<f8,1,affine_compact,C>/1");
  EXPECT_NE(BytesOf(Line(Line::Identity()))->find("(1, 2)"), std::string::npos);
}

TEST(EigenGeometryTest, ErrorsNameTheTransform) {
  EXPECT_EQ(FromBytes<Eigen::Affine3d>(
                *BytesOf(Eigen::Matrix3d(Eigen::Matrix3d::Identity())))
                .status(),
            absl::DataLossError("npy: expected eigen.transform<<f8,3,affine,F>"
                                "/1, found <f8 (3, 3) F order"));
}

TEST(EigenGeometryTest, OtherScalarsAreLeftOut) {
  static_assert(!Hashable<Eigen::Quaternion<long double>>);
  static_assert(!Hashable<Eigen::AngleAxis<long double>>);
  static_assert(!Hashable<Transform<long double, 3, Eigen::Affine>>);
  static_assert(!Hashable<Map<const Eigen::Quaternion<long double>>>);
}

TEST(EigenGeometryTest, InOtherTypes) {
  EXPECT_EQ(TypeName<std::vector<Quaternionf>>(),
            "vector<eigen.quaternion<<f4>/1>");
  EXPECT_TRUE(VerifySerializer<std::vector<Quaternionf>>(
      {{}, {Quaternionf(1, 2, 3, 4)}},
      [](const auto& a, const auto& b) { return a.size() == b.size(); }));
}

}  // namespace
}  // namespace ireneo

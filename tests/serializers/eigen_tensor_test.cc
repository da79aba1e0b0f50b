#include "ireneo/serializers/eigen_tensor.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "unsupported/Eigen/CXX11/Tensor"

namespace ireneo {
namespace {

using ::Eigen::RowMajor;
using ::Eigen::Sizes;
using ::Eigen::Tensor;
using ::Eigen::TensorFixedSize;
using ::Eigen::TensorMap;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using ::testing::HasSubstr;

struct SameBits {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    for (int i = 0; i < a.rank(); ++i) {
      if (a.dimension(i) != b.dimension(i)) return false;
    }
    return a.size() == 0 ||
           std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0;
  }
};

// 1, 2, 3, ... in storage order.
template <typename T>
T Counting(T tensor) {
  for (Eigen::Index i = 0; i < tensor.size(); ++i) {
    tensor.data()[i] = typename T::Scalar(i + 1);
  }
  return tensor;
}

template <typename T>
std::string Npy(const NpyHeader& header, const std::vector<T>& values) {
  std::string bytes;
  StringSink sink(bytes);
  WriteNpyHeader(header, sink);
  sink.Write(std::as_bytes(std::span(values)));
  sink.Flush();
  EXPECT_TRUE(sink.ok()) << sink.status();
  return bytes;
}

template <typename T>
absl::StatusOr<View<T>> ViewOf(std::string_view bytes) {
  return View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
}

template <typename T>
std::string ErrorOf(std::string_view bytes) {
  const absl::Status read = FromBytes<T>(bytes).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ViewOf<T>(bytes).status(), read);
  return std::string(read.message());
}

TEST(EigenTensorTest, Names) {
  EXPECT_EQ((TypeName<Tensor<double, 3>>()), "eigen.tensor<<f8,?,?,?,F>/1");
  EXPECT_EQ((TypeName<Tensor<float, 1, RowMajor>>()),
            "eigen.tensor<<f4,?,C>/1");
  EXPECT_EQ((TypeName<Tensor<bool, 0>>()), "eigen.tensor<|b1,F>/1");
  EXPECT_EQ((TypeName<TensorFixedSize<double, Sizes<2, 3>>>()),
            "eigen.tensor<<f8,2,3,F>/1");
  EXPECT_EQ((TypeName<Tensor<Eigen::bfloat16, 2>>()),
            "eigen.tensor<bf16,?,?,F>/1");
  EXPECT_EQ((TypeName<Tensor<double, 2, 0, int>>()),
            (TypeName<Tensor<double, 2>>()));
  static_assert(!Hashable<Tensor<std::string, 2>>);
  static_assert(!Hashable<Tensor<long double, 2>>);
}

template <typename Scalar>
class EigenTensorScalarTest : public ::testing::Test {};

using Scalars = ::testing::Types<bool, std::int8_t, std::uint16_t, Eigen::half,
                                 Eigen::bfloat16, std::complex<double>>;
TYPED_TEST_SUITE(EigenTensorScalarTest, Scalars);

TYPED_TEST(EigenTensorScalarTest, Serializer) {
  using T = Tensor<TypeParam, 2>;
  T ones(2, 3);
  ones.setConstant(TypeParam(1));
  T changed = ones;
  changed(1, 2) = TypeParam(0);
  EXPECT_TRUE(VerifySerializer<T>({T(), ones, changed}, SameBits()));
}

TEST(EigenTensorTest, Serializers) {
  using T = Tensor<double, 3>;
  EXPECT_TRUE(
      VerifySerializer<T>({T(), T(0, 2, 3), T(2, 0, 3), Counting(T(2, 3, 1)),
                           Counting(T(3, 2, 1)), Counting(T(1, 1, 1))},
                          SameBits()));
  using RowMajorTensor = Tensor<float, 4, RowMajor, int>;
  EXPECT_TRUE(VerifySerializer<RowMajorTensor>(
      {RowMajorTensor(), Counting(RowMajorTensor(1, 2, 3, 2))}, SameBits()));
  using Fixed = TensorFixedSize<double, Sizes<2, 3>>;
  EXPECT_TRUE(VerifySerializer<Fixed>({Counting(Fixed())}, SameBits()));
  using Scalar = Tensor<double, 0>;
  EXPECT_TRUE(VerifySerializer<Scalar>({Counting(Scalar())}, SameBits()));
  using FixedScalar = TensorFixedSize<double, Sizes<>>;
  EXPECT_TRUE(
      VerifySerializer<FixedScalar>({Counting(FixedScalar())}, SameBits()));
}

TEST(EigenTensorTest, RanksUpTo32) {
  using T = Tensor<std::int8_t, 32>;
  Eigen::array<Eigen::Index, 32> extents;
  extents.fill(1);
  extents[31] = 3;
  const T value = Counting(T(extents));
  const std::string bytes = *BytesOf(value);
  const absl::StatusOr<T> read = FromBytes<T>(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->dimension(31), 3);
  EXPECT_EQ(*BytesOf(*read), bytes);
  static_assert(!Hashable<Tensor<std::int8_t, 33>>);
}

TEST(EigenTensorTest, FortranOrderIsThatOfTheType) {
  EXPECT_THAT(*BytesOf(Tensor<double, 3>(1, 1, 1).setZero()),
              HasSubstr("'fortran_order': True, 'shape': (1, 1, 1)"));
  EXPECT_THAT(*BytesOf(Tensor<double, 3, RowMajor>(1, 1, 1).setZero()),
              HasSubstr("'fortran_order': False, 'shape': (1, 1, 1)"));
  EXPECT_THAT(*BytesOf(Tensor<double, 1>(3).setZero()),
              HasSubstr("'fortran_order': False, 'shape': (3,)"));
}

TEST(EigenTensorTest, AMapMakesTheKeyOfTheTensor) {
  using T = Tensor<double, 2>;
  const T value = Counting(T(2, 3));
  T copy = value;
  EXPECT_EQ(*RefOf(TensorMap<const T>(value.data(), 2, 3)), *RefOf(value));
  EXPECT_EQ(*RefOf(TensorMap<T>(copy.data(), 2, 3)), *RefOf(value));
  EXPECT_EQ(*RefOf(TensorMap<T, Eigen::Aligned>(copy)), *RefOf(value));
  using Fixed = TensorFixedSize<double, Sizes<2, 3>>;
  const Fixed fixed = Counting(Fixed());
  EXPECT_EQ(*RefOf(TensorMap<const Fixed>(fixed)), *RefOf(fixed));
  static_assert(kMutableView<TensorMap<T>>);
  static_assert(!kMutableView<TensorMap<const T>>);
  static_assert(!kMutableView<T>);
  static_assert(!Storable<TensorMap<T>>);
}

TEST(EigenTensorTest, TheViewIsAMapOfTheBlob) {
  using T = Tensor<double, 3>;
  const T value = Counting(T(2, 3, 4));
  const std::string bytes = *BytesOf(value);
  const Blob blob = Blob::Copy(std::as_bytes(std::span(bytes)));
  const absl::StatusOr<View<T>> view = View<T>::Of(blob);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(reinterpret_cast<const std::byte*>(view->data()),
            blob.bytes().data() + 128);
  EXPECT_EQ(view->dimension(1), 3);
  EXPECT_EQ((*view)(1, 2, 3), value(1, 2, 3));
  const T sum = *view + value;
  EXPECT_EQ(sum(1, 2, 3), 48);
  EXPECT_EQ(*RefOf(*view), *RefOf(value));
}

TEST(EigenTensorTest, ForeignFilesAreConverted) {
  using T = Tensor<double, 3>;
  std::vector<std::int16_t> values;
  for (int i = 0; i < 2 * 3 * 4; ++i) values.push_back(i);
  const std::string bytes = Npy({.descr = "<i2", .shape = {2, 3, 4}}, values);
  const absl::StatusOr<T> value = FromBytes<T>(bytes);
  ASSERT_TRUE(value.ok()) << value.status();
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) {
        EXPECT_EQ((*value)(i, j, k), (i * 3 + j) * 4 + k);
      }
    }
  }
  EXPECT_EQ(ViewOf<T>(bytes).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const auto transposed =
      FromBytes<Tensor<float, 3, RowMajor>>(*BytesOf(Counting(T(5, 70, 3))));
  ASSERT_TRUE(transposed.ok()) << transposed.status();
  EXPECT_EQ((*transposed)(4, 69, 2), 5 * 70 * 3);
  EXPECT_EQ((*transposed)(1, 0, 0), 2);
  EXPECT_EQ((*transposed)(0, 1, 0), 6);
}

TEST(EigenTensorTest, TransposesWithDimensionsOfOne) {
  const Tensor<double, 4> value = Counting(Tensor<double, 4>(2, 1, 3, 1));
  const auto read = FromBytes<Tensor<double, 4, RowMajor>>(*BytesOf(value));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)(1, 0, 2, 0), value(1, 0, 2, 0));
  EXPECT_EQ((*read)(0, 0, 1, 0), value(0, 0, 1, 0));
}

TEST(EigenTensorTest, ErrorsNameBothSides) {
  EXPECT_EQ((ErrorOf<Tensor<double, 3>>(
                Npy<double>({.descr = "<f8", .shape = {1, 1}}, {1}))),
            "npy: expected eigen.tensor<<f8,?,?,?,F>/1, found <f8 (1, 1) C "
            "order");
  EXPECT_EQ((ErrorOf<TensorFixedSize<double, Sizes<2, 3>>>(Npy(
                {.descr = "<f8", .shape = {3, 2}}, std::vector<double>(6)))),
            "npy: expected eigen.tensor<<f8,2,3,F>/1, found <f8 (3, 2) C "
            "order");
  EXPECT_THAT((ErrorOf<Tensor<int, 3>>(Npy<double>(
                  {.descr = "<f8", .fortran_order = true, .shape = {1, 2, 3}},
                  {0, 1, 2, 0.5, 4, 5}))),
              HasSubstr("with 0.5 at [0, 1, 1], which is no <i4"));
}

TEST(EigenTensorTest, NothingIsAllocatedForAClaim) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kBig = std::int64_t{1} << 40;
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{kMax, 1, 1},
                                              {kBig, 1, 1},
                                              {kBig, kBig, kBig},
                                              {kBig, kBig, 0},
                                              {0, kBig, kBig},
                                              {2, 2, 2}}) {
    ErrorOf<Tensor<double, 3>>(
        Npy({.descr = "<f8", .shape = shape}, std::vector<char>(10)));
    ErrorOf<Tensor<double, 3>>(
        Npy({.descr = "|u1", .shape = shape}, std::vector<char>(7)));
  }
  using SmallIndex = Tensor<std::int8_t, 2, 0, int>;
  ErrorOf<SmallIndex>(
      Npy<char>({.descr = "|i1", .shape = {0, std::int64_t{1} << 31}}, {}));
}

TEST(EigenTensorTest, ExtentsThatOverflowAreNotWritten) {
  using T = Tensor<double, 3>;
  T value;
  value.resize(0, std::int64_t{1} << 40, std::int64_t{1} << 40);
  EXPECT_EQ(BytesOf(value).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ireneo

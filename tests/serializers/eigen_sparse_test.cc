// Sparse matrices, vectors and triplets: names, canonical bytes, expressions,
// views. Damaged bytes are in eigen_sparse_error_test.cc.

#include "ireneo/serializers/eigen_sparse.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "Eigen/SparseCore"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"

namespace ireneo {
namespace {

using ::Eigen::Map;
using ::Eigen::Ref;
using ::Eigen::RowMajor;
using ::Eigen::SparseMatrix;
using ::Eigen::SparseVector;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::VerifySerializer;
using Sparse = SparseMatrix<double>;
using Triplets = std::vector<Eigen::Triplet<double, int>>;

// Equal in shape, pattern and every bit. For compressed matrices.
struct SameBits {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    if (a.rows() != b.rows() || a.cols() != b.cols() ||
        a.nonZeros() != b.nonZeros()) {
      return false;
    }
    const auto same = [](const auto* x, const auto* y, Eigen::Index count) {
      return count == 0 || std::memcmp(x, y, count * sizeof(*x)) == 0;
    };
    return (a.outerIndexPtr() == nullptr ||
            same(a.outerIndexPtr(), b.outerIndexPtr(), a.outerSize() + 1)) &&
           same(a.innerIndexPtr(), b.innerIndexPtr(), a.nonZeros()) &&
           same(a.valuePtr(), b.valuePtr(), a.nonZeros());
  }
};

template <typename T = Sparse>
T Make(int rows, int cols, const Triplets& triplets) {
  T matrix(rows, cols);
  matrix.setFromTriplets(triplets.begin(), triplets.end());
  return matrix;
}

template <typename T = Sparse>
T Example() {
  return Make<T>(4, 5, {{0, 0, 1}, {3, 0, 1}, {1, 2, 1}, {0, 4, 1}, {2, 4, 1}});
}

// A random-looking one of some size.
template <typename T = Sparse>
T Large(int rows, int cols) {
  Triplets triplets;
  for (int j = 0; j < cols; ++j) {
    for (int i = (j * 7) % 5; i < rows; i += 1 + (i * 3 + j) % 11) {
      triplets.push_back({i, j, i + 0.5 * j});
    }
  }
  return Make<T>(rows, cols, triplets);
}

// Whether `value` has the key of the `Plain` that it evaluates to.
template <typename Plain, typename T>
::testing::AssertionResult KeyIsThatOf(const T& value) {
  Plain plain(value);
  if constexpr (requires { plain.makeCompressed(); }) plain.makeCompressed();
  const absl::StatusOr<ValueRef> expected = RefOf(plain);
  const absl::StatusOr<ValueRef> actual = RefOf(value);
  if (!expected.ok() || !actual.ok()) {
    return ::testing::AssertionFailure()
           << expected.status() << " " << actual.status();
  }
  if (*expected == *actual) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << actual->type << " " << actual->digest.ToString() << " instead of "
         << expected->type << " " << expected->digest.ToString();
}

template <typename Scalar>
class EigenSparseScalarTest : public ::testing::Test {};

using Scalars = ::testing::Types<bool, std::int8_t, std::uint64_t, Eigen::half,
                                 Eigen::bfloat16, float, std::complex<double>>;
TYPED_TEST_SUITE(EigenSparseScalarTest, Scalars);

TYPED_TEST(EigenSparseScalarTest, Serializer) {
  using T = SparseMatrix<TypeParam>;
  T a(3, 4);
  a.insert(1, 2) = TypeParam(1);
  a.insert(0, 3) = TypeParam(0);
  a.makeCompressed();
  EXPECT_TRUE(VerifySerializer<T>({T(), T(3, 4), a}, SameBits()));
}

TEST(EigenSparseTest, Names) {
  EXPECT_EQ(TypeName<Sparse>(), "eigen.sparse<<f8,<i4,F>/1");
  EXPECT_EQ((TypeName<SparseMatrix<float, RowMajor, std::int64_t>>()),
            "eigen.sparse<<f4,<i8,C>/1");
  EXPECT_EQ((TypeName<SparseMatrix<Eigen::bfloat16, 0, std::int8_t>>()),
            "eigen.sparse<bf16,|i1,F>/1");
  EXPECT_EQ((TypeName<SparseVector<double>>()),
            "eigen.sparse_vector<<f8,<i4,F>/1");
  EXPECT_EQ((TypeName<SparseVector<bool, RowMajor, std::int16_t>>()),
            "eigen.sparse_vector<|b1,<i2,C>/1");
  static_assert(!Hashable<SparseMatrix<long double>>);
  static_assert(!Hashable<SparseVector<long double>>);
  static_assert(!Hashable<Ref<const SparseMatrix<long double>>>);
}

TEST(EigenSparseTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<Sparse>(
      {Sparse(), Sparse(3, 0), Sparse(0, 3), Sparse(3, 3), Example(),
       Make(4, 5, {{0, 0, 1}}), Make(5, 4, {{0, 0, 1}}),
       Make(4, 5, {{0, 0, 2}}), Make(4, 5, {{1, 0, 1}}),
       Make(4, 5, {{0, 1, 1}}), Large(30, 20)},
      SameBits()));
  using RowMajor64 = SparseMatrix<double, RowMajor, std::int64_t>;
  EXPECT_TRUE(VerifySerializer<RowMajor64>(
      {RowMajor64(), Example<RowMajor64>(), Large<RowMajor64>(9, 14)},
      SameBits()));
  using Short = SparseMatrix<float, 0, std::int16_t>;
  EXPECT_TRUE(VerifySerializer<Short>({Example<Short>()}, SameBits()));
  using Byte = SparseMatrix<float, 0, std::int8_t>;
  EXPECT_TRUE(
      VerifySerializer<Byte>({Byte(127, 3), Example<Byte>()}, SameBits()));
}

TEST(EigenSparseTest, VectorSerializers) {
  using V = SparseVector<double>;
  V a(7);
  a.insert(2) = 1;
  V b(7);
  b.insert(2) = 1;
  b.insert(6) = -2;
  EXPECT_TRUE(VerifySerializer<V>({V(), V(7), V(8), a, b}, SameBits()));
  using Row = SparseVector<std::complex<float>, RowMajor, std::int64_t>;
  Row c(300);
  for (int i = 0; i < 300; i += 3) c.insert(i) = {1.0f, float(i)};
  EXPECT_TRUE(VerifySerializer<Row>({Row(), c}, SameBits()));
}

TEST(EigenSparseTest, ExplicitZerosAreKept) {
  EXPECT_NE(*RefOf(Make(2, 2, {{0, 0, 0}})), *RefOf(Make(2, 2, {})));
  EXPECT_NE(*RefOf(Make(2, 2, {{0, 0, 0}})), *RefOf(Make(2, 2, {{0, 0, -0.}})));
}

TEST(EigenSparseTest, AnUncompressedMatrixHasTheSameBytes) {
  const Sparse compressed = Large(50, 40);
  Sparse loose = compressed;
  loose.uncompress();
  loose.reserve(Eigen::VectorXi::Constant(40, 9));
  ASSERT_FALSE(loose.isCompressed());
  EXPECT_EQ(*BytesOf(loose), *BytesOf(compressed));
  Sparse empty_columns(5, 3);
  empty_columns.reserve(Eigen::VectorXi::Constant(3, 2));
  EXPECT_EQ(*BytesOf(empty_columns), *BytesOf(Sparse(5, 3)));
}

TEST(EigenSparseTest, UnsortedIndicesAreWrittenSorted) {
  const int starts[] = {0, 3, 3, 5};
  const int indices[] = {2, 0, 3, 1, 0};
  const double values[] = {20, 1, 30, 11, 10};
  const Map<const Sparse> unsorted(4, 3, 5, starts, indices, values);
  EXPECT_EQ(
      *RefOf(unsorted),
      *RefOf(Make(
          4, 3, {{0, 0, 1}, {2, 0, 20}, {3, 0, 30}, {0, 2, 10}, {1, 2, 11}})));
  const int room[] = {0, 4, 4, 8};
  const int counts[] = {2, 0, 1};
  const int loose_indices[] = {2, 0, -7, 9, 1, 5, 5, 5};
  const double loose_values[] = {20, 1, 0, 0, 11, 0, 0, 0};
  const Map<const Sparse> loose(4, 3, 3, room, loose_indices, loose_values,
                                counts);
  EXPECT_EQ(*RefOf(loose),
            *RefOf(Make(4, 3, {{0, 0, 1}, {2, 0, 20}, {1, 2, 11}})));
}

TEST(EigenSparseTest, MapsAndRefsMakeTheKeyOfTheMatrix) {
  const Sparse a = Large(50, 40);
  const ValueRef key = *RefOf(a);
  EXPECT_EQ(*RefOf(Map<const Sparse>(50, 40, a.nonZeros(), a.outerIndexPtr(),
                                     a.innerIndexPtr(), a.valuePtr())),
            key);
  EXPECT_EQ(*RefOf(Ref<const Sparse>(a)), key);
  Sparse b = a;
  EXPECT_EQ(*RefOf(Ref<Sparse>(b)), key);
  EXPECT_EQ(*RefOf(Map<Sparse>(50, 40, b.nonZeros(), b.outerIndexPtr(),
                               b.innerIndexPtr(), b.valuePtr())),
            key);
  b.uncompress();
  EXPECT_EQ(*RefOf(Ref<Sparse>(b)), key);
  const SparseVector<double> v = a.col(3);
  EXPECT_EQ(*RefOf(Ref<const SparseVector<double>>(v)), *RefOf(v));
}

TEST(EigenSparseTest, BlocksMakeTheKeyOfWhatTheyEvaluateTo) {
  const Sparse a = Large(50, 40);
  Sparse loose = a;
  loose.uncompress();
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a.middleCols(3, 20)));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a.middleCols(3, 0)));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(loose.middleCols(3, 20)));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(Ref<const Sparse>(a.middleCols(3, 20))));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a.block(3, 4, 20, 30)));
  EXPECT_TRUE(KeyIsThatOf<SparseVector<double>>(a.col(7)));
  EXPECT_TRUE((KeyIsThatOf<SparseVector<double, RowMajor>>(a.row(7))));
  const SparseMatrix<double, RowMajor> r = a;
  EXPECT_TRUE(
      (KeyIsThatOf<SparseMatrix<double, RowMajor>>(r.middleRows(3, 9))));
  EXPECT_TRUE((KeyIsThatOf<SparseVector<double, RowMajor>>(r.row(7))));
  EXPECT_TRUE(KeyIsThatOf<SparseVector<double>>(
      Ref<const SparseVector<double>>(a.col(7))));
}

TEST(EigenSparseTest, ExpressionsMakeTheKeyOfWhatTheyEvaluateTo) {
  const Sparse a = Large(30, 30);
  const SparseVector<double> v = a.col(3);
  using Row = SparseMatrix<double, RowMajor>;
  EXPECT_TRUE(KeyIsThatOf<Row>(a.transpose()));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a.transpose().transpose()));
  EXPECT_TRUE((KeyIsThatOf<SparseVector<double, RowMajor>>(v.transpose())));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a + a));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a * a));
  EXPECT_TRUE(KeyIsThatOf<SparseVector<double>>(v + v));
  EXPECT_TRUE(KeyIsThatOf<SparseVector<double>>(a * v));
  EXPECT_TRUE(KeyIsThatOf<Sparse>(a.triangularView<Eigen::Lower>()));
  EXPECT_TRUE(KeyIsThatOf<SparseMatrix<float>>(a.cast<float>()));
  // Eigen counts in its own Index where a number takes part.
  EXPECT_TRUE((KeyIsThatOf<SparseMatrix<double, 0, Eigen::Index>>(2 * a)));
  EXPECT_NE(RefOf(a.transpose())->type, RefOf(a)->type);
}

TEST(EigenSparseTest, MutableViewsAreKnown) {
  static_assert(kMutableView<Ref<Sparse>>);
  static_assert(!kMutableView<Ref<const Sparse>>);
  static_assert(kMutableView<Map<Sparse>>);
  static_assert(!kMutableView<Map<const Sparse>>);
  static_assert(kMutableView<Ref<SparseVector<double>>>);
  static_assert(!kMutableView<Ref<const SparseVector<double>>>);
  static_assert(kMutableView<Eigen::Block<Sparse, -1, -1, true>>);
  static_assert(!kMutableView<Eigen::Block<const Sparse, -1, -1, true>>);
  static_assert(!kMutableView<Sparse>);
  static_assert(!kMutableView<SparseVector<double>>);
  static_assert(!Storable<Ref<const Sparse>>);
}

TEST(EigenSparseTest, TheViewIsAMapOfTheBlob) {
  const Sparse a = Large(50, 40);
  const std::string bytes = *BytesOf(a);
  const Blob blob = Blob::Copy(std::as_bytes(std::span(bytes)));
  const absl::StatusOr<View<Sparse>> view = View<Sparse>::Of(blob);
  ASSERT_TRUE(view.ok()) << view.status();
  const auto* const start =
      reinterpret_cast<const std::byte*>(view->outerIndexPtr());
  EXPECT_EQ(start, blob.bytes().data() + 64);
  EXPECT_EQ(*RefOf(*view), *RefOf(a));
  const Map<const Sparse>& map = *view;
  EXPECT_EQ((Sparse(map) - a).norm(), 0);
  EXPECT_TRUE(KeyIsThatOf<Sparse>(map + map));
  static_assert(Viewable<Sparse>);
  static_assert(!Viewable<SparseVector<double>>);
}

TEST(EigenSparseTest, BytesAreThoseOfTheFormat) {
  const std::string bytes = *BytesOf(Example());
  ASSERT_EQ(bytes.size(), 3 * 64 + 5 * 8u);
  const std::uint64_t sizes[] = {4, 5, 5};
  EXPECT_EQ(std::memcmp(bytes.data(), sizes, 24), 0);
  const std::int32_t starts[] = {0, 2, 2, 3, 3, 5};
  EXPECT_EQ(std::memcmp(bytes.data() + 64, starts, 24), 0);
  const std::int32_t indices[] = {0, 3, 1, 0, 2};
  EXPECT_EQ(std::memcmp(bytes.data() + 128, indices, 20), 0);
  const double values[] = {1, 1, 1, 1, 1};
  EXPECT_EQ(std::memcmp(bytes.data() + 192, values, 40), 0);
}

TEST(EigenSparseTest, Triplets) {
  using T = Eigen::Triplet<double>;
  using Wide = Eigen::Triplet<bool, std::int64_t>;
  const auto equal = [](const auto& a, const auto& b) {
    return a.row() == b.row() && a.col() == b.col() && a.value() == b.value();
  };
  EXPECT_EQ(TypeName<T>(), "eigen.triplet<<f8,<i4>/1");
  EXPECT_EQ(TypeName<Wide>(), "eigen.triplet<|b1,<i8>/1");
  EXPECT_EQ(BytesOf(T(1, 2, 3))->size(), 16u);
  EXPECT_TRUE(
      VerifySerializer<T>({T(), T(1, 2, 3), T(2, 1, 3), T(1, 2, 4)}, equal));
  EXPECT_TRUE(
      VerifySerializer<Wide>({Wide(1, 2, true), Wide(1, 2, false)}, equal));
}

}  // namespace
}  // namespace ireneo

// Which matrices are the same argument, and which never are.

#include <Eigen/Core>
#include <atomic>
#include <optional>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using Eigen::Dynamic;
using Eigen::MatrixXd;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;
using RowMajorXd = Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>;

std::atomic<int> executions = 0;

class MemoizeEigenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    executions = 0;
    absl::StatusOr<MemoStore> store = testing::OpenStore(dir_.path() / "store");
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
    a_ = MatrixXd(6, 4);
    for (int i = 0; i < a_.size(); ++i) a_.data()[i] = i;
  }

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
  MatrixXd a_;
};

double FirstRow(const MatrixXd& m) {
  ++executions;
  return m.row(0).sum();
}
double FirstRowOfRef(const Eigen::Ref<const MatrixXd>& m) {
  ++executions;
  return m.row(0).sum();
}

TEST_F(MemoizeEigenTest, TransposeReshapeAndScalarTypeNeverShareAResult) {
  const MemoizeOptions options = {.name = "f", .version = "1"};
  const auto f = Memoize(*store_, options, FirstRow);
  EXPECT_EQ(f(a_), a_.row(0).sum());
  EXPECT_EQ(f(a_.transpose()), a_.col(0).sum());
  const MatrixXd reshaped = Eigen::Map<const MatrixXd>(a_.data(), 4, 6);
  EXPECT_EQ(f(reshaped), reshaped.row(0).sum());
  const MatrixXd column = Eigen::Map<const MatrixXd>(a_.data(), 24, 1);
  EXPECT_EQ(f(column), 0);
  EXPECT_EQ(executions, 4);

  // The same name and version with parameters of other types.
  std::set<Digest> keys = {*f.KeyOf(a_), *f.KeyOf(a_.transpose()),
                           *f.KeyOf(reshaped), *f.KeyOf(column)};
  const auto key_of = [&](const auto& value) {
    using T = std::remove_cvref_t<decltype(value)>;
    return *Memoize(*store_, options, [](const T& m) {
              return static_cast<double>(std::real(m(0)));
            }).KeyOf(value);
  };
  keys.insert(key_of(Eigen::MatrixXf(a_.cast<float>())));
  keys.insert(key_of(Eigen::MatrixXi(a_.cast<int>())));
  keys.insert(key_of(Eigen::MatrixXcd(a_.cast<std::complex<double>>())));
  keys.insert(key_of(RowMajorXd(a_)));
  keys.insert(key_of(Eigen::ArrayXXd(a_.array())));
  keys.insert(key_of(Eigen::Matrix<double, 6, 4>(a_)));
  keys.insert(key_of(Eigen::VectorXd(column)));
  keys.insert(key_of(Eigen::RowVectorXd(column.transpose())));
  EXPECT_EQ(keys.size(), 12u);
}

TEST_F(MemoizeEigenTest, ViewsWithEqualCoefficientsShareAResult) {
  const auto f = Memoize(*store_, {.name = "f", .version = "1"}, FirstRow);
  const auto g = Memoize(*store_, {.name = "f", .version = "1"}, FirstRowOfRef);
  MatrixXd large = MatrixXd::Random(20, 20);
  large.block(3, 5, 6, 4) = a_;
  Eigen::VectorXd spread(6 * 2 * 4);
  Eigen::Map<MatrixXd, 0, Eigen::Stride<Dynamic, 2>> strided(
      spread.data(), 6, 4, Eigen::Stride<Dynamic, 2>(12, 2));
  strided = a_;

  const double expected = a_.row(0).sum();
  EXPECT_EQ(f(a_), expected);
  EXPECT_EQ(f(large.block(3, 5, 6, 4)), expected);
  EXPECT_EQ(g(a_), expected);
  EXPECT_EQ(g(large.block(3, 5, 6, 4)), expected);
  EXPECT_EQ(g(large.middleCols(5, 4).middleRows(3, 6)), expected);
  EXPECT_EQ(g(Eigen::Map<const MatrixXd>(a_.data(), 6, 4)), expected);
  EXPECT_EQ(g(strided), expected);
  EXPECT_EQ(g(2 * a_ - a_), expected);
  EXPECT_EQ(executions, 1);

  large(3, 5) += 1;
  EXPECT_EQ(g(large.block(3, 5, 6, 4)), expected + 1);
  EXPECT_EQ(executions, 2);
}

TEST_F(MemoizeEigenTest, MapAndBlockMayBeParameters) {
  const auto f = Memoize(*store_, {.name = "f", .version = "1"}, FirstRow);
  const auto by_map = Memoize(*store_, {.name = "f", .version = "1"},
                              [](const Eigen::Map<const MatrixXd>& m) {
                                ++executions;
                                return m.row(0).sum();
                              });
  const double expected = f(a_);
  EXPECT_EQ(by_map(Eigen::Map<const MatrixXd>(a_.data(), 6, 4)), expected);
  EXPECT_EQ(executions, 1);
}

TEST_F(MemoizeEigenTest, ResultsComeBackBitForBit) {
  const auto f = Memoize(*store_, {.name = "r", .version = "1"}, [](int n) {
    ++executions;
    MatrixXd m(n, n + 1);
    for (int i = 0; i < m.size(); ++i) m.data()[i] = 1.0 / (i + 1);
    if (m.size() > 2) {
      m(0) = -0.0;
      m(1) = std::numeric_limits<double>::quiet_NaN();
    }
    return m;
  });
  for (const int n : {0, 1, 7, 300}) {
    const MatrixXd computed = f(n);
    const MatrixXd remembered = f(n);
    ASSERT_EQ(remembered.rows(), n);
    ASSERT_EQ(remembered.cols(), n + 1);
    if (n > 0) {
      EXPECT_EQ(std::memcmp(computed.data(), remembered.data(),
                            computed.size() * sizeof(double)),
                0);
    }
  }
  EXPECT_EQ(executions, 4);
}

TEST_F(MemoizeEigenTest, AViewIsTheStoredMatrixInPlace) {
  const auto f = Memoize(*store_, {.name = "v", .version = "1"}, [](int n) {
    return MatrixXd(MatrixXd::Identity(n, n));
  });
  for (const int n : {3, 200}) {  // In the database, and a file.
    const auto view = f.Recall(n)->View();
    ASSERT_THAT(view, IsOk());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data()) % 64, 0u);
    EXPECT_EQ(view->sum(), n);
    EXPECT_TRUE(view->isIdentity());
    ASSERT_THAT(store_->blobs().Remove(f.Recall(n)->digest()), IsOk());
    EXPECT_EQ((*view * Eigen::VectorXd::Ones(n)).sum(), n);
  }
}

TEST_F(MemoizeEigenTest, AViewIsAnArgumentLikeTheMatrix) {
  const auto identity =
      Memoize(*store_, {.name = "v", .version = "1"},
              [](int n) { return MatrixXd(MatrixXd::Identity(n, n)); });
  const auto g = Memoize(*store_, {.name = "f", .version = "1"}, FirstRowOfRef);
  EXPECT_EQ(g(identity(100)), 1);
  EXPECT_EQ(g(*identity.Recall(100)->View()), 1);
  EXPECT_EQ(executions, 1);
}

}  // namespace
}  // namespace ireneo

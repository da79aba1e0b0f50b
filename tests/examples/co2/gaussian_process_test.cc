#include "ireneo/examples/co2/gaussian_process.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <set>

#include "Eigen/Dense"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/examples/co2/co2_series.h"

namespace co2 {
namespace {

constexpr double kPi = 3.14159265358979323846;

Co2Series MaunaLoa() {
  const absl::StatusOr<Co2Series> series = ParseCo2Csv(EmbeddedCo2Csv());
  EXPECT_TRUE(series.ok()) << series.status();
  return series.ok() ? *series : Co2Series{};
}

// The first `n` months of Mauna Loa.
Co2Series MaunaLoa(Eigen::Index n) {
  const Co2Series series = MaunaLoa();
  return {series.years.head(n), series.ppm.head(n)};
}

// Parameters that are all different and none of them the book's.
KernelParams OddParams() {
  return {.trend_amplitude = 12.0,
          .trend_length = 9.0,
          .period_amplitude = 3.1,
          .period_decay = 17.0,
          .period_smoothness = 0.9,
          .irregularity_amplitude = 0.8,
          .irregularity_length = 1.7,
          .irregularity_shape = 0.6,
          .noise_amplitude = 0.4,
          .noise_length = 0.3,
          .white_noise = 0.5};
}

// Slow and obvious: equations 5.15 to 5.19 of Rasmussen & Williams, one pair of
// observations at a time.
double SlowKernel(double x, double y, bool same, const KernelParams& p) {
  const double r = x - y;
  const double k1 = std::pow(p.trend_amplitude, 2) *
                    std::exp(-r * r / (2 * std::pow(p.trend_length, 2)));
  const double k2 = std::pow(p.period_amplitude, 2) *
                    std::exp(-r * r / (2 * std::pow(p.period_decay, 2)) -
                             2 * std::pow(std::sin(kPi * r), 2) /
                                 std::pow(p.period_smoothness, 2));
  const double k3 = std::pow(p.irregularity_amplitude, 2) *
                    std::pow(1 + r * r /
                                     (2 * p.irregularity_shape *
                                      std::pow(p.irregularity_length, 2)),
                             -p.irregularity_shape);
  const double k4 = std::pow(p.noise_amplitude, 2) *
                        std::exp(-r * r / (2 * std::pow(p.noise_length, 2))) +
                    (same ? std::pow(p.white_noise, 2) : 0.0);
  return k1 + k2 + k3 + k4;
}

Eigen::MatrixXd SlowCovariance(const Eigen::VectorXd& years,
                               const KernelParams& params) {
  Eigen::MatrixXd k(years.size(), years.size());
  for (Eigen::Index i = 0; i < years.size(); ++i) {
    for (Eigen::Index j = 0; j < years.size(); ++j) {
      k(i, j) = SlowKernel(years(i), years(j), i == j, params);
    }
  }
  return k;
}

TEST(KernelParamsTest, TheFieldListVisitsEachFieldOnceInOrder) {
  KernelParams params;
  std::set<const double*> visited;
  const double* previous = nullptr;
  KernelParams::IreneoFields(params, [&](auto&... fields) {
    for (const double* field : {&fields...}) {
      if (previous != nullptr) {
        EXPECT_EQ(field, previous + 1);
      }
      previous = field;
      visited.insert(field);
    }
  });
  EXPECT_EQ(visited.size(), 11u);
  EXPECT_EQ(visited.size() * sizeof(double), sizeof(KernelParams));
}

TEST(CovarianceTest, AgreesWithTheKernelOnePairAtATime) {
  const Eigen::VectorXd years = MaunaLoa(50).years;
  for (const KernelParams& params : {KernelParams{}, OddParams()}) {
    const Eigen::MatrixXd slow = SlowCovariance(years, params);
    EXPECT_LT((Covariance(years, params) - slow).cwiseAbs().maxCoeff(),
              1e-12 * slow.cwiseAbs().maxCoeff());
  }
}

TEST(CovarianceTest, IsSymmetricAndPositiveDefinite) {
  const Eigen::MatrixXd k = Covariance(MaunaLoa(120).years, KernelParams{});
  EXPECT_EQ(k, k.transpose());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(
      k, Eigen::EigenvaluesOnly);
  // All of the kernel but the white noise is positive semidefinite.
  EXPECT_GT(eigen.eigenvalues().minCoeff(),
            std::pow(KernelParams{}.white_noise, 2) - 1e-8);
}

TEST(CovarianceTest, OnlyTheWhiteNoiseTellsItFromTheCrossCovariance) {
  const Eigen::VectorXd years = MaunaLoa(40).years;
  const KernelParams params = OddParams();
  Eigen::MatrixXd difference =
      Covariance(years, params) - CrossCovariance(years, years, params);
  difference.diagonal().array() -= std::pow(params.white_noise, 2);
  EXPECT_LT(difference.cwiseAbs().maxCoeff(), 1e-12);
}

TEST(LogMarginalLikelihoodTest, AgreesWithInverseAndDeterminant) {
  const Co2Series series = MaunaLoa(5);
  for (const KernelParams& params : {KernelParams{}, OddParams()}) {
    const Eigen::MatrixXd k = SlowCovariance(series.years, params);
    const Eigen::VectorXd y = series.ppm.array() - series.ppm.mean();
    const double slow = -0.5 * y.dot(k.inverse() * y) -
                        0.5 * std::log(k.determinant()) -
                        0.5 * 5 * std::log(2 * kPi);
    EXPECT_NEAR(LogMarginalLikelihood(series.years, series.ppm, params), slow,
                1e-7 * std::abs(slow));
  }
}

// The book: 545 months until the end of 2003, log marginal likelihood -108.5 at
// hyperparameters that it prints with two digits, on the data of its time.
TEST(LogMarginalLikelihoodTest, AgreesWithTheBookOnTheMonthsOfTheBook) {
  const Co2Series series = MaunaLoa(545);
  EXPECT_LT(series.years(544), 2004);
  EXPECT_GT(MaunaLoa().years(545), 2004);
  EXPECT_NEAR(LogMarginalLikelihood(series.years, series.ppm, KernelParams{}),
              -108.5, 0.5);
}

TEST(LogMarginalLikelihoodTest, OfTheWholeSeriesIsPinned) {
  const Co2Series series = MaunaLoa();
  constexpr double kPinned = -194.355070395;
  EXPECT_NEAR(LogMarginalLikelihood(series.years, series.ppm, KernelParams{}),
              kPinned, 1e-6 * std::abs(kPinned));
}

TEST(LogMarginalLikelihoodTest, FallsWhenTheNoiseIsFarOff) {
  const Co2Series series = MaunaLoa(200);
  const double book =
      LogMarginalLikelihood(series.years, series.ppm, KernelParams{});
  EXPECT_GT(book, LogMarginalLikelihood(series.years, series.ppm,
                                        KernelParams{.white_noise = 0.01}));
  EXPECT_GT(book, LogMarginalLikelihood(series.years, series.ppm,
                                        KernelParams{.white_noise = 5.0}));
}

// One month fifty times without white noise: a matrix of rank one.
TEST(LogMarginalLikelihoodTest, IsMinusInfinityWhereCholeskyFails) {
  const Eigen::VectorXd years = Eigen::VectorXd::Constant(50, 2000.0);
  const Eigen::VectorXd ppm = Eigen::VectorXd::Constant(50, 369.5);
  const KernelParams params = {.white_noise = 0.0};
  EXPECT_EQ(LogMarginalLikelihood(years, ppm, params),
            -std::numeric_limits<double>::infinity());
  const Forecast forecast = Predict(years, ppm, params, years.head(3));
  EXPECT_EQ(forecast.years, years.head(3));
  EXPECT_TRUE(forecast.mean.array().isNaN().all());
  EXPECT_TRUE(forecast.variance.array().isNaN().all());
  EXPECT_EQ(forecast.mean.size(), 3);
  EXPECT_EQ(forecast.variance.size(), 3);
}

TEST(PredictTest, AgreesWithTheInverse) {
  const Co2Series series = MaunaLoa(8);
  const Eigen::VectorXd at = Eigen::Vector3d(1958.5, 1959.0, 1961.3);
  const KernelParams params = OddParams();
  const Forecast forecast = Predict(series.years, series.ppm, params, at);
  EXPECT_EQ(forecast.years, at);
  ASSERT_EQ(forecast.mean.size(), 3);
  ASSERT_EQ(forecast.variance.size(), 3);
  const Eigen::MatrixXd inverse =
      SlowCovariance(series.years, params).inverse();
  const Eigen::VectorXd y = series.ppm.array() - series.ppm.mean();
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    Eigen::VectorXd k(8);
    for (Eigen::Index j = 0; j < 8; ++j) {
      k(j) = SlowKernel(series.years(j), at(i), false, params);
    }
    EXPECT_NEAR(forecast.mean(i), series.ppm.mean() + k.dot(inverse * y), 1e-8);
    EXPECT_NEAR(forecast.variance(i),
                SlowKernel(at(i), at(i), true, params) - k.dot(inverse * k),
                1e-8);
  }
}

TEST(PredictTest, ReturnsTheDataWhereThereIsAlmostNoNoise) {
  const Co2Series series = MaunaLoa(100);
  const Forecast forecast =
      Predict(series.years, series.ppm, KernelParams{.white_noise = 1e-5},
              series.years);
  EXPECT_LT((forecast.mean - series.ppm).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_LT(forecast.variance.maxCoeff(), 1e-6);
}

TEST(PredictTest, TheVarianceGrowsWithTheDistanceFromTheData) {
  const Co2Series series = MaunaLoa(200);
  const double last = series.years(199);
  Eigen::VectorXd at(7);
  at << last + 1, last + 2, last + 5, last + 10, last + 20, last + 50,
      last + 10000;
  const KernelParams params;
  const Forecast forecast = Predict(series.years, series.ppm, params, at);
  for (Eigen::Index i = 1; i < at.size(); ++i) {
    EXPECT_GT(forecast.variance(i), forecast.variance(i - 1)) << i;
  }
  // Far away the forecast is the average, with all of the kernel's variance.
  EXPECT_NEAR(forecast.mean(6), series.ppm.mean(), 1e-2);
  EXPECT_NEAR(forecast.variance(6), SlowKernel(0, 0, true, params), 1e-2);
}

TEST(PredictTest, TheVarianceIsThatOfAnObservationNoiseIncluded) {
  const Co2Series series = MaunaLoa(200);
  const KernelParams params;
  const Forecast forecast =
      Predict(series.years, series.ppm, params, series.years);
  EXPECT_GT(forecast.variance.minCoeff(), std::pow(params.white_noise, 2));
}

}  // namespace
}  // namespace co2

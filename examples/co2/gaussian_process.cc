#include "ireneo/examples/co2/gaussian_process.h"

#include <cmath>
#include <limits>

#include "Eigen/Cholesky"
#include "Eigen/Core"

namespace co2 {
namespace {

constexpr double kPi = 3.14159265358979323846;

double Square(double x) { return x * x; }

// The kernel between two observations that lie `lag` years apart, for a whole
// array of lags; no white noise. The equations are those of Rasmussen &
// Williams 2006.
Eigen::ArrayXd Kernel(const Eigen::ArrayXd& lag, const KernelParams& p) {
  const Eigen::ArrayXd lag2 = lag.square();
  const auto squared_exponential = [&lag2](double length) {
    return (lag2 * (-0.5 / Square(length))).exp();
  };
  const auto periodic =
      ((kPi * lag).sin().square() * (-2.0 / Square(p.period_smoothness))).exp();
  const auto rational_quadratic = (1.0 + lag2 / (2.0 * p.irregularity_shape *
                                                 Square(p.irregularity_length)))
                                      .pow(-p.irregularity_shape);
  Eigen::ArrayXd k =
      Square(p.trend_amplitude) * squared_exponential(p.trend_length);  // 5.15
  k += Square(p.period_amplitude) * squared_exponential(p.period_decay) *
       periodic;                                                         // 5.16
  k += Square(p.irregularity_amplitude) * rational_quadratic;            // 5.17
  k += Square(p.noise_amplitude) * squared_exponential(p.noise_length);  // 5.18
  return k;
}

}  // namespace

Eigen::MatrixXd CrossCovariance(const Eigen::VectorXd& a,
                                const Eigen::VectorXd& b,
                                const KernelParams& params) {
  Eigen::MatrixXd k(a.size(), b.size());
  for (Eigen::Index j = 0; j < b.size(); ++j) {
    k.col(j) = Kernel(a.array() - b(j), params).matrix();
  }
  return k;
}

Eigen::MatrixXd Covariance(const Eigen::VectorXd& years,
                           const KernelParams& params) {
  const Eigen::Index n = years.size();
  Eigen::MatrixXd k(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    k.col(j).tail(n - j) =
        Kernel(years.tail(n - j).array() - years(j), params).matrix();
  }
  k.diagonal().array() += Square(params.white_noise);
  k.triangularView<Eigen::StrictlyUpper>() = k.transpose();
  return k;
}

double LogMarginalLikelihood(const Eigen::VectorXd& years,
                             const Eigen::VectorXd& ppm,
                             const KernelParams& params) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(Covariance(years, params));
  if (cholesky.info() != Eigen::Success) {
    return -std::numeric_limits<double>::infinity();
  }
  const Eigen::VectorXd whitened =
      cholesky.matrixL().solve((ppm.array() - ppm.mean()).matrix());
  const double half_log_determinant =
      cholesky.matrixLLT().diagonal().array().log().sum();
  return -0.5 * whitened.squaredNorm() - half_log_determinant -
         0.5 * static_cast<double>(ppm.size()) * std::log(2.0 * kPi);
}

Forecast Predict(const Eigen::VectorXd& years, const Eigen::VectorXd& ppm,
                 const KernelParams& params, const Eigen::VectorXd& at) {
  const Eigen::LLT<Eigen::MatrixXd> cholesky(Covariance(years, params));
  if (cholesky.info() != Eigen::Success) {
    const Eigen::VectorXd unknown = Eigen::VectorXd::Constant(
        at.size(), std::numeric_limits<double>::quiet_NaN());
    return Forecast{.years = at, .mean = unknown, .variance = unknown};
  }
  const double average = ppm.mean();
  const Eigen::MatrixXd cross = CrossCovariance(years, at, params);
  const Eigen::VectorXd weights =
      cholesky.solve((ppm.array() - average).matrix());
  const Eigen::MatrixXd whitened = cholesky.matrixL().solve(cross);
  // The kernel is stationary: any one observation has the variance at lag 0.
  const double prior =
      Kernel(Eigen::ArrayXd::Zero(1), params)(0) + Square(params.white_noise);
  return Forecast{
      .years = at,
      .mean = ((cross.transpose() * weights).array() + average).matrix(),
      .variance = (prior - whitened.colwise().squaredNorm().transpose().array())
                      .matrix()};
}

}  // namespace co2

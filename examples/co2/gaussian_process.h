// Gaussian-process regression with the CO2 kernel of Rasmussen & Williams.
//
// C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine
// Learning, MIT Press 2006, section 5.4.3: a monthly concentration is a slow
// trend, a yearly period whose shape drifts, irregularities of a few years, and
// noise. For a series of some hundred to a few thousand months: everything is
// exact and dense, so a likelihood of n months costs n^3 / 3 multiplications
// and 8 n^2 bytes.
//
// Not promised: hyperparameters are taken, never fitted (no gradients here);
// the last bits of a result depend on the compiler and the CPU; the mean is a
// constant, the average of the data, whose own uncertainty is left out. All
// functions are pure, hence safe to call from several threads.

#ifndef IRENEO_EXAMPLES_CO2_GAUSSIAN_PROCESS_H_
#define IRENEO_EXAMPLES_CO2_GAUSSIAN_PROCESS_H_

#include "Eigen/Core"

namespace co2 {

// The hyperparameters theta_1 to theta_11 of equations 5.15 to 5.18, in their
// order; each above zero. The defaults are the optimum that the book found for
// the months until the end of 2003.
struct KernelParams {
  // Long-term trend, squared exponential (5.15).
  double trend_amplitude = 66.0;  // ppm
  double trend_length = 67.0;     // years

  // Yearly period, decaying away from exact periodicity (5.16).
  double period_amplitude = 2.4;   // ppm
  double period_decay = 90.0;      // years
  double period_smoothness = 1.3;  // a pure number; larger is closer to a sine

  // Irregularities of medium term, rational quadratic (5.17).
  double irregularity_amplitude = 0.66;  // ppm
  double irregularity_length = 1.2;      // years
  double irregularity_shape = 0.78;      // a pure number

  // Noise: correlated, squared exponential, and white (5.18).
  double noise_amplitude = 0.18;     // ppm
  double noise_length = 1.6 / 12.0;  // years
  double white_noise = 0.19;         // ppm

  static constexpr char kIreneoType[] = "co2.KernelParams/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.trend_amplitude, self.trend_length, self.period_amplitude,
          self.period_decay, self.period_smoothness,
          self.irregularity_amplitude, self.irregularity_length,
          self.irregularity_shape, self.noise_amplitude, self.noise_length,
          self.white_noise);
  };
};

// What is expected of observations at `years`: m decimal years, their `mean` in
// ppm and their `variance` in ppm^2, each of m.
struct Forecast {
  Eigen::VectorXd years;
  Eigen::VectorXd mean;
  Eigen::VectorXd variance;

  static constexpr char kIreneoType[] = "co2.Forecast/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.years, self.mean, self.variance);
  };
};

// Covariance of the observations at `a` (n decimal years) with other
// observations at `b` (m): n x m, ppm^2. All of the kernel but the white noise,
// which an observation shares with itself alone. Equation 5.19.
Eigen::MatrixXd CrossCovariance(const Eigen::VectorXd& a,
                                const Eigen::VectorXd& b,
                                const KernelParams& params);

// Covariance of the observations at `years` (n) among themselves, white noise
// included: n x n, exactly symmetric, ppm^2. Equation 5.19.
Eigen::MatrixXd Covariance(const Eigen::VectorXd& years,
                           const KernelParams& params);

// Log probability density of the observations `ppm` (n) at `years` (n) under
// the kernel, around their own mean; natural logarithm, density per ppm^n.
// Rasmussen & Williams 2.30, by Cholesky (algorithm 2.1).
//
// -infinity where the covariance is not numerically positive definite.
// Precondition: n > 0.
double LogMarginalLikelihood(const Eigen::VectorXd& years,
                             const Eigen::VectorXd& ppm,
                             const KernelParams& params);

// Mean and variance of new observations at `at` (m decimal years), given `ppm`
// (n) at `years` (n). The variance is that of what would be measured, both
// kinds of noise included, not of the noise-free curve. `Forecast::years` is
// `at`. Rasmussen & Williams, algorithm 2.1.
//
// All NaN where the covariance is not numerically positive definite.
// Precondition: n > 0.
Forecast Predict(const Eigen::VectorXd& years, const Eigen::VectorXd& ppm,
                 const KernelParams& params, const Eigen::VectorXd& at);

}  // namespace co2

#endif  // IRENEO_EXAMPLES_CO2_GAUSSIAN_PROCESS_H_

#ifndef ACME_SOLVER_H_
#define ACME_SOLVER_H_

#include <Eigen/Core>

// x of a x = b, by Jacobi's method; `a` is n x n and diagonally dominant. Stops
// when no element of x changes by more than `tolerance`.
Eigen::VectorXd Solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                      double tolerance);

#endif  // ACME_SOLVER_H_

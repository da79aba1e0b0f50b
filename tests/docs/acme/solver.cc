#include "acme/solver.h"

Eigen::VectorXd Solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                      double tolerance) {
  const Eigen::VectorXd diagonal = a.diagonal();
  Eigen::VectorXd x = Eigen::VectorXd::Zero(b.size());
  for (;;) {
    const Eigen::VectorXd next = x + (b - a * x).cwiseQuotient(diagonal);
    if ((next - x).cwiseAbs().maxCoeff() <= tolerance) return next;
    x = next;
  }
}

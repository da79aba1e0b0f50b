// The peer of memoized.cc: the same program without Ireneo.

#include <Eigen/Eigenvalues>
#include <iostream>
Eigen::VectorXd Spectrum(const Eigen::MatrixXd& a) {
  std::cout << "computing\n";
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a).eigenvalues();
}
int main() {
  Eigen::MatrixXd a = Eigen::VectorXd::LinSpaced(300, 1, 2).asDiagonal();
  Eigen::VectorXd s = Spectrum(a);
  std::cout << s.sum() << '\n';
}

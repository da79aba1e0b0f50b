// The program of README.md: what a program pays for ireneo.h and one memoized
// function. compile_time.py compiles it next to plain.cc.

#include <Eigen/Eigenvalues>
#include <iostream>

#include "ireneo/ireneo.h"
Eigen::VectorXd Spectrum(const Eigen::MatrixXd& a) {
  std::cout << "computing\n";
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a).eigenvalues();
}
int main() {
  absl::StatusOr<ireneo::MemoStore> store = ireneo::MemoStore::Open("results");
  if (!store.ok()) {
    std::cerr << store.status() << '\n';
    return 1;
  }
  auto spectrum = ireneo::Memoize(
      *store, {.name = "acme.Spectrum", .version = "1"}, Spectrum);
  Eigen::MatrixXd a = Eigen::VectorXd::LinSpaced(300, 1, 2).asDiagonal();
  Eigen::VectorXd s = spectrum(a);
  std::cout << s.sum() << '\n';
}

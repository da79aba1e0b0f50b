// refused: a view that can be written through
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Factorize(Eigen::Ref<Eigen::MatrixXd> m);
double Use(const ireneo::MemoStore& store, Eigen::MatrixXd& m) {
  return ireneo::Memoize(store, kOptions, Factorize)(m);
}

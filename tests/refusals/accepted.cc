// accepted: what the refused programs do, done right.
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sum(std::span<const double> values);
std::optional<std::string> Trim(std::string_view text);
double Trace(const Eigen::Ref<const Eigen::MatrixXd>& m);
void Use(const ireneo::MemoStore& store, const Eigen::MatrixXd& m) {
  ireneo::Memoize(store, kOptions,
                  [](double scale, double x) { return scale * x; })(2, 1);
  const std::vector<double> values;
  ireneo::Memoize(store, kOptions, Sum)(values);
  ireneo::Memoize(store, kOptions, Trim)(" x");
  ireneo::Memoize(store, kOptions, Trace)(m);
  ireneo::Memoize(
      store, kOptions,
      ireneo::Bind([](double scale, double x) { return scale * x; }, 2))(1);
}

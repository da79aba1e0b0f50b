// refused: this callable has state
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

struct Scale {
  double factor;
  double operator()(double x) const { return factor * x; }
};
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Scale{2})(1);
}

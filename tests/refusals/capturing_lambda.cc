// refused: this callable has state .a lambda with captures
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Use(const ireneo::MemoStore& store, double scale) {
  auto f =
      ireneo::Memoize(store, kOptions, [scale](double x) { return scale * x; });
  return f(1);
}

// refused: this callable has state
#include <functional>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Use(const ireneo::MemoStore& store, std::function<double(double)> f) {
  return ireneo::Memoize(store, kOptions, f)(1);
}

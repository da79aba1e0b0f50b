// refused: a function with one signature
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, [](auto x) { return x; })(1.0);
}

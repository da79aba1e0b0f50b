// refused: long double differs from platform to platform
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Round(long double x);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Round)(1);
}

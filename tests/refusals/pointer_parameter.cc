// refused: a parameter is a pointer
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sum(const double* values, int count);
double Use(const ireneo::MemoStore& store) {
  double x = 1;
  return ireneo::Memoize(store, kOptions, Sum)(&x, 1);
}

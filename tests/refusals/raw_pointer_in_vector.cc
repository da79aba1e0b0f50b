// refused: a pointer is an address
#include <vector>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sum(const std::vector<const double*>& values);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Sum)({});
}

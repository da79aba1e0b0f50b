// refused: a non-const reference or a view that can be written
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sort(std::vector<double>& values);
double Use(const ireneo::MemoStore& store, std::vector<double>& values) {
  return ireneo::Memoize(store, kOptions, Sort)(values);
}

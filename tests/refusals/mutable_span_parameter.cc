// refused: a view that can be written through
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sort(std::span<double> values);
double Use(const ireneo::MemoStore& store, std::vector<double>& values) {
  return ireneo::Memoize(store, kOptions, Sort)(values);
}

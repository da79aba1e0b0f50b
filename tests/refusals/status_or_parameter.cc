// refused: an absl::Status or StatusOr is not a value
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Get(const absl::StatusOr<double>& x);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Get)(1);
}

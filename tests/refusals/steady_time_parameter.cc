// refused: the time of this clock means nothing
#include <chrono>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Wait(std::chrono::steady_clock::time_point until);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Wait)({});
}

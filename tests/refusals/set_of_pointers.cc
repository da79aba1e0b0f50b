// refused: is ordered by the addresses of its keys
#include <memory>
#include <set>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

int Count(const std::set<std::shared_ptr<const int>>& numbers);
int Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Count)({});
}

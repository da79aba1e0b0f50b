// refused: must return a value
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

void Print(int x);
void Use(const ireneo::MemoStore& store) {
  ireneo::Memoize(store, kOptions, Print)(1);
}

// A closure that Python's caches take: scenarios.py shows what the compiler
// says of it.
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/scalars.h"

int CallTwice(const ireneo::MemoStore& store) {
  int k = 1;
  auto f = ireneo::Memoize(store, {.name = "behaviour.F", .version = "1"},
                           [&k](int x) { return x + k; });
  const int before = f(10);
  k = 2;
  return f(10) - before;
}

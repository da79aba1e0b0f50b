// refused: this callable has state .a lambda with captures
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

// One of two captured values was forgotten.
double Use(const ireneo::MemoStore& store, double scale, double shift) {
  auto f = ireneo::Memoize(
      store, kOptions,
      ireneo::Bind([shift](double s, double x) { return s * x + shift; },
                   scale));
  return f(1);
}

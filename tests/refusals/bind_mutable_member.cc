// refused: ireneo::Bind needs a function with one signature
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

struct Counter {
  int count = 0;
  int Next(int step) { return count += step; }
};

void Use(const Counter& counter) { ireneo::Bind(&Counter::Next, counter); }

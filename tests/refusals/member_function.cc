// refused: this is a member function, whose object would be missing
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

struct Model {
  double mass = 1;
  double Energy(double speed) const { return mass * speed * speed / 2; }
};

void Use(const ireneo::MemoStore& store) {
  ireneo::Memoize(store, kOptions, &Model::Energy);
}

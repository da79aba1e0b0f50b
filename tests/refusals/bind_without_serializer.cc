// refused: this type has no ireneo::Serializer
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

struct Model {
  double mass = 1;
  double Energy(double speed) const { return mass * speed * speed / 2; }
};

double Use(const ireneo::MemoStore& store, const Model& model) {
  auto f =
      ireneo::Memoize(store, kOptions, ireneo::Bind(&Model::Energy, model));
  return f(1);
}

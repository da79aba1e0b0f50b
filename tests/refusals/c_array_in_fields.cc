// refused: C arrays can not be copied
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

struct Point {
  double x[3] = {};

  static constexpr char kIreneoType[] = "acme.Point/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.x);
  };
};

double Norm(const Point& point);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Norm)({});
}

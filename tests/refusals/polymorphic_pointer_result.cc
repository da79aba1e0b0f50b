// refused: a smart pointer to a class with virtual functions
#include <memory>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

struct Shape {
  double size = 0;
  virtual ~Shape() = default;

  static constexpr char kIreneoType[] = "acme.Shape/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.size);
  };
};

std::unique_ptr<Shape> Make(int corners);
void Use(const ireneo::MemoStore& store) {
  ireneo::Memoize(store, kOptions, Make)(3);
}

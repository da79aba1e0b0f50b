// refused: acme::Mesh.*no ireneo::Serializer
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

namespace acme {
struct Mesh {};
}  // namespace acme
double Area(const std::vector<std::pair<int, acme::Mesh>>& meshes);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Area)({});
}

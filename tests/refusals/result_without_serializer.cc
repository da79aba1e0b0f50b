// refused: acme::Mesh.*no ireneo::Serializer
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

namespace acme {
struct Mesh {};
}  // namespace acme
std::optional<acme::Mesh> Make(int size);
void Use(const ireneo::MemoStore& store) {
  ireneo::Memoize(store, kOptions, Make)(1);
}

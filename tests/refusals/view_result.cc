// refused: can be an argument but not a result
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

std::string_view Trim(std::string_view text);
void Use(const ireneo::MemoStore& store) {
  ireneo::Memoize(store, kOptions, Trim)(" x");
}

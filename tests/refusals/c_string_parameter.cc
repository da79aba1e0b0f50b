// refused: std::string_view
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Parse(const char* text);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Parse)("1");
}

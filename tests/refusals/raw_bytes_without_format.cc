// refused: the name of a raw type must be
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

struct Sample {
  int count;
};

template <>
struct ireneo::RawBytes<Sample> : ireneo::Raw<"acme.Sample"> {};

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sum(Sample sample);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Sum)({});
}

// refused: has padding between its members or a member that is not a number
#include <vector>

#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

struct Sample {
  double value;
  int count;
};

template <>
struct ireneo::RawBytes<Sample> : ireneo::Raw<"acme.Sample/1"> {};

const ireneo::MemoizeOptions kOptions = {.name = "f", .version = "1"};

double Sum(const std::vector<Sample>& samples);
double Use(const ireneo::MemoStore& store) {
  return ireneo::Memoize(store, kOptions, Sum)({});
}

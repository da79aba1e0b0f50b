// The least program that asks for a remembered result:
//
//   first_hit DIRECTORY
//
// benchmarks/first_hit_benchmark.cc times it from its start to its end.

#include <cstdint>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/scalars.h"

namespace {

std::int32_t Next(std::int32_t x) { return x + 1; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  absl::StatusOr<ireneo::MemoStore> store = ireneo::MemoStore::Open(argv[1]);
  if (!store.ok()) return 1;
  const auto next =
      ireneo::Memoize(*store, {.name = "bench.Next", .version = "1"}, Next);
  return next(1) == 2 ? 0 : 1;
}

// Calls F(20) of subject.cc, remembered with a version that is made of its
// sources, or with the one given. BUILD makes one program of that file as it
// is, and one after each edit.
//
//   edited_probe STORE [VERSION]

#include <cstdio>

#include "absl/status/statusor.h"
#include "benchmarks/behaviour/subject.h"
#include "benchmarks/behaviour/subject_version.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/scalars.h"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  const absl::StatusOr<ireneo::MemoStore> store =
      ireneo::MemoStore::Open(argv[1]);
  if (!store.ok()) return 1;
  const auto f = ireneo::Memoize(
      *store,
      {.name = "behaviour.F", .version = argc == 3 ? argv[2] : kVersion},
      ireneo::behaviour::F);
  const int value = f(20);
  std::printf("{\"value\": %d}\n", value);
}

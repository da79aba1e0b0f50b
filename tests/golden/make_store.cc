// Makes a store of this build's format, to be kept as tests/golden/store_N:
//
//   bazel run //tests/golden:make_store -- "$PWD/tests/golden/store_N"
//
// tests/memo/old_store_test.cc opens it ever after. One that is there is never
// made anew.

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

double Half(double x, const std::string&) { return x / 2; }

Eigen::MatrixXd Ramp(int n) {
  Eigen::MatrixXd ramp(n, n);
  for (Eigen::Index i = 0; i < ramp.size(); ++i) ramp(i) = 0.25 * i;
  return ramp;
}

int Make(const char* directory, IndexEngine index) {
  const absl::StatusOr<MemoStore> store =
      MemoStore::Open(directory, {.index = index});
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  const auto half = Memoize(*store,
                            {.name = "golden.Half",
                             .version = "1",
                             .callees = {"c"},
                             .argument_names = {"x", "unit"},
                             .salts = {{"s", "1"}}},
                            Half);
  half(3, "m");
  half(5, "s");
  half(5, "s");  // A hit.
  half.Seeded(7)(3, "m");
  const auto ramp = Memoize(*store,
                            {.name = "golden.Ramp",
                             .version = "2",
                             .keep_arguments = KeepArguments::kNone},
                            Ramp);
  ramp(24);
  ramp(2);
  return 0;
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  const bool files = argc == 3 && std::string_view(argv[2]) == "directory";
  if ((argc != 2 && !files) || std::filesystem::exists(argv[1])) {
    std::fprintf(stderr,
                 "usage: make_store DIR [directory]; DIR must not exist\n");
    return 2;
  }
  return ireneo::Make(argv[1], files ? ireneo::IndexEngine::kDirectory
                                     : ireneo::IndexEngine::kSqlite);
}

// Remembers Solve in each of the four ways of versioning it, calls it once in
// each way, and says which of the calls were hits:
//
//   program STORE

#include <cstdio>
#include <string>
#include <utility>

#include "acme/constants.h"
#include "acme/scale.h"
#include "acme/solver.h"
#include "acme/solver_version.h"
#include "ireneo/memo/build_id.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/memo/source_text.h"
#include "ireneo/serializers/scalars.h"

namespace acme {
namespace {

bool IsSame(double a, double b) { return a == b; }

// Solve, written in place.
auto MemoizeText(const ireneo::MemoStore& store,
                 const ireneo::MemoizeOptions& options) {
  return IRENEO_MEMOIZE(store, options, [](double x) {
    // The sum of the steps.
    double sum = kOffset;
    for (int i = 0; i < ACME_STEPS; ++i) sum += Scale(Halve(x));
    return sum;
  });
}

int Main(const char* directory) {
  bool hit = false;
  absl::Status fault;
  const absl::StatusOr<ireneo::MemoStore> store = ireneo::MemoStore::Open(
      directory, {.observer = [&](const ireneo::CallEvent& event) {
        hit = event.hit;
        fault.Update(event.fault);
      }});
  if (!store.ok()) {
    std::printf("%s\n", store.status().ToString().c_str());
    return 1;
  }
  const auto scale =
      ireneo::Memoize(*store, {.name = "acme.Scale", .version = "1"}, Scale);

  // Each way has calls of its own, and all else in common.
  const auto options = [&](const char* name, std::string version) {
    return ireneo::MemoizeOptions{.name = name,
                                  .version = std::move(version),
                                  .callees = {scale.version()},
                                  .salts = {{"table", "2026"}}};
  };
  const auto call = [&](const char* way, const auto& solve) {
    const double value = solve(8);
    const char* const outcome = !hit                      ? "miss"
                                : IsSame(value, Solve(8)) ? "hit"
                                                          : "stale";
    std::printf("%s: %s\n", way, outcome);
  };
  call("by hand", ireneo::Memoize(*store, options("acme.A", "1"), Solve));
  call("IRENEO_MEMOIZE", MemoizeText(*store, options("acme.B", "")));
  call("cc_source_version",
       ireneo::Memoize(*store, options("acme.C", kSolverVersion), Solve));
  call("BuildId",
       ireneo::Memoize(*store, options("acme.D", ireneo::BuildId(&Solve)),
                       Solve));
  if (!fault.ok()) std::printf("%s\n", fault.ToString().c_str());
  return fault.ok() ? 0 : 1;
}

}  // namespace
}  // namespace acme

int main(int argc, char** argv) { return argc == 2 ? acme::Main(argv[1]) : 2; }

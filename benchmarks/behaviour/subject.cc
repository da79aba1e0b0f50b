#include "benchmarks/behaviour/subject.h"

#include <cstdio>

namespace ireneo::behaviour {
namespace {

int G(int x) { return x + 1; }

}  // namespace

int F(int x) {
  std::puts("computed");
  return 2 * G(x);
}

}  // namespace ireneo::behaviour

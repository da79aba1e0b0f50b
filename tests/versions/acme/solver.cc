#include "acme/solver.h"

#include "acme/constants.h"
#include "acme/scale.h"

namespace acme {

double Halve(double x) { return x / 2; }

double Solve(double x) {
  // The sum of the steps.
  double sum = kOffset;
  for (int i = 0; i < ACME_STEPS; ++i) sum += Scale(Halve(x));
  return sum;
}

}  // namespace acme

#ifndef ACME_SOLVER_H_
#define ACME_SOLVER_H_

namespace acme {

double Halve(double x);

// The function that program.cc remembers.
double Solve(double x);

}  // namespace acme

#endif  // ACME_SOLVER_H_

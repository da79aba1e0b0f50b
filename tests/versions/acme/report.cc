// In the same shared object as the solver, which does not use it.

namespace acme {

double Percent(double x) { return 100 * x; }

}  // namespace acme

#include "acme/scale.h"

namespace acme {

double Scale(double x) { return 3 * x; }

}  // namespace acme

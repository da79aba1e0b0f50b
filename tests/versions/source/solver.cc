#include "tests/versions/source/solver.h"

#include "acme/helper.h"
#include "tests/versions/source/made.h"

int Solve() { return Made() + ACME_LOCAL; }

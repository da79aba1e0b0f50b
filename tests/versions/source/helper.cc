#include "acme/helper.h"

int Help() { return 1; }

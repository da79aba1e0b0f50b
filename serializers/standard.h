#ifndef IRENEO_SERIALIZERS_STANDARD_H_
#define IRENEO_SERIALIZERS_STANDARD_H_

// Serializers for all types of the standard library that are values. Include
// the parts to compile faster.

#include "ireneo/serializers/enums.h"          // IWYU pragma: export
#include "ireneo/serializers/scalars.h"        // IWYU pragma: export
#include "ireneo/serializers/sequences.h"      // IWYU pragma: export
#include "ireneo/serializers/sets_and_maps.h"  // IWYU pragma: export
#include "ireneo/serializers/strings.h"        // IWYU pragma: export
#include "ireneo/serializers/times.h"          // IWYU pragma: export
#include "ireneo/serializers/tuples.h"         // IWYU pragma: export

#endif  // IRENEO_SERIALIZERS_STANDARD_H_

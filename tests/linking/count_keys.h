#ifndef IRENEO_TESTS_LINKING_COUNT_KEYS_H_
#define IRENEO_TESTS_LINKING_COUNT_KEYS_H_

// What a program and a shared library that it loads give to one another.

#include "absl/container/flat_hash_set.h"

namespace ireneo::testing {

// How many of 0, 1, ..., count - 1 are found in `keys`.
using CountKeysFunction = int(const absl::flat_hash_set<int>& keys, int count);

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_LINKING_COUNT_KEYS_H_

#ifndef IRENEO_MEMO_PRINT_CALLS_H_
#define IRENEO_MEMO_PRINT_CALLS_H_

// An observer that tells people what happens:
//
//     acme.Solve computed in 1.3 s (hashing 21 us, lookup 9 us, storing 140 us)
//     acme.Solve hit, 12 us instead of 1.3 s
//
// The environment variable IRENEO_VERBOSE=1 turns it on, to stderr, beside the
// observer that a store was given.

#include <cstdio>

#include "ireneo/memo/observer.h"

namespace ireneo {

// Prints each call to `file`, which must stay open, in one line. Thread-safe.
CallObserver PrintCalls(std::FILE* file);

}  // namespace ireneo

#endif  // IRENEO_MEMO_PRINT_CALLS_H_

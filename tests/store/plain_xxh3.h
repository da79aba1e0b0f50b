#ifndef IRENEO_TESTS_STORE_PLAIN_XXH3_H_
#define IRENEO_TESTS_STORE_PLAIN_XXH3_H_

// XXH3-128 by libxxhash's plain symbol, to hold the dispatched one against. In
// a file of its own because xxh_x86dispatch.h redefines the name.

#include <string>
#include <string_view>

namespace ireneo::testing {

// The canonical digest of `bytes` as 32 hex digits.
std::string PlainXxh3Hex(std::string_view bytes);

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_PLAIN_XXH3_H_

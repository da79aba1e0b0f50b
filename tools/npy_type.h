#ifndef IRENEO_TOOLS_NPY_TYPE_H_
#define IRENEO_TOOLS_NPY_TYPE_H_

// The type of a blob that no call uses, as `ireneo put years.npy` makes one.

#include <string>

#include "ireneo/serializers/registry.h"
#include "ireneo/store/blob.h"

namespace ireneo::tools {

// A type as which all of a .npy file can be shown, "eigen.tensor<<f8,?,?,C>/1":
// its own numbers, little-endian, in its dimensions and its storage order.
// Empty if `blob` is no such file, or one of elements that Ireneo does not
// know; two raw bytes need not be a bfloat16.
std::string GuessNpyType(const Registry& registry, const Blob& blob);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_NPY_TYPE_H_

#ifndef IRENEO_SERIALIZERS_ELEMENT_SIZE_H_
#define IRENEO_SERIALIZERS_ELEMENT_SIZE_H_

// What the name of a type says of how its values are best compressed. For
// writers of blobs; it says nothing of what a value means.

#include <string_view>

namespace ireneo {

// Bytes of one element if a value of that type is, behind a count of elements,
// one array of numbers, as "vector<f64>" and "array<c64,16>" are; else 0, and
// for what is no type name. Eigen types are 0 too: each .npy file says it
// itself.
int ElementSizeOf(std::string_view type_name);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_ELEMENT_SIZE_H_

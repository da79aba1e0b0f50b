#ifndef IRENEO_SERIALIZERS_TYPE_LABEL_H_
#define IRENEO_SERIALIZERS_TYPE_LABEL_H_

// Names of types as people say them, for tables. A label does not name a type:
// several have the same one.

#include <string>

namespace ireneo {

// A type in few words, an array with its shape if that is known: "f64[3x4]" for
// "eigen<<f8,?,?,F>/1", "f64[?]" for "vector<f64>", "acme.Params/1" for
// "acme.Params/1{f64,i32}". What is no type name stays as it is.
std::string TypeLabel(const std::string& type, const std::string& shape = "");

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_TYPE_LABEL_H_

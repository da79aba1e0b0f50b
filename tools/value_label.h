#ifndef IRENEO_TOOLS_VALUE_LABEL_H_
#define IRENEO_TOOLS_VALUE_LABEL_H_

// How values look in the cells of tables for people.

#include <string>

#include "ireneo/memo/value_view.h"

namespace ireneo::tools {

// The value if it is short, else its type and shape.
std::string ValueLabel(const ValueView& view);

// The same for a result, always with its type: "f64 -192.482".
std::string ResultLabel(const ValueView& view);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_VALUE_LABEL_H_

#ifndef IRENEO_TOOLS_JSON_TEXT_H_
#define IRENEO_TOOLS_JSON_TEXT_H_

// JSON that people can read too, and that is safe on a terminal: indented, what
// is short and each row of numbers on one line, doubles in the fewest digits
// that keep them and always with a point or an exponent, controls and the like
// as \u escapes.
//
// The result is valid JSON whatever went in: bytes of a string that are not
// UTF-8 become the four characters \xff, infinities and NaNs null.

#include <string>

#include "boost/json/value.hpp"

namespace ireneo::tools {

// Ends with a newline.
std::string ToJsonText(const boost::json::value& value);

// The same of a long array, element by element; "\n]\n" ends it.
std::string ToJsonElement(const boost::json::value& value, bool first);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_JSON_TEXT_H_

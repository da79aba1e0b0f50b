#ifndef IRENEO_SERIALIZERS_JSON_TEXT_H_
#define IRENEO_SERIALIZERS_JSON_TEXT_H_

// JSON text in one form for each value, to be hashed and compared, and a strict
// reader of any JSON text. Boost.JSON holds the values; its own reader rounds
// every third double wrongly (release 1.81) and lets the last of equal names
// win, and its writer keeps the order of insertion and writes NaN.
//
// To remember JSON values, include serializers/json.h. Neither function is for
// text that is not JSON: no comments, no trailing commas, no NaN.

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "ireneo/store/sink.h"

namespace ireneo {

// The most arrays and objects inside of one another that are read or written:
// whatever walks a value may recurse.
inline constexpr std::size_t kMaxJsonDepth = 256;

// Reads `text`, all of it one JSON text (RFC 8259) in UTF-8, indented or not.
//
// A number with a point or an exponent is a double, the nearest one; any other
// is an integer, `-0` the integer 0: int64 if it fits, else uint64.
//
// Errors: InvalidArgument, with the position (byte from 0; line and column from
// 1), what was expected and what was found: text that is not JSON; a byte order
// mark; a name twice in an object; an integer below -2^63 or above 2^64 - 1; a
// number that would round to infinity or from a nonzero one to 0; half a
// surrogate pair; deeper nesting than `kMaxJsonDepth`; a string, array or
// object of over 2^31 - 2 elements, which Boost.JSON does not hold.
//
// Takes time in proportion to the size of `text`.
absl::StatusOr<boost::json::value> ParseJson(std::string_view text);

// Writes `value` in its canonical form, without a newline: no white space,
// names sorted by their bytes, the shortest doubles (store/FORMAT.md, "JSON").
// Values have equal text exactly if Boost.JSON's `==` holds, but for -0.0,
// which is not 0.0 here.
//
// Fails the sink with InvalidArgument, with the place as a JSON pointer, as
// /a/0/b: NaN or infinity; a string or name that is not UTF-8; deeper nesting
// than `kMaxJsonDepth`.
void WriteCanonicalJson(const boost::json::value& value, Sink& sink);

// What `WriteCanonicalJson` writes, and its errors.
absl::StatusOr<std::string> CanonicalJson(const boost::json::value& value);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_JSON_TEXT_H_

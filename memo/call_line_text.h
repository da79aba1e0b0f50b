#ifndef IRENEO_MEMO_CALL_LINE_TEXT_H_
#define IRENEO_MEMO_CALL_LINE_TEXT_H_

// The line of a call as it is written, read without making a JSON value of it:
// archives have hundreds of thousands of lines, and a hit in a directory index
// reads one. Internal to Ireneo; memo/record_json.h reads any line.

#include <optional>
#include <string_view>

#include "ireneo/memo/record_json.h"

namespace ireneo::internal {

// Whether `text` is a JSON object of strings in canonical form, without
// anything that would have to be escaped.
bool IsPlainObject(std::string_view text);

// Whether it needs quotes, and nothing else, to be a JSON string.
bool IsPlainString(std::string_view text);

// The call, if the line is just what WriteCallLine writes and no string in it
// needs to be escaped, and if its checksum is right. Neither the key nor the
// digest of the function are computed.
std::optional<CallLine> ReadPlainCallLine(std::string_view text);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_CALL_LINE_TEXT_H_

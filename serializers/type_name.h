#ifndef IRENEO_SERIALIZERS_TYPE_NAME_H_
#define IRENEO_SERIALIZERS_TYPE_NAME_H_

// The permanent names of types, taken apart. Serializers compose these names
// (serializers/serializer.h); this reads them again, for tools that meet a blob
// with nothing else to go by:
//
//     vector<tuple<f64,string>>
//     eigen<<f8,?,?,F>/1
//     co2.KernelParams/1{f64,f64}
//
// The grammar (RFC 5234, except that case matters):
//
//     name     = head [ "<" [ argument *( "," argument ) ] ">" ]
//                     [ "/" format ]
//                     [ "{" [ name *( "," name ) ] "}" ]
//     argument = name / descr / extent
//     head     = 1*( letter / digit / "_" / "." )
//     format   = %x31-39 *8digit       ; raised when the encoding changes
//     descr    = ( "<" / "|" ) %x61-7A 1*digit  ; of a .npy file: "<f8", "|b1"
//     extent   = "?" *digit            ; known at run time; "?4": at most 4
//
// One character decides at every step, so a name has one reading, and a name
// has one spelling: there is no white space and there are no leading zeros in
// a format. It does not promise that a type of that name exists; that is for a
// registry to say (serializers/registry.h).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ireneo {

// Names nested deeper, or longer, are refused: they come from files, and what
// walks them recurses.
inline constexpr std::size_t kMaxTypeNameDepth = 64;
inline constexpr std::size_t kMaxTypeNameSize = 64 << 10;

// A type name as a tree. A descr or an extent is a node with only a head.
//
// A value type, thread-compatible.
struct ParsedTypeName {
  std::string head = {};                       // "vector", "<f8", "?4"
  std::vector<ParsedTypeName> arguments = {};  // Between "<" and ">".
  bool has_arguments = false;                  // Tells "tuple<>" from "tuple".
  int format = 0;                              // Behind "/"; 0 if none.
  std::vector<ParsedTypeName> fields = {};     // Between "{" and "}".
  bool has_fields = false;                     // Tells "a.B/1{}" from "a.B/1".

  // The name that was parsed, character by character.
  std::string ToString() const;
};

// Parses a whole name.
//
// Errors: InvalidArgument, with the position (from 0) and what was expected
// there, if `name` does not follow the grammar, is nested deeper than
// `kMaxTypeNameDepth` or longer than `kMaxTypeNameSize`.
absl::StatusOr<ParsedTypeName> ParseTypeName(std::string_view name);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_TYPE_NAME_H_

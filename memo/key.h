#ifndef IRENEO_MEMO_KEY_H_
#define IRENEO_MEMO_KEY_H_

// What makes two calls the same call. Two digests: one of everything about the
// function, computed once, and one of that and the arguments, per call. The
// bytes that are hashed are specified in store/FORMAT.md, "Keys".

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ireneo/store/digest.h"

namespace ireneo {

// Everything about a function that its results depend on.
struct FunctionIdentity {
  std::string name;
  std::string version;
  // The versions of functions that it calls.
  std::vector<std::string> callees = {};
  std::map<std::string, std::string> salts = {};
  // What of the environment counts (memo/environment.h).
  std::map<std::string, std::string> environment = {};
  std::string result_type;
  std::vector<std::string> argument_types = {};
};

Digest FunctionDigest(const FunctionIdentity& identity);

// What a caller puts into its own callees: the version, and behind a "+" a
// digest of the callees, salts and environment if there are any, so that a
// change far down is one in every function above.
std::string VersionForCallers(const FunctionIdentity& identity);

// The key of a call: `function` is what `FunctionDigest` returned, `arguments`
// the digests of the values in the order of the parameters.
Digest CallKey(const Digest& function, std::span<const Digest> arguments,
               std::optional<std::uint64_t> seed = std::nullopt);

}  // namespace ireneo

#endif  // IRENEO_MEMO_KEY_H_

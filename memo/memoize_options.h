#ifndef IRENEO_MEMO_MEMOIZE_OPTIONS_H_
#define IRENEO_MEMO_MEMOIZE_OPTIONS_H_

// What is said of a function when it is memoized.

#include <map>
#include <string>
#include <vector>

namespace ireneo {

// Which argument values are kept in the store, for people to look at and for
// `Calls()`. Hits never need them.
enum class KeepArguments {
  kSmall,  // Those of at most 64 KiB each.
  kAll,
  kNone,
};

struct MemoizeOptions {
  // Names the function for ever: "acme.Spectrum". Two functions must not have
  // the same name, version, parameter types and result type in one store. Must
  // not be empty.
  std::string name = {};

  // Changed whenever the function's results change. Results of other versions
  // stay in the store and are hit again if the version goes back.
  std::string version = {};

  // The versions of memoized functions that this one calls
  // (`spectrum.version()`), always in the same order, so that a change there,
  // or in what they call in turn, is one here.
  std::vector<std::string> callees = {};

  // For people: one name for each parameter, or none. Not part of the key.
  std::vector<std::string> argument_names = {};

  // What results depend on besides the arguments, as {"blas", "openblas-0.3"}.
  std::map<std::string, std::string> salts = {};

  KeepArguments keep_arguments = KeepArguments::kSmall;
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_MEMOIZE_OPTIONS_H_

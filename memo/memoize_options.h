#ifndef IRENEO_MEMO_MEMOIZE_OPTIONS_H_
#define IRENEO_MEMO_MEMOIZE_OPTIONS_H_

// What is said of a function when it is memoized.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ireneo/store/compression.h"

namespace ireneo {

// On what machines a result may be used again. Floating-point results differ in
// their last bits between instruction sets and compilers; what is chosen here
// enters the key (memo/environment.h).
enum class EnvironmentScope {
  kPortable,  // On all.
  kSameIsa,  // Where the CPU and the program have the same vector instructions.
  kBitwise,  // Where compiler and C library are the same as well.
};

// Which argument values are kept in the store, for people to look at and for
// `Calls()`. Hits never need them.
enum class KeepArguments {
  kSmall,  // Those of at most 64 KiB each.
  kAll,
  kNone,
};

// What a call does that must compute while another thread or process computes
// the same. A lock that cannot be had never stops a call: it computes.
enum class Wait {
  kBlock,    // Waits for the other, however long it takes.
  kTimeout,  // Waits for `MemoizeOptions::wait_timeout`, then computes too.
  kNever,    // Computes too.
};

struct MemoizeOptions {
  // Names the function for ever: "acme.Spectrum". Two functions must not have
  // the same name, version, parameter types and result type in one store. Must
  // not be empty.
  std::string name = {};

  // Changed whenever the function's results change: by hand, or IRENEO_MEMOIZE
  // (memo/source_text.h), cc_source_version (tools/source_version.bzl) or
  // BuildId (memo/build_id.h). Results of other versions stay in the store and
  // are hit again if the version goes back.
  std::string version = {};

  // The versions of memoized functions that this one calls
  // (`spectrum.version()`), always in the same order, so that a change there,
  // or in what they call in turn, is one here.
  std::vector<std::string> callees = {};

  // For people: one name for each parameter, or none. Not part of the key.
  std::vector<std::string> argument_names = {};

  // What results depend on besides the arguments, as {"blas", "openblas-0.3"}.
  std::map<std::string, std::string> salts = {};

  EnvironmentScope environment = EnvironmentScope::kPortable;

  KeepArguments keep_arguments = KeepArguments::kSmall;

  // Results that are older are computed anew, and replaced. Must be positive.
  absl::Duration max_age = absl::InfiniteDuration();

  // Results that took less are not stored: computing is cheaper.
  absl::Duration min_compute_time = absl::ZeroDuration();

  // The share of hits, from 0 to 1, that are computed all the same and compared
  // with what was remembered. A difference is reported as nondeterminism
  // (memo/observer.h, `ireneo stats`); the call returns what was remembered.
  double audit_rate = 0;

  // What counts as a difference in an audit: 0, one in any bit; else, for
  // floating-point numbers and Eigen types of them, a coefficient that is off
  // by more than this times the largest magnitude among the coefficients.
  double audit_tolerance = 0;

  Wait wait = Wait::kBlock;
  absl::Duration wait_timeout = absl::Minutes(1);

  // How its results and kept arguments are stored; else as the store says. Not
  // part of the key: what is stored already stays as it is, and is hit.
  std::optional<Compression> compression = std::nullopt;
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_MEMOIZE_OPTIONS_H_

#ifndef IRENEO_MEMO_ENVIRONMENT_H_
#define IRENEO_MEMO_ENVIRONMENT_H_

// Where results are computed: what is recorded of it, and what of it can be
// part of keys. Floating-point results differ in their last bits between
// machines and compilers, for four reasons:
//
//   simd      the vector instructions that the program was compiled for, by
//             which Eigen adds up in another order ("sse2", "avx2+fma")
//   cpu       the vector instructions that the CPU has, by which the C library
//             and BLAS choose their code at run time
//   compiler  which contracts and reorders ("g++ 12.2.0")
//   libc      whose exp and sin may change ("glibc 2.36")
//
// EnvironmentScope::kSameIsa puts the first two into the key, kBitwise all.
// Neither knows of optimisation levels and flags like -ffp-contract, nor what a
// library was compiled with that is linked in, nor how many threads it uses:
// name such things as salts.

#include <map>
#include <string>
#include <string_view>

#include "ireneo/memo/memoize_options.h"

namespace ireneo {
namespace internal {

// What a source file is compiled by and for.
struct Compilation {
  std::string_view compiler;
  std::string_view simd;
};

// Of the source file that includes this, so each has its own.
[[maybe_unused]] static constexpr Compilation kThisCompilation = {
    .compiler =
#if defined(__clang__)
        "clang " __clang_version__,
#else
        "g++ " __VERSION__,
#endif
    .simd =
#if defined(__AVX512F__)
        "avx512f"
#elif defined(__AVX2__)
        "avx2"
#elif defined(__AVX__)
            "avx"
#elif defined(__SSE4_2__)
            "sse4.2"
#elif defined(__SSE2__)
            "sse2"
#elif defined(__ARM_FEATURE_SVE)
            "sve"
#elif defined(__ARM_NEON)
            "neon"
#else
            "none"
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
        "+fma"
#endif
#if defined(__FAST_MATH__)
        "+fast-math"
#endif
    ,
};

}  // namespace internal

// The four, and `host`: of this process, and of the file that asks.
std::map<std::string, std::string> CurrentEnvironment(
    const internal::Compilation& compilation = internal::kThisCompilation);

// The part of `environment` that counts in `scope`.
std::map<std::string, std::string> EnvironmentInKey(
    const std::map<std::string, std::string>& environment,
    EnvironmentScope scope);

}  // namespace ireneo

#endif  // IRENEO_MEMO_ENVIRONMENT_H_

#include "ireneo/memo/environment.h"

#include <gnu/libc-version.h>
#include <unistd.h>

namespace ireneo {
namespace {

std::string HostName() {
  char host[256] = "";
  if (::gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return host;
}

std::string CpuLevel() {
#if defined(__x86_64__)
  // The levels of the x86-64 psABI, by what tells them apart.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq")) {
    return "x86-64-v4";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    return "x86-64-v3";
  }
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) {
    return "x86-64-v2";
  }
  return "x86-64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}

}  // namespace

std::map<std::string, std::string> CurrentEnvironment(
    const internal::Compilation& compilation) {
  return {{"compiler", std::string(compilation.compiler)},
          {"cpu", CpuLevel()},
          {"host", HostName()},
          {"libc", std::string("glibc ") + ::gnu_get_libc_version()},
          {"simd", std::string(compilation.simd)}};
}

std::map<std::string, std::string> EnvironmentInKey(
    const std::map<std::string, std::string>& environment,
    EnvironmentScope scope) {
  std::map<std::string, std::string> part = environment;
  part.erase("host");
  switch (scope) {
    case EnvironmentScope::kPortable:
      part.clear();
      break;
    case EnvironmentScope::kSameIsa:
      part.erase("compiler");
      part.erase("libc");
      break;
    case EnvironmentScope::kBitwise:
      break;
  }
  return part;
}

}  // namespace ireneo

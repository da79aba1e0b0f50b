#ifndef IRENEO_SERIALIZERS_PLUGIN_H_
#define IRENEO_SERIALIZERS_PLUGIN_H_

// Types of other programs for tools: a shared object that adds them to a
// registry. In one file of it, of which the name does not matter:
//
//     #include "ireneo/serializers/plugin.h"
//
//     IRENEO_PLUGIN("acme", "1.2") { return registry.Add<acme::Mesh>(); }
//
// which is built as
//
//     cc_binary(
//         name = "libacme.so",
//         srcs = ["plugin.cc"],
//         linkshared = 1,
//         deps = [":mesh", "@ireneo//serializers:plugin"],
//     )
//
// and used as `ireneo --plugin bazel-bin/libacme.so show 3fa2`.
//
// Program and plugin exchange C++ objects, so both must be built with the same
// Ireneo, compiler and libraries. The plugin says in a section of its file
// what it was built with, and a program reads that before any of the plugin's
// code runs. That is a guard against mistakes, not against malice: a plugin is
// code, and a file that was damaged elsewhere may crash.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <version>

#include "absl/status/status.h"
#include "boost/version.hpp"
#include "ireneo/serializers/codec.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/scalar_type.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"
#include "ireneo/version.h"

namespace ireneo {

// What stands in the section ".ireneo.plugin" of a plugin. Texts end with a
// zero. Plain bytes without a pointer: a program reads them from the file.
//
// The first three members stay where they are in all formats.
struct PluginInfo {
  static constexpr char kMagic[] = "IRENEOP";  // And a zero.
  static constexpr std::uint32_t kFormat = 2;

  char magic[8];
  std::uint32_t size;    // Of the struct.
  std::uint32_t format;  // Raised when it or the entry point changes.
  char name[64];
  char version[64];
  char abi[880];  // All that program and plugin must have in common.
};

// Loads the plugin in the file `path`, which is not searched for, and adds its
// types to `registry`: all of them, or none. It stays loaded until the program
// ends. Add the built-in codecs first.
//
// Errors: NotFound and what else opening the file gives; InvalidArgument if it
// is no plugin: no shared object for this machine, cut off, or one without that
// section; FailedPrecondition, naming both sides, if it was built with anything
// else than this program, or if the system's loader refuses it; AlreadyExists,
// naming both plugins, if a type has a codec already; Internal if it throws;
// whatever else it returns.
absl::Status LoadPlugin(const std::filesystem::path& path, Registry& registry);

namespace internal {

#define IRENEO_PLUGIN_TEXT_(x) IRENEO_PLUGIN_TEXT_2_(x)
#define IRENEO_PLUGIN_TEXT_2_(x) #x

// A test may define these, to look as if another compiler or another state of
// Ireneo had been used.
//
// Raise the number when a virtual function of `ValueVisitor` or `Sink` is
// added, removed, moved or means something else, and whenever else plugins
// built before must not be loaded although no size below changes.
#ifndef IRENEO_PLUGIN_INTERFACE
#define IRENEO_PLUGIN_INTERFACE 1
#endif
#ifndef IRENEO_PLUGIN_COMPILER
#ifdef __clang__
#define IRENEO_PLUGIN_COMPILER "clang " IRENEO_PLUGIN_TEXT_(__clang_major__)
#else
#define IRENEO_PLUGIN_COMPILER "g++ " IRENEO_PLUGIN_TEXT_(__GNUC__)
#endif
#endif

#ifdef __has_feature
#define IRENEO_PLUGIN_HAS_FEATURE_(x) __has_feature(x)
#else
#define IRENEO_PLUGIN_HAS_FEATURE_(x) 0
#endif

// Parts that must be equal, one behind the other, separated by "; ".
// NOLINTBEGIN(bugprone-suspicious-missing-comma)
inline constexpr std::string_view kPluginAbi[] = {
    "Ireneo ",
    kVersion,
    "; interface " IRENEO_PLUGIN_TEXT_(IRENEO_PLUGIN_INTERFACE),
    "; " IRENEO_PLUGIN_COMPILER,
#ifdef _LIBCPP_VERSION
    "; libc++ " IRENEO_PLUGIN_TEXT_(_LIBCPP_VERSION),
#else
    "; libstdc++ " IRENEO_PLUGIN_TEXT_(_GLIBCXX_RELEASE),
    "; _GLIBCXX_USE_CXX11_ABI " IRENEO_PLUGIN_TEXT_(_GLIBCXX_USE_CXX11_ABI),
#endif
#ifdef _GLIBCXX_DEBUG
    "; _GLIBCXX_DEBUG",
#else
    "; no _GLIBCXX_DEBUG",
#endif
    "; __cplusplus " IRENEO_PLUGIN_TEXT_(__cplusplus),
    "; Abseil " IRENEO_PLUGIN_TEXT_(ABSL_LTS_RELEASE_VERSION),
    "; Boost " IRENEO_PLUGIN_TEXT_(BOOST_VERSION),
#if defined(__SANITIZE_ADDRESS__) || \
    IRENEO_PLUGIN_HAS_FEATURE_(address_sanitizer)
    "; AddressSanitizer",
#elif defined(__SANITIZE_THREAD__) || \
    IRENEO_PLUGIN_HAS_FEATURE_(thread_sanitizer)
    "; ThreadSanitizer",
#else
    "; no sanitizer",
#endif
    "; pointers of " IRENEO_PLUGIN_TEXT_(__SIZEOF_POINTER__) " bytes",
};
// NOLINTEND(bugprone-suspicious-missing-comma)

// What program and plugin hand each other or call inline. One version may have
// several layouts: those of two commits.
struct PluginSize {
  std::string_view type;
  std::size_t bytes;
};
inline constexpr PluginSize kPluginSizes[] = {
    {"Registry", sizeof(Registry)},
    {"Codec", sizeof(Codec)},
    {"ElementLayout", sizeof(ElementLayout)},
    {"ParsedTypeName", sizeof(ParsedTypeName)},
    {"ScalarType", sizeof(ScalarType)},
    {"Blob", sizeof(Blob)},
    {"Source", sizeof(Source)},
    {"Sink", sizeof(Sink)},
    {"ValueWalk", sizeof(ValueWalk)},
    {"ValueVisitor", sizeof(ValueVisitor)},
    {"ArrayView", sizeof(ArrayView)},
    {"SparseView", sizeof(SparseView)},
};

// Copies `text` behind `used` characters of `out`; it must fit with a zero.
template <std::size_t kSize>
constexpr std::size_t AppendPluginText(std::string_view text, std::size_t used,
                                       char (&out)[kSize]) {
  for (const char c : text) out[used++] = c;
  return used;
}

template <std::size_t kSize>
constexpr std::size_t AppendPluginNumber(std::size_t number, std::size_t used,
                                         char (&out)[kSize]) {
  if (number >= 10) used = AppendPluginNumber(number / 10, used, out);
  out[used++] = static_cast<char>('0' + number % 10);
  return used;
}

// Does not compile if a text is too long.
constexpr PluginInfo MakePluginInfo(std::string_view name,
                                    std::string_view version) {
  PluginInfo info = {};
  for (std::size_t i = 0; i < sizeof(PluginInfo::kMagic); ++i) {
    info.magic[i] = PluginInfo::kMagic[i];
  }
  info.size = sizeof(PluginInfo);
  info.format = PluginInfo::kFormat;
  // Past the end of an array, or of its last zero, nothing is constant.
  info.name[AppendPluginText(name, 0, info.name)] = '\0';
  info.version[AppendPluginText(version, 0, info.version)] = '\0';
  std::size_t used = 0;
  for (const std::string_view part : kPluginAbi) {
    used = AppendPluginText(part, used, info.abi);
  }
  for (const PluginSize& size : kPluginSizes) {
    used = AppendPluginText("; ", used, info.abi);
    used = AppendPluginText(size.type, used, info.abi);
    used = AppendPluginText(" of ", used, info.abi);
    used = AppendPluginNumber(size.bytes, used, info.abi);
    used = AppendPluginText(" bytes", used, info.abi);
  }
  info.abi[used] = '\0';
  return info;
}

}  // namespace internal
}  // namespace ireneo

// Defines a plugin of that name and version, for people. A body follows that
// has `ireneo::Registry& registry` and returns an absl::Status. Once in a
// shared object.
#define IRENEO_PLUGIN(name, version)                                          \
  extern "C" {                                                                \
  __attribute__((visibility(                                                  \
      "default"))) extern const ::ireneo::PluginInfo ireneo_plugin_info;      \
  __attribute__((                                                             \
      used, section(".ireneo.plugin"))) constinit const ::ireneo::PluginInfo  \
      ireneo_plugin_info = ::ireneo::internal::MakePluginInfo(name, version); \
  __attribute__((visibility("default"))) void ireneo_plugin_add(              \
      ::ireneo::Registry* registry, ::absl::Status* status);                  \
  }                                                                           \
  static ::absl::Status IreneoPluginAdd(::ireneo::Registry& registry);        \
  void ireneo_plugin_add(::ireneo::Registry* registry,                        \
                         ::absl::Status* status) {                            \
    *status = IreneoPluginAdd(*registry);                                     \
  }                                                                           \
  static ::absl::Status IreneoPluginAdd(                                      \
      [[maybe_unused]] ::ireneo::Registry& registry)

#endif  // IRENEO_SERIALIZERS_PLUGIN_H_

// A plugin for tests, built in several ways. One that can tell whether any of
// its code ran: a static constructor makes the file that
// $IRENEO_TEST_CONSTRUCTED names.

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/plugin.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace sample {

// A type that the command `ireneo` knows nothing of
// (tests/tools/make_store.cc).
struct Mesh {
  std::string bytes;
};

struct Empty {};

}  // namespace sample

template <>
struct ireneo::Serializer<sample::Mesh> {
  static std::string TypeName() { return "sample.Mesh/1"; }
  static void Write(const sample::Mesh& mesh, Sink& sink) {
    sink.WriteString(mesh.bytes);
  }
  static absl::StatusOr<sample::Mesh> Read(Source& source) {
    return sample::Mesh{std::string(source.ReadString())};
  }
  static boost::json::value ToJson(const sample::Mesh& mesh) {
    return {{"mesh", mesh.bytes}};
  }
};

template <>
struct ireneo::Serializer<sample::Empty> {
  static std::string TypeName() { return "sample.Empty/1"; }
  static void Write(const sample::Empty&, Sink&) {}
  static absl::StatusOr<sample::Empty> Read(Source&) { return sample::Empty(); }
};

namespace {

struct Constructed {
  Constructed() {
    const char* const path = std::getenv("IRENEO_TEST_CONSTRUCTED");
    std::FILE* const file = path == nullptr ? nullptr : std::fopen(path, "w");
    if (file != nullptr) std::fclose(file);
  }
} constructed;

}  // namespace

IRENEO_PLUGIN("sample", "1.2") {
#ifdef IRENEO_TEST_THROWS
  throw std::runtime_error("no luck today");
#endif
  const absl::Status status = registry.Add<sample::Mesh>();
  if (!status.ok()) return status;
#ifdef IRENEO_TEST_FAILS
  return absl::UnavailableError("no license");
#endif
  return registry.Add<sample::Empty>();
}

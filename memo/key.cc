#include "ireneo/memo/key.h"

#include "absl/strings/str_cat.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

void WriteDependencies(const FunctionIdentity& identity, Sink& sink) {
  for (const std::string& callee : identity.callees) {
    sink.WriteString("callee");
    sink.WriteString(callee);
  }
  for (const auto& [name, value] : identity.salts) {
    sink.WriteString("salt");
    sink.WriteString(name);
    sink.WriteString(value);
  }
  for (const auto& [name, value] : identity.environment) {
    sink.WriteString("environment");
    sink.WriteString(name);
    sink.WriteString(value);
  }
}

}  // namespace

Digest FunctionDigest(const FunctionIdentity& identity) {
  DigestSink sink;
  // Each part has a label and its length, so that no two identities can run
  // into each other and a part that is absent changes nothing.
  sink.WriteString("ireneo.function/1");
  sink.WriteString("name");
  sink.WriteString(identity.name);
  sink.WriteString("version");
  sink.WriteString(identity.version);
  WriteDependencies(identity, sink);
  sink.WriteString("result");
  sink.WriteString(identity.result_type);
  for (const std::string& type : identity.argument_types) {
    sink.WriteString("argument");
    sink.WriteString(type);
  }
  return sink.digest();
}

std::string VersionForCallers(const FunctionIdentity& identity) {
  if (identity.callees.empty() && identity.salts.empty() &&
      identity.environment.empty()) {
    return identity.version;
  }
  DigestSink sink;
  sink.WriteString("ireneo.version/1");
  WriteDependencies(identity, sink);
  return absl::StrCat(identity.version, "+",
                      sink.digest().ToHex().substr(0, 16));
}

Digest CallKey(const Digest& function, std::span<const Digest> arguments,
               std::optional<std::uint64_t> seed) {
  DigestSink sink;
  sink.WriteString("ireneo.call/1");
  sink.Write(std::as_bytes(std::span(function.bytes())));
  for (const Digest& argument : arguments) {
    sink.Write(std::as_bytes(std::span(argument.bytes())));
  }
  if (seed.has_value()) {
    sink.WriteString("seed");
    sink.WriteU64(*seed);
  }
  return sink.digest();
}

}  // namespace ireneo

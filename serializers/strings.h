#ifndef IRENEO_SERIALIZERS_STRINGS_H_
#define IRENEO_SERIALIZERS_STRINGS_H_

// Serializers for std::string, std::string_view and std::filesystem::path.
//
// A view is written as the string that it views, under the same name: as
// arguments they make the same key. It can not be a result.
//
// A path is its characters and not the file, nor is it normalized. Use it for
// a path that is a value (where to write); a function that reads the file
// depends on what is in it, which no key of the path can notice.

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {

// "string": the size as u64, then the bytes as they are, whatever they encode.
template <>
struct Serializer<std::string> {
  using ViewType = std::string_view;

  static std::string TypeName() { return "string"; }
  static void Write(const std::string& value, Sink& sink) {
    sink.WriteString(value);
  }
  static absl::StatusOr<std::string> Read(Source& source) {
    return std::string(source.ReadString());
  }
  static absl::StatusOr<std::string_view> ReadView(Source& source) {
    const std::string_view value = source.ReadString();
    if (!source.ok()) return source.status();
    return value;
  }
};

template <>
struct Serializer<std::string_view> {
  using Stored = std::string;

  static std::string TypeName() { return "string"; }
  static void Write(const std::string_view& value, Sink& sink) {
    sink.WriteString(value);
  }
};

// "path": as a string.
template <>
struct Serializer<std::filesystem::path> {
  static std::string TypeName() { return "path"; }
  static void Write(const std::filesystem::path& value, Sink& sink) {
    sink.WriteString(value.native());
  }
  static absl::StatusOr<std::filesystem::path> Read(Source& source) {
    return std::filesystem::path(source.ReadString());
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_STRINGS_H_

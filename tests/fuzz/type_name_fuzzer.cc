// Parses the first line of arbitrary bytes as the name of a type and describes
// the rest as a value of that type.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/tests/fuzz/check.h"

namespace ireneo::fuzz {
namespace {

void CheckDescription(std::string_view name, std::string_view bytes) {
  const absl::StatusOr<Description> description =
      BuiltinRegistry().Describe(name, BlobOf(bytes));
  if (description.ok()) {
    Check(CanonicalJson(description->preview).ok(), "a preview is JSON");
    Check(!ToText(*description).empty(), "a preview has a text");
    return;
  }
  const absl::StatusCode code = description.status().code();
  Check(code == absl::StatusCode::kDataLoss ||
            code == absl::StatusCode::kInvalidArgument ||
            code == absl::StatusCode::kNotFound,
        "errors are those that registry.h lists; found " +
            description.status().ToString());
}

}  // namespace
}  // namespace ireneo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using ireneo::fuzz::Check;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view name = input.substr(0, end);
  const absl::StatusOr<ireneo::ParsedTypeName> parsed =
      ireneo::ParseTypeName(name);
  if (!parsed.ok()) {
    Check(parsed.status().code() == absl::StatusCode::kInvalidArgument,
          "what is no name is InvalidArgument");
    return 0;
  }
  Check(parsed->ToString() == name, "a name has one spelling");
  ireneo::fuzz::CheckDescription(
      name, end == std::string_view::npos ? "" : input.substr(end + 1));
  return 0;
}

// Parses arbitrary bytes as JSON. What is JSON has a canonical text, which is
// its own canonical text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using ireneo::fuzz::Check;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<boost::json::value> value = ireneo::ParseJson(input);
  if (value.ok()) {
    const absl::StatusOr<std::string> text = ireneo::CanonicalJson(*value);
    Check(text.ok(), "what was parsed has a canonical text");
    Check(text->find('\n') == std::string::npos, "it is one line");
    const absl::StatusOr<boost::json::value> again = ireneo::ParseJson(*text);
    Check(again.ok() && *again == *value, "it is parsed as the same value");
    const absl::StatusOr<std::string> text_again =
        ireneo::CanonicalJson(*again);
    Check(text_again.ok() && *text_again == *text, "which has the same text");
  } else {
    Check(value.status().code() == absl::StatusCode::kInvalidArgument,
          "text that is not JSON is InvalidArgument");
  }
  ireneo::fuzz::CheckReading<boost::json::value>(
      std::string(input) + "\n", ireneo::fuzz::Spellings::kSeveral,
      ireneo::fuzz::BuiltinRegistry());
  return 0;
}

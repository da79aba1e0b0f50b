#include "ireneo/serializers/json.h"

#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo::internal {

void WriteJsonLine(const boost::json::value& value, Sink& sink) {
  WriteCanonicalJson(value, sink);
  sink.Write(std::as_bytes(std::span("\n", 1)));
}

absl::StatusOr<boost::json::value> ReadJsonLine(Source& source) {
  const std::span<const std::byte> rest =
      source.blob().bytes().subspan(source.position());
  const std::string_view text(reinterpret_cast<const char*>(rest.data()),
                              rest.size());
  const std::size_t size = text.find('\n');
  if (size == std::string_view::npos) {
    return absl::DataLossError(
        absl::StrCat("JSON: no newline in the ", text.size(),
                     " bytes that remain, where a line of JSON should end"));
  }
  source.ReadBytes(size + 1);
  absl::StatusOr<boost::json::value> value = ParseJson(text.substr(0, size));
  if (!value.ok()) return absl::DataLossError(value.status().message());
  return value;
}

std::string CaughtException() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace ireneo::internal

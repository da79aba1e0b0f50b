#include "ireneo/memo/archive_origin.h"

#include <boost/json.hpp>

#include "absl/status/statusor.h"
#include "ireneo/serializers/json_text.h"

namespace ireneo::internal {

namespace json = boost::json;

std::string OriginOf(std::string_view environment) {
  const absl::StatusOr<json::value> value = ParseJson(environment);
  const json::object* const object = value.ok() ? value->if_object() : nullptr;
  const json::value* const origin =
      object == nullptr ? nullptr : object->if_contains(kOriginMember);
  if (origin == nullptr || !origin->is_string()) return "";
  return std::string(origin->get_string());
}

const std::string& Origins::Changed(const std::string& environment,
                                    std::string_view origin) {
  if (any_ && environment == environment_) return changed_;
  any_ = true;
  environment_ = changed_ = environment;
  absl::StatusOr<json::value> value = ParseJson(environment);
  // Nobody but Ireneo writes descriptions; what is none stays as it is.
  if (!value.ok() || !value->is_object()) return changed_;
  json::object& object = value->get_object();
  if (origin.empty()) {
    object.erase(kOriginMember);
  } else {
    object[kOriginMember] = json::string(origin.data(), origin.size());
  }
  if (absl::StatusOr<std::string> text = CanonicalJson(*value); text.ok()) {
    changed_ = *std::move(text);
  }
  return changed_;
}

}  // namespace ireneo::internal

#ifndef IRENEO_SERIALIZERS_JSON_H_
#define IRENEO_SERIALIZERS_JSON_H_

// Serializers for `boost::json::value`, and for any type that Boost.JSON
// converts to and from one, by a line next to the type:
//
//     template <>
//     struct ireneo::JsonBytes<acme::Config> : ireneo::Json<"acme.Config/1"> {
//     };
//
// Its bytes are then the canonical JSON text of the value that
// `boost::json::value_from` makes of it, and a newline, under the name
// "json<acme.Config/1>". Raise the number when the conversions change.
//
// Use it for configurations and results that people or other programs look at:
// a blob is a file that `jq` reads. It is larger and slower than a list of
// fields (serializers/fields.h), has no NaN and no infinity, and whatever the
// conversions leave out is missing from keys.
//
// `boost::json::object`, `array` and `string` have no serializers of their own:
// under the name "json" one could be read as another. Use a `value`.

#include <concepts>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/value.hpp"
#include "boost/json/value_from.hpp"
#include "boost/json/value_to.hpp"
#include "ireneo/serializers/format_name.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {

// What `JsonBytes` inherits. `kName`: letters, digits, "_" and ".", a slash,
// and the number of the format, from 1.
template <internal::FixedString kName>
struct Json {
  static constexpr std::string_view kFormatName = kName.view();
};

// Specialized for types whose bytes are to be JSON; left undefined for others.
template <typename T>
struct JsonBytes;

template <typename T>
concept HasJsonBytes = requires {
  { JsonBytes<T>::kFormatName } -> std::convertible_to<std::string_view>;
};

namespace internal {

// Writes `value` as a line. Fails the sink as `WriteCanonicalJson` does.
void WriteJsonLine(const boost::json::value& value, Sink& sink);

// Reads up to the next newline, and that.
//
// Errors: DataLoss if there is none, or what `ParseJson` refuses.
absl::StatusOr<boost::json::value> ReadJsonLine(Source& source);

// In a catch block: what the exception says.
std::string CaughtException();

// At the one place that the name and the bytes depend on, so that there is one
// error.
template <typename T>
constexpr bool RequireJsonConversions() {
  static_assert(IsFormatName(JsonBytes<T>::kFormatName),
                "ireneo: the name in ireneo::Json must be letters, digits, '.' "
                "and '_', a slash, and the number of the format, as "
                "acme.Config/1");
  constexpr bool kHasBoth = boost::json::has_value_from<T>::value &&
                            boost::json::has_value_to<T>::value;
  static_assert(kHasBoth,
                "ireneo: a type with JsonBytes needs Boost.JSON's conversions "
                "in both directions: define tag_invoke for value_from_tag and "
                "for value_to_tag in the namespace of the type, and include "
                "the header that has them");
  return kHasBoth;
}

}  // namespace internal

// "json": one line of canonical JSON.
//
// Write: InvalidArgument for NaN, infinity, strings that are not UTF-8 and
// nesting deeper than 256. Read: any spelling on one line; DataLoss for what
// `ParseJson` refuses (serializers/json_text.h).
template <>
struct Serializer<boost::json::value> {
  static std::string TypeName() { return "json"; }
  static void Write(const boost::json::value& value, Sink& sink) {
    internal::WriteJsonLine(value, sink);
  }
  static absl::StatusOr<boost::json::value> Read(Source& source) {
    return internal::ReadJsonLine(source);
  }
};

// "json<acme.Config/1>": the value that a `T` converts to, as a line.
//
// Errors as above; InvalidArgument also if `value_from` throws, DataLoss also
// if `value_to` refuses the value or throws. std::bad_alloc passes, for it
// tells nothing of the value.
template <HasJsonBytes T>
struct Serializer<T> {
  static std::string TypeName() {
    if constexpr (internal::RequireJsonConversions<T>()) {
      return absl::StrCat("json<", std::string(JsonBytes<T>::kFormatName), ">");
    } else {
      return std::string();
    }
  }

  static void Write(const T& value, Sink& sink) {
    if constexpr (internal::RequireJsonConversions<T>()) {
      try {
        internal::WriteJsonLine(boost::json::value_from(value), sink);
      } catch (const std::bad_alloc&) {
        throw;
      } catch (...) {
        sink.Fail(absl::InvalidArgumentError(absl::StrCat(
            TypeName(),
            ": the conversion to JSON failed: ", internal::CaughtException())));
      }
    }
  }

  static absl::StatusOr<T> Read(Source& source) {
    if constexpr (internal::RequireJsonConversions<T>()) {
      const absl::StatusOr<boost::json::value> json =
          internal::ReadJsonLine(source);
      if (!json.ok()) return json.status();
      try {
        return boost::json::value_to<T>(*json);
      } catch (const std::bad_alloc&) {
        throw;
      } catch (...) {
        return absl::DataLossError(
            absl::StrCat(TypeName(), ": the conversion from JSON failed: ",
                         internal::CaughtException()));
      }
    } else {
      return absl::UnimplementedError("no conversions");
    }
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_JSON_H_

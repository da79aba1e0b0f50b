#ifndef IRENEO_MEMO_SEALED_JSON_H_
#define IRENEO_MEMO_SEALED_JSON_H_

// Records as JSON objects, each on a line and with a checksum of itself, for
// files that must notice damage and that people read with `jq`. The form is
// specified in store/FORMAT.md, "The index as files". Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// Longer lines are neither written nor read.
inline constexpr std::size_t kMaxSealedJson = 64 << 20;

// InvalidArgument if a line of so many bytes is too long.
absl::Status CheckSealedSize(std::size_t size);

// `object` in canonical JSON with a member "checksum", and a newline.
//
// Errors: InvalidArgument if it has a string that is not UTF-8, or is too long.
absl::StatusOr<std::string> SealJson(boost::json::object object);

// The object of such a line, without its checksum.
//
// Errors: DataLoss if it is not what SealJson wrote, but for white space and
// the order of members.
absl::StatusOr<boost::json::object> OpenSealedJson(std::string_view line);

// Takes members out of an object. The first that is missing, or not what was
// asked for, makes `status()` DataLoss; what is returned then means nothing.
class JsonMembers {
 public:
  // Both must outlive this. `status` is shared by the objects in one another.
  JsonMembers(const boost::json::object& object, absl::Status& status)
      : object_(object), status_(status) {}

  bool Has(const char* name) const { return object_.contains(name); }
  std::string Text(const char* name) const;
  std::int64_t Int(const char* name) const;
  std::uint64_t Unsigned(const char* name) const;
  Digest DigestAt(const char* name) const;
  const boost::json::array& Array(const char* name) const;
  const boost::json::object& Object(const char* name) const;
  std::vector<std::string> Strings(const char* name) const;

  const absl::Status& status() const { return status_; }
  // Says that `name` should be something else.
  void Fail(const char* name, const char* expected) const;

 private:
  const boost::json::value* Find(const char* name) const;

  const boost::json::object& object_;
  absl::Status& status_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SEALED_JSON_H_

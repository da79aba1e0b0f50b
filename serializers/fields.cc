#include "ireneo/serializers/fields.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ireneo::internal {

absl::Status CheckFieldBytes(std::string_view type, FieldBytes object,
                             std::size_t alignment, bool polymorphic,
                             std::vector<FieldBytes> fields) {
  const auto wrong = [type](const auto&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::string_view(type.data(), type.size()),
                     ": IreneoFields ", what...));
  };
  const bool all_inside =
      std::all_of(fields.begin(), fields.end(), [object](FieldBytes f) {
        return object.begin <= f.begin && f.end <= object.end;
      });
  std::sort(fields.begin(), fields.end(),
            [](FieldBytes a, FieldBytes b) { return a.begin < b.begin; });
  // Behind what the compiler needs for virtual functions.
  std::uintptr_t covered = object.begin + (polymorphic ? sizeof(void*) : 0);
  fields.push_back({object.end, object.end, /*is_empty=*/true});
  std::uintptr_t last_begin = 0;
  for (const FieldBytes field : fields) {
    if (!field.is_empty && field.begin == last_begin) {
      return wrong("lists the member at byte ", field.begin - object.begin,
                   " twice, and so another one not");
    }
    if (!field.is_empty) last_begin = field.begin;
    // Padding is smaller than the alignment.
    if (all_inside && field.begin >= covered + alignment) {
      return wrong("leaves out a member: no field has bytes ",
                   covered - object.begin, " to ", field.begin - object.begin,
                   " of the struct. List it, or specialize ireneo::Serializer "
                   "to leave it out");
    }
    covered = std::max(covered, field.end);
  }
  return absl::OkStatus();
}

}  // namespace ireneo::internal

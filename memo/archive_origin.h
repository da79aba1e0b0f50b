#ifndef IRENEO_MEMO_ARCHIVE_ORIGIN_H_
#define IRENEO_MEMO_ARCHIVE_ORIGIN_H_

// Where an imported call came from, which stands in the description of the
// environment in which it was computed. Internal to Ireneo.

#include <string>
#include <string_view>

namespace ireneo::internal {

// The member of the description that has it.
inline constexpr char kOriginMember[] = "imported_from";

// "results.tar@sha256:…" of such a description; empty if the call was computed
// here.
std::string OriginOf(std::string_view environment);

// Changes descriptions. Many calls after one another have the same, so the last
// one is kept. Not thread-safe.
class Origins {
 public:
  // Without an origin.
  const std::string& Without(const std::string& environment) {
    return Changed(environment, "");
  }
  // With that one, which is the same each time.
  const std::string& With(const std::string& environment,
                          std::string_view origin) {
    return Changed(environment, origin);
  }

 private:
  const std::string& Changed(const std::string& environment,
                             std::string_view origin);

  bool any_ = false;
  std::string environment_;
  std::string changed_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_ORIGIN_H_

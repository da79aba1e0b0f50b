#include "ireneo/memo/size_limit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ireneo::internal {
namespace {

constexpr std::chrono::milliseconds kInterval{50};
constexpr int kShareOfTime = 50;  // One so many-th of it.
constexpr int kShareOfLimit = 64;

std::int64_t Now() {
  return std::chrono::nanoseconds(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::Status SizeLimit::Check(std::optional<std::uint64_t> max_bytes) {
  if (max_bytes.value_or(0) <= std::uint64_t{1} << 62) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a limit of ", *max_bytes,
                   " bytes is no disk's: was it computed as an "
                   "int? Write std::uint64_t{10} << 30 for 10 GiB"));
}

bool SizeLimit::IsTimeToLook(std::uint64_t written) {
  if (!max_bytes_.has_value()) return false;
  const std::uint64_t since = written_.fetch_add(written) + written;
  const std::int64_t now = Now();
  std::int64_t next = next_look_.load();
  if (now < next && since <= *max_bytes_ / kShareOfLimit) return false;
  if (!next_look_.compare_exchange_strong(
          next, now + std::chrono::nanoseconds(kInterval).count())) {
    return false;
  }
  written_ = 0;
  return true;
}

void SizeLimit::Looked(std::chrono::nanoseconds took) {
  next_look_ =
      Now() + std::max(std::chrono::nanoseconds(kInterval), took * kShareOfTime)
                  .count();
}

}  // namespace ireneo::internal

#include "ireneo/memo/size_limit.h"

#include <algorithm>

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

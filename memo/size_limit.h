#ifndef IRENEO_MEMO_SIZE_LIMIT_H_
#define IRENEO_MEMO_SIZE_LIMIT_H_

// When a process that writes into a store of limited size looks how large the
// store has become. Internal to Ireneo.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace ireneo::internal {

// Thread-safe.
class SizeLimit {
 public:
  // InvalidArgument if a limit is none that a disk can have.
  static absl::Status Check(std::optional<std::uint64_t> max_bytes);

  // Without `max_bytes` it is never time to look.
  explicit SizeLimit(std::optional<std::uint64_t> max_bytes)
      : max_bytes_(max_bytes) {}

  std::uint64_t max_bytes() const { return *max_bytes_; }
  // Where a collection stops: it shall be a while until the next.
  std::uint64_t target() const { return *max_bytes_ - *max_bytes_ / 10; }

  // Says whether it is time to look, now that so many bytes more were written:
  // if it is long ago, or if they are many. Of threads that ask at once, one is
  // told so.
  bool IsTimeToLook(std::uint64_t written);

  // Looking took so long: the next time is so far away that it is a small part
  // of this process's time.
  void Looked(std::chrono::nanoseconds took);

 private:
  const std::optional<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> written_ = 0;   // Since the last look.
  std::atomic<std::int64_t> next_look_ = 0;  // Nanoseconds, steady clock.
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SIZE_LIMIT_H_

#ifndef IRENEO_STORE_BYTE_THREAD_H_
#define IRENEO_STORE_BYTE_THREAD_H_

// Bytes that one thread reads or writes, and hashes, while another one does
// something else with them: SHA-256 takes as long as all the rest of copying a
// file. Internal to Ireneo.

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/encoder.h"
#include "ireneo/store/sha256.h"
#include "ireneo/store/tar.h"

namespace ireneo::internal {

// Pieces of bytes on their way from one thread to another one, a few of them.
class ByteQueue {
 public:
  // Waits for room for a piece that is not empty. Errors: those of `Stop`.
  absl::Status Push(std::span<const std::byte> piece);
  // Ends the bytes, with a failure or without.
  void Close(absl::Status status);

  // Waits for the next piece, valid until the next call; none at the end.
  // Errors: those of `Close`.
  absl::StatusOr<std::span<const std::byte>> Pop();
  // Takes no more.
  void Stop(absl::Status status);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::vector<std::byte>, 6> pieces_;  // A ring.
  std::size_t first_ = 0;                         // The oldest of them.
  std::size_t count_ = 0;
  bool popped_ = false;  // The oldest is in use by who popped it.
  bool closed_ = false;
  bool stopped_ = false;
  absl::Status end_;
  absl::Status stop_;
};

// Reads ahead. Errors, of `Read`: those of the input; ResourceExhausted if
// there can be no thread.
class ReadAhead final : public ByteInput {
 public:
  // `input` must outlive this, and is read by another thread.
  explicit ReadAhead(ByteInput& input);
  ~ReadAhead() override;

  absl::StatusOr<std::span<const std::byte>> Read() override {
    return queue_.Pop();
  }

  // Of all that was read; once, after `Read` has come to the end.
  Sha256 Finish();

 private:
  absl::Status ReadAll();

  ByteInput& input_;
  Sha256Hasher hasher_;
  ByteQueue queue_;
  std::thread thread_;
};

// Writes behind.
class WriteBehind {
 public:
  // `output` is called by another thread.
  explicit WriteBehind(ByteOutput output);
  // What was not finished may be written in part.
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // Errors: those of `output`, now or later; ResourceExhausted if there can be
  // no thread.
  absl::Status Append(std::span<const std::byte> bytes) {
    return bytes.empty() ? absl::OkStatus() : queue_.Push(bytes);
  }

  // Waits until all is written. Returns the SHA-256 of it. Once.
  absl::StatusOr<Sha256> Finish();

 private:
  absl::Status WriteAll();

  ByteOutput output_;
  Sha256Hasher hasher_;
  absl::Status status_;  // Of the other thread, once it has ended.
  ByteQueue queue_;
  std::thread thread_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_BYTE_THREAD_H_

#include "ireneo/store/byte_thread.h"

#include <new>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

absl::Status NoThread(const std::system_error& error) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no thread can be started: ", error.what()));
}

}  // namespace

absl::Status ByteQueue::Push(std::span<const std::byte> piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || count_ < pieces_.size(); });
  if (stopped_) return stop_;
  std::vector<std::byte>& next = pieces_[(first_ + count_) % pieces_.size()];
  // Nobody else looks at it before it is counted.
  lock.unlock();
  next.assign(piece.begin(), piece.end());
  lock.lock();
  ++count_;
  changed_.notify_all();
  return absl::OkStatus();
}

void ByteQueue::Close(absl::Status status) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  end_ = std::move(status);
  changed_.notify_all();
}

absl::StatusOr<std::span<const std::byte>> ByteQueue::Pop() {
  std::unique_lock lock(mutex_);
  if (std::exchange(popped_, false)) {
    first_ = (first_ + 1) % pieces_.size();
    --count_;
    changed_.notify_all();
  }
  changed_.wait(lock, [&] { return closed_ || count_ > 0; });
  if (count_ == 0) {
    IRENEO_RETURN_IF_ERROR(end_);
    return std::span<const std::byte>();
  }
  popped_ = true;
  return std::span<const std::byte>(pieces_[first_]);
}

void ByteQueue::Stop(absl::Status status) {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  stop_ = std::move(status);
  changed_.notify_all();
}

ReadAhead::ReadAhead(ByteInput& input) : input_(input) {
  try {
    thread_ = std::thread([this] {
      try {
        queue_.Close(ReadAll());
      } catch (const std::bad_alloc&) {
        queue_.Close(
            absl::ResourceExhaustedError("there is too little memory"));
      }
    });
  } catch (const std::system_error& error) {
    queue_.Close(NoThread(error));
  }
}

absl::Status ReadAhead::ReadAll() {
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> piece,
                            input_.Read());
    if (piece.empty()) return absl::OkStatus();
    hasher_.Update(piece);
    IRENEO_RETURN_IF_ERROR(queue_.Push(piece));
  }
}

ReadAhead::~ReadAhead() {
  queue_.Stop(absl::CancelledError("not read to the end"));
  if (thread_.joinable()) thread_.join();
}

Sha256 ReadAhead::Finish() {
  if (thread_.joinable()) thread_.join();
  return hasher_.Finish();
}

WriteBehind::WriteBehind(ByteOutput output) : output_(std::move(output)) {
  try {
    thread_ = std::thread([this] {
      try {
        status_ = WriteAll();
      } catch (const std::bad_alloc&) {
        status_ = absl::ResourceExhaustedError("there is too little memory");
      }
      if (!status_.ok()) queue_.Stop(status_);
    });
  } catch (const std::system_error& error) {
    status_ = NoThread(error);
    queue_.Stop(status_);
  }
}

absl::Status WriteBehind::WriteAll() {
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> piece,
                            queue_.Pop());
    if (piece.empty()) return absl::OkStatus();
    hasher_.Update(piece);
    IRENEO_RETURN_IF_ERROR(output_(piece));
  }
}

WriteBehind::~WriteBehind() {
  queue_.Close(absl::CancelledError("not finished"));
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<Sha256> WriteBehind::Finish() {
  queue_.Close(absl::OkStatus());
  if (thread_.joinable()) thread_.join();
  IRENEO_RETURN_IF_ERROR(status_);
  return hasher_.Finish();
}

}  // namespace ireneo::internal

#ifndef IRENEO_STORE_SHARD_LOCKS_H_
#define IRENEO_STORE_SHARD_LOCKS_H_

// Keeps whoever removes files of blobs away from whoever is about to rely on
// them. One lock for each of the 256 shards, among all threads and processes:
// writers hold it shared from the look whether a file is there until its row is
// committed; who removes rows and files holds it exclusively.
//
// The locks are those of the kernel (fcntl, of the open file description), and
// vanish with the process that holds them. They promise nothing where they
// cannot be had: no folder for their file, a file system without locks. Then
// everybody goes on without, and the worst that comes of it is a blob that has
// to be stored anew.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/time/time.h"

namespace ireneo {

// Thread-safe. After a fork() the child's locks are its own: it starts with
// none, and tokens that it inherited do nothing.
class ShardLocks {
 private:
  struct State;

 public:
  // `file` is made when it is first needed; byte n of it is the lock of shard
  // n.
  explicit ShardLocks(std::filesystem::path file);

  // Holds the shared lock of a shard, if it could be had. Copies hold it too.
  class Shared {
   public:
    Shared() = default;
    Shared(const Shared& other);
    Shared(Shared&& other) noexcept = default;
    Shared& operator=(Shared other) noexcept {
      std::swap(state_, other.state_);
      std::swap(shard_, other.shard_);
      std::swap(pid_, other.pid_);
      return *this;
    }
    ~Shared();

    bool held() const { return state_ != nullptr; }

   private:
    friend class ShardLocks;
    Shared(std::shared_ptr<State> state, std::uint8_t shard, pid_t pid)
        : state_(std::move(state)), shard_(shard), pid_(pid) {}

    std::shared_ptr<State> state_;
    std::uint8_t shard_ = 0;
    pid_t pid_ = 0;  // The process that took it.
  };

  // Holds the exclusive lock of a shard.
  class Exclusive {
   public:
    Exclusive(Exclusive&& other) noexcept
        : file_(std::exchange(other.file_, -1)),
          shard_(other.shard_),
          pid_(other.pid_) {}
    Exclusive& operator=(Exclusive&&) = delete;
    ~Exclusive();

    // False where there are no locks to be had.
    bool held() const { return file_ >= 0; }

   private:
    friend class ShardLocks;
    Exclusive(int file, std::uint8_t shard, pid_t pid)
        : file_(file), shard_(shard), pid_(pid) {}

    int file_;
    std::uint8_t shard_;
    pid_t pid_;
  };

  // Waits while the lock is held exclusively, some seconds at most; then, or if
  // it cannot be had at all, the token is empty. Two system calls for the first
  // who holds it.
  Shared Share(std::uint8_t shard) const;

  // Nothing if somebody holds the lock, this process included.
  std::optional<Exclusive> TryExclusive(std::uint8_t shard) const;
  // The same, trying again for so long.
  std::optional<Exclusive> TryExclusive(std::uint8_t shard,
                                        absl::Duration patience) const;

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_SHARD_LOCKS_H_

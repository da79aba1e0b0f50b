// The lock of an open file description does not count its holders: the first
// token of a shard takes it, the last one gives it back. Exclusive locks are
// taken on a description of their own, so that they exclude the tokens of this
// process as well.
//
// A forked child shares the descriptions of its parent. Were it to unlock one,
// or to keep one open beyond the life of the parent, the parent's locks would
// change: so a child opens its own when it first locks, closing what it
// inherited, and a parent opens another as soon as it holds none.

#include "ireneo/store/shard_locks.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "absl/time/clock.h"
#include "ireneo/store/process_id.h"

namespace ireneo {
namespace {

// How long a writer waits for who removes, which holds a lock for some
// milliseconds: unless it was stopped.
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr absl::Duration kPause = absl::Milliseconds(1);

int OpenFile(const std::filesystem::path& path) {
  // Not through a link, which would make a file wherever it leads. O_NONBLOCK:
  // opening a pipe that someone put there must not wait.
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0666);
  if (file >= 0) return file;
  // Of another user: good enough for a shared lock.
  return ::open(path.c_str(), O_RDONLY | kFlags);
}

enum class Outcome { kLocked, kBusy, kImpossible };

Outcome SetLock(int file, std::uint8_t shard, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = shard;
  lock.l_len = 1;
  int result = 0;
  do {
    result = ::fcntl(file, F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return Outcome::kLocked;
  return errno == EAGAIN || errno == EACCES ? Outcome::kBusy
                                            : Outcome::kImpossible;
}

}  // namespace

struct ShardLocks::State {
  explicit State(std::filesystem::path path) : path(std::move(path)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { Close(); }

  void Close() {
    if (file >= 0) ::close(std::exchange(file, -1));
  }

  // With `mutex` held: makes `file` one that is this process's alone, if that
  // can be.
  void Prepare() {
    if (pid != ProcessId()) {
      Close();
      holders = {};
      total = 0;
      pid = ProcessId();
    }
    if (total == 0 && forks != ForkCount()) Close();
    if (file >= 0) return;
    forks = ForkCount();
    file = OpenFile(path);
  }

  const std::filesystem::path path;
  std::mutex mutex;
  pid_t pid = ProcessId();
  std::uint64_t forks = 0;  // When the file was opened.
  int file = -1;
  std::array<std::uint32_t, 256> holders = {};
  std::uint64_t total = 0;
};

ShardLocks::ShardLocks(std::filesystem::path file)
    : state_(std::make_shared<State>(std::move(file))) {}

ShardLocks::Shared::Shared(const Shared& other)
    : state_(other.state_), shard_(other.shard_), pid_(other.pid_) {
  if (state_ == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  if (state_->pid != pid_) return;
  ++state_->holders[shard_];
  ++state_->total;
}

ShardLocks::Shared::~Shared() {
  // A child's, who may not touch the lock of its parent.
  if (state_ == nullptr || pid_ != ProcessId()) return;
  const std::lock_guard lock(state_->mutex);
  --state_->total;
  if (--state_->holders[shard_] == 0) {
    (void)SetLock(state_->file, shard_, F_UNLCK);
  }
}

ShardLocks::Exclusive::~Exclusive() {
  if (file_ < 0) return;
  // Closing would not unlock it if a child has inherited the file.
  if (pid_ == ProcessId()) (void)SetLock(file_, shard_, F_UNLCK);
  ::close(file_);
}

ShardLocks::Shared ShardLocks::Share(std::uint8_t shard) const {
  absl::Time deadline = absl::InfinitePast();
  while (true) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->Prepare();
      if (state_->file < 0) return Shared();
      const Outcome outcome = state_->holders[shard] > 0
                                  ? Outcome::kLocked
                                  : SetLock(state_->file, shard, F_RDLCK);
      if (outcome == Outcome::kImpossible) return Shared();
      if (outcome == Outcome::kLocked) {
        ++state_->holders[shard];
        ++state_->total;
        return Shared(state_, shard, state_->pid);
      }
    }
    if (deadline == absl::InfinitePast()) deadline = absl::Now() + kPatience;
    if (absl::Now() >= deadline) return Shared();
    absl::SleepFor(kPause);
  }
}

std::optional<ShardLocks::Exclusive> ShardLocks::TryExclusive(
    std::uint8_t shard) const {
  Exclusive token(OpenFile(state_->path), shard, ProcessId());
  if (token.file_ < 0) return token;
  switch (SetLock(token.file_, shard, F_WRLCK)) {
    case Outcome::kLocked:
      return token;
    case Outcome::kBusy:
      return std::nullopt;
    case Outcome::kImpossible:
      break;
  }
  ::close(std::exchange(token.file_, -1));
  return token;
}

std::optional<ShardLocks::Exclusive> ShardLocks::TryExclusive(
    std::uint8_t shard, absl::Duration patience) const {
  const absl::Time deadline = absl::Now() + patience;
  while (true) {
    std::optional<Exclusive> token = TryExclusive(shard);
    if (token.has_value() || absl::Now() >= deadline) return token;
    absl::SleepFor(kPause);
  }
}

}  // namespace ireneo

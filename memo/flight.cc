// Two steps. In a process, a table of the keys that are being computed: who
// finds his there waits on a condition variable, for the thread that leads may
// be seen to wait for him in turn. Between processes, an open file description
// lock (fcntl, F_OFD_SETLKW) on one byte of locks/flight, which the kernel
// drops when its holder dies:
//
//   1. Enter the key into the table, or wait until it is landed.
//   2. Lock byte (key mod 2^62) of locks/flight. The file is opened anew after
//      each fork: a description that is shared with a child would keep the lock
//      when this process is killed.
//   3. Look into the index again, if another flight has landed since: the file
//      has 4096 counters, by the first bits of the key, of which one is raised
//      before a lock is given back. Its lowest bit says that nothing was
//      remembered: then all who wait go on at once, for one after the other
//      would take as many times as long.
//   4. Compute, store, raise the counter, unlock the byte, leave the table.

#include "ireneo/memo/flight.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/clock.h"
#include "ireneo/store/process_id.h"

namespace ireneo::internal {

struct FlightThread {
  // Set and cleared with the mutex of `table` held, so who holds it and finds
  // its own table here may look at the entry.
  std::atomic<const FlightTable*> table = nullptr;
  std::atomic<const void*> entry = nullptr;
};

namespace {

// One for all tables: a thread waits for one flight at a time.
thread_local FlightThread this_thread;

off_t ByteOf(const Digest& key) {
  std::uint64_t number = 0;
  std::memcpy(&number, key.bytes().data(), sizeof(number));
  return static_cast<off_t>(number >> 2);
}

int OpenFile(const std::filesystem::path& path) {
  // Not through a link, to a file that is none of ours to write to.
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
}

// Sets or, with F_UNLCK, drops the lock on the byte of `key`. -1 with errno, as
// fcntl.
int Lock(int file, const Digest& key, int command, short type = F_WRLCK) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = ByteOf(key);
  lock.l_len = 1;
  int result = 0;
  do {
    result = ::fcntl(file, command, &lock);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

struct LockFile {
  explicit LockFile(const std::filesystem::path& path) : file(OpenFile(path)) {}
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  ~LockFile() {
    if (file >= 0) ::close(file);
  }

  const std::uint64_t forks = ForkCount();  // Before it is opened.
  const pid_t pid = ProcessId();
  const int file;
};

struct FlightTable::Entry {
  const FlightThread* leader;
  bool landed = false;
  bool remembered = false;
  std::condition_variable landing;
};

struct FlightTable::Entries {
  std::mutex mutex;
  pid_t pid = ProcessId();  // Whose they are: in a forked child, nobody's.
  absl::flat_hash_map<Digest, std::shared_ptr<Entry>> by_key;
  std::shared_ptr<const LockFile> file;
};

void Flight::Land(bool remembered) {
  if (table_ != nullptr) table_->Land(*this, remembered);
}

FlightTable::FlightTable(std::filesystem::path lock_file)
    : lock_file_(std::move(lock_file)), entries_(std::make_unique<Entries>()) {
  static_assert(Counter::is_always_lock_free);
  constexpr std::size_t kSize = kCounters * sizeof(Counter);
  const int file = OpenFile(lock_file_);
  if (file < 0) return;
  // With all its blocks: writing to one that a full disk does not have would
  // kill. It only grows, so that no process sees its mapping cut off.
  if (::posix_fallocate(file, 0, kSize) == 0) {
    void* const memory =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) counters_ = static_cast<Counter*>(memory);
  }
  ::close(file);
}

FlightTable::~FlightTable() {
  if (counters_ != nullptr) {
    ::munmap(counters_, kCounters * sizeof(Counter));
  }
}

FlightTable::Counter* FlightTable::CounterOf(const Digest& key) const {
  if (counters_ == nullptr) return nullptr;
  return &counters_[(key.bytes()[0] | key.bytes()[1] << 8) % kCounters];
}

std::optional<std::uint64_t> FlightTable::Landings(const Digest& key) const {
  const Counter* const counter = CounterOf(key);
  if (counter == nullptr) return std::nullopt;
  return counter->load();
}

bool FlightTable::WaitsFor(const Entry& entry,
                           const FlightThread* thread) const {
  const FlightThread* leader = entry.leader;
  while (leader != thread) {
    if (leader->table != this) return false;
    const auto* const next = static_cast<const Entry*>(leader->entry.load());
    if (next->landed) return false;  // About to wake up.
    leader = next->leader;
  }
  return true;
}

FlightTable::Outcome FlightTable::Join(const Digest& key, Wait wait,
                                       absl::Duration timeout, bool alone,
                                       std::optional<std::uint64_t> landings,
                                       Flight& flight) {
  if (wait == Wait::kNever) return Outcome::kCompute;
  const absl::Time deadline =
      wait == Wait::kTimeout ? absl::Now() + timeout : absl::InfiniteFuture();
  {
    std::unique_lock lock(entries_->mutex);
    if (const pid_t pid = ProcessId(); pid != entries_->pid) {
      entries_->by_key.clear();
      entries_->pid = pid;
    }
    std::shared_ptr<Entry>& slot = entries_->by_key[key];
    if (slot != nullptr) {
      const std::shared_ptr<Entry> entry = slot;
      if (WaitsFor(*entry, &this_thread)) return Outcome::kCompute;
      this_thread.entry = entry.get();
      this_thread.table = this;
      while (!entry->landed) {
        if (deadline == absl::InfiniteFuture()) {
          entry->landing.wait(lock);
        } else if (entry->landing.wait_until(lock,
                                             absl::ToChronoTime(deadline)) ==
                   std::cv_status::timeout) {
          break;
        }
      }
      this_thread.table = nullptr;
      // If there is no result to be had, all go on at once: one after the other
      // would take as many times as long.
      return entry->landed && entry->remembered ? Outcome::kLookAgain
                                                : Outcome::kCompute;
    }
    slot = std::make_shared<Entry>();
    slot->leader = &this_thread;
  }
  flight.table_ = this;
  flight.key_ = key;
  bool waited = false;
  if (!alone) {
    flight.lock_ = LockBetweenProcesses(key, wait, deadline, waited);
  }
  if (const std::optional<std::uint64_t> now = Landings(key);
      waited && flight.lock_ != nullptr && now.has_value() && now != landings &&
      (*now & 1) != 0) {
    // There is no result to be had: as above.
    (void)Lock(flight.lock_->file, key, F_OFD_SETLK, F_UNLCK);
    flight.lock_ = nullptr;
  }
  return !waited && landings.has_value() && landings == Landings(key)
             ? Outcome::kCompute
             : Outcome::kLookAgain;
}

std::shared_ptr<const LockFile> FlightTable::OpenLockFile() {
  const std::lock_guard lock(entries_->mutex);
  std::shared_ptr<const LockFile>& file = entries_->file;
  if (file == nullptr || file->forks != ForkCount()) {
    file = std::make_shared<const LockFile>(lock_file_);
    if (file->file < 0) file = nullptr;
  }
  return file;
}

std::shared_ptr<const LockFile> FlightTable::LockBetweenProcesses(
    const Digest& key, Wait wait, absl::Time deadline, bool& waited) {
  std::shared_ptr<const LockFile> lock = OpenLockFile();
  if (lock == nullptr) return nullptr;
  if (Lock(lock->file, key, F_OFD_SETLK) == 0) return lock;
  if (errno == EAGAIN || errno == EACCES) {
    waited = true;
    if (wait == Wait::kBlock) {
      if (Lock(lock->file, key, F_OFD_SETLKW) == 0) return lock;
    } else {
      absl::Duration pause = absl::Milliseconds(1);
      while (absl::Now() < deadline) {
        absl::SleepFor(std::min(pause, deadline - absl::Now()));
        pause = std::min(2 * pause, absl::Milliseconds(20));
        if (Lock(lock->file, key, F_OFD_SETLK) == 0) return lock;
        if (errno != EAGAIN && errno != EACCES) break;
      }
    }
  }
  return nullptr;
}

void FlightTable::Land(Flight& flight, bool remembered) {
  if (Counter* const counter = CounterOf(flight.key_)) {
    std::uint64_t count = counter->load();
    while (!counter->compare_exchange_weak(
        count, ((count >> 1) + 1) << 1 | (remembered ? 0 : 1))) {
    }
  }
  // First, so that who is woken here does not have to wait for the byte. A lock
  // of the parent's is not this process's to drop.
  if (flight.lock_ != nullptr && flight.lock_->pid == ProcessId()) {
    (void)Lock(flight.lock_->file, flight.key_, F_OFD_SETLK, F_UNLCK);
  }
  {
    const std::lock_guard lock(entries_->mutex);
    // Gone in a child that was forked meanwhile.
    if (const auto it = entries_->by_key.find(flight.key_);
        it != entries_->by_key.end() && it->second->leader == &this_thread) {
      it->second->landed = true;
      it->second->remembered = remembered;
      it->second->landing.notify_all();
      entries_->by_key.erase(it);
    }
  }
  flight.table_ = nullptr;
  flight.lock_ = nullptr;
}

}  // namespace ireneo::internal

#ifndef IRENEO_MEMO_FLIGHT_H_
#define IRENEO_MEMO_FLIGHT_H_

// Single flight: of the threads and processes that want the same key at once,
// one computes and the others wait for it. Internal to Ireneo.
//
// Between the threads of a process nobody waits in a circle. Between processes
// there is none as long as functions are pure, for a call waits only for calls
// that it is made of. What locks cannot see is a function that hands work to
// other threads and waits for these, while they wait for its own key: a pool
// whose threads are all taken. For that there is Wait::kTimeout.
//
// A lock is free as soon as its process is dead; unless it was forked while the
// lock was held, then when the child is dead too.
//
// Nothing depends on it but time: results of two that compute the same key are
// stored once, whoever is first. So every lock that cannot be had is done
// without: a file that cannot be opened, a file system without locks, a wait
// that would be for ever.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

class FlightTable;

// The open file of locks between processes.
struct LockFile;

// What is known of a thread that waits for a flight.
struct FlightThread;

// One call's part in the flight of its key. Must not outlive its table, and
// must be destroyed by the thread that made it.
class Flight {
 public:
  Flight() = default;
  ~Flight() { Land(false); }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  // Whether other callers of the key wait for this one, as far as locks can
  // make them.
  bool leads() const { return table_ != nullptr; }

  // Ends it and lets the others go on; `remembered` says whether they will find
  // the result. No effect if it does not lead.
  void Land(bool remembered);

 private:
  friend class FlightTable;

  FlightTable* table_ = nullptr;
  Digest key_;
  std::shared_ptr<const LockFile> lock_;  // Holds that between processes.
};

// The flights of one open store. Thread-safe.
class FlightTable {
 public:
  // `lock_file` is made at need.
  explicit FlightTable(std::filesystem::path lock_file);
  ~FlightTable();
  FlightTable(const FlightTable&) = delete;
  FlightTable& operator=(const FlightTable&) = delete;

  enum class Outcome {
    kCompute,  // Nobody else computes the key, or it is not worth waiting for.
    kLookAgain,  // Somebody may have computed it: if not, compute.
  };

  // Changes when a flight of `key` lands, in any process; to be asked before
  // one looks whether the key is remembered.
  std::optional<std::uint64_t> Landings(const Digest& key) const;

  // Joins the flight of `key`: waits, as `wait` says, while others lead it.
  // Then `flight` leads, or, if that cannot be had, does not.
  //
  // Never waits for a thread that waits for this one in this table, directly or
  // through others.
  // With `alone`, other processes are left out. `landings` is what `Landings`
  // said: if it is unchanged, there is no need to look again.
  Outcome Join(const Digest& key, Wait wait, absl::Duration timeout, bool alone,
               std::optional<std::uint64_t> landings, Flight& flight);

 private:
  friend class Flight;

  // A key that is being computed in this process.
  struct Entry;

  // Those that there are, and what guards them.
  struct Entries;

  // Whether the leader of `entry` waits, through whatever chain, for `thread`.
  // With the mutex of the entries held.
  bool WaitsFor(const Entry& entry, const FlightThread* thread) const;

  // One that is shared with no other process; null if it cannot be opened.
  std::shared_ptr<const LockFile> OpenLockFile();

  // The file with a lock on the byte of `key`; null if that cannot be had.
  // `waited` says whether another process had it.
  std::shared_ptr<const LockFile> LockBetweenProcesses(const Digest& key,
                                                       Wait wait,
                                                       absl::Time deadline,
                                                       bool& waited);

  void Land(Flight& flight, bool remembered);

  using Counter = std::atomic<std::uint64_t>;
  static constexpr std::size_t kCounters = 4096;

  // Null if there are none.
  Counter* CounterOf(const Digest& key) const;

  const std::filesystem::path lock_file_;
  Counter* counters_ = nullptr;  // Of landings: the first 32 KiB of the file.
  const std::unique_ptr<Entries> entries_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_FLIGHT_H_

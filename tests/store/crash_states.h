#ifndef IRENEO_TESTS_STORE_CRASH_STATES_H_
#define IRENEO_TESTS_STORE_CRASH_STATES_H_

// The folders that a power cut could have left, made from a journal
// (tests/store/journal.h): some prefix of it happened, and of that prefix some
// of what was not yet synced is lost.
//
// What is assumed of the disk, which is no more than POSIX promises:
//   - The contents of a file are safe once it, or everything, was synced
//     later. Until then each write and each truncation may be lost by itself;
//     a lost write leaves what was there before, or zeros.
//   - A name (made, renamed, removed, of a file or a folder) is safe once its
//     folder, or everything, was synced later; syncing the file does not do.
//     Until then each may be lost by itself. A rename is one step.
//   - Of the last write a half, or every other 512 bytes, may have arrived.
// Some states are of a file system that keeps the names in order (an ordered
// journal), the others of one that does not.
//
// What a prefix loses without a power cut, nothing, is what a killed process
// leaves.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "tests/store/journal.h"

namespace ireneo::testing {

// By path, relative to the root; a folder has no bytes. Folders come before
// what is in them.
using DirectoryImage = std::map<std::string, std::optional<std::string>>;

// Makes `folder`, which must not exist, with what `image` has.
void WriteImage(const DirectoryImage& image,
                const std::filesystem::path& folder);

struct CrashState {
  enum class Tear { kNone, kFirstHalf, kEvenSectors, kOddSectors };

  // How many entries of the journal happened.
  std::size_t prefix = 0;
  // Which of them are lost, sorted. Lost writes leave zeros if `zeros`, else
  // what was there before.
  std::vector<std::size_t> lost = {};
  bool zeros = false;
  // What arrived of the last entry, if that is a write.
  Tear tear = Tear::kNone;

  // Whether it is what a killed process leaves.
  bool IsKill() const { return lost.empty() && tear == Tear::kNone; }
  std::string Describe() const;
};

// Not thread-safe.
class CrashStates {
 public:
  struct Counts {
    std::size_t possible = 0;  // That were thought of; some are equal.
    std::size_t visited = 0;
  };

  explicit CrashStates(const Journal& journal);

  // Visits at most `budget` states, no two alike, each with the marks before
  // the cut: of every prefix that with nothing lost, with everything, and with
  // a torn end, those around syncs, renames, removals and marks first; then,
  // mixed, those with one loss, with two, and with random ones.
  Counts ForEach(std::size_t budget, std::uint64_t seed,
                 absl::FunctionRef<void(const CrashState& state,
                                        const std::vector<std::uint64_t>& marks,
                                        const DirectoryImage& image)>
                     visit) const;

  DirectoryImage Replay(const CrashState& state) const;

  // Those that could be lost if the cut came after `prefix` entries.
  std::vector<std::size_t> Unsynced(std::size_t prefix) const;

 private:
  bool IsWrite(std::size_t entry) const;

  const std::vector<JournalEntry> entries_;
  const std::size_t initial_;
  // For each entry the first one after which it is safe, or the number of
  // entries.
  std::vector<std::size_t> safe_from_;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_CRASH_STATES_H_

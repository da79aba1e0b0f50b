#ifndef IRENEO_TESTS_STORE_JOURNAL_H_
#define IRENEO_TESTS_STORE_JOURNAL_H_

// What was done to the files below one folder, in order, by whoever records it:
// RecordingFileSystem for the store's own files, TestVfs for SQLite's. From a
// journal tests/store/crash_states.h makes what a power cut could have left.
//
// Not recorded are file modes, times, links, and memory that is mapped.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ireneo::testing {

struct JournalEntry {
  enum class Kind {
    kCreate,         // `file` at `path`.
    kWrite,          // `bytes` at `offset` of `file`.
    kTruncate,       // `file` to `offset` bytes.
    kSync,           // The contents and the size of `file`.
    kSyncDirectory,  // The names in `path`.
    kSyncAll,        // Everything.
    kRename,         // `file`, from `path` to `to`.
    kLink,           // `file`, the name `to` beside `path`.
    kRemove,         // `file`, the name `path`.
    kMakeDirectory,  // `path`.
    kMark,           // `offset`: what a test wants to know of this moment.
  };

  Kind kind;
  int file = -1;  // Stays the same when the file is renamed.
  // Relative to the root, without a slash at the end; "" is the root.
  std::string path = {};
  std::string to = {};
  std::uint64_t offset = 0;
  std::string bytes = {};
};

// For people: "write file 3, 100 bytes at 4096".
std::string Describe(const JournalEntry& entry);

// Thread-safe. Each entry is added when the operation has succeeded.
class Journal {
 public:
  // Starts with what is below `root`, as made and synced. `root` must exist.
  explicit Journal(const std::filesystem::path& root);

  // What is not below the root is not recorded: then the id is -1, which the
  // members that take an id ignore.
  int Create(const std::filesystem::path& path);
  // The id of a file; one that nobody recorded is recorded as created.
  int Open(const std::filesystem::path& path);
  void Write(int file, std::uint64_t offset, std::span<const std::byte> bytes);
  void Truncate(int file, std::uint64_t size);
  void Sync(int file);
  void SyncDirectory(const std::filesystem::path& path);
  void SyncAll();
  void Rename(const std::filesystem::path& from,
              const std::filesystem::path& to);
  void Link(const std::filesystem::path& from, const std::filesystem::path& to);
  void Remove(const std::filesystem::path& path);
  void MakeDirectory(const std::filesystem::path& path);
  void Mark(std::uint64_t number);

  std::vector<JournalEntry> entries() const;

  // How many entries describe what was there at the start.
  std::size_t initial_entries() const { return initial_entries_; }

 private:
  std::optional<std::string> Relative(const std::filesystem::path& path) const;
  void Add(JournalEntry entry);

  const std::filesystem::path root_;
  std::size_t initial_entries_ = 0;
  mutable std::mutex mutex_;
  std::vector<JournalEntry> entries_;
  std::map<std::string, int> files_;  // By path.
  int next_file_ = 0;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_JOURNAL_H_

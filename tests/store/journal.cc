#include "tests/store/journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {

using Kind = JournalEntry::Kind;

std::string Describe(const JournalEntry& entry) {
  constexpr const char* kKinds[] = {
      "create",   "write",  "truncate", "sync",  "sync folder",
      "sync all", "rename", "remove",   "mkdir", "mark"};
  std::string text = kKinds[static_cast<int>(entry.kind)];
  if (entry.file >= 0) absl::StrAppend(&text, " file ", entry.file);
  if (!entry.path.empty()) absl::StrAppend(&text, " ", entry.path);
  if (!entry.to.empty()) absl::StrAppend(&text, " to ", entry.to);
  if (entry.kind == Kind::kWrite) {
    absl::StrAppend(&text, ", ", entry.bytes.size(), " bytes at ");
  }
  if (entry.kind == Kind::kWrite || entry.kind == Kind::kTruncate ||
      entry.kind == Kind::kMark) {
    absl::StrAppend(&text, " ", entry.offset);
  }
  return text;
}

Journal::Journal(const std::filesystem::path& root)
    : root_(root.lexically_normal()) {
  namespace fs = std::filesystem;
  // A folder comes before what is in it.
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    if (entry.is_directory()) {
      MakeDirectory(entry.path());
    } else if (entry.is_regular_file()) {
      const std::string bytes = FileBytes(entry.path());
      Write(Create(entry.path()), 0, std::as_bytes(std::span(bytes)));
    }
  }
  SyncAll();
  initial_entries_ = entries_.size();
}

std::optional<std::string> Journal::Relative(
    const std::filesystem::path& path) const {
  const std::string relative =
      path.lexically_normal().lexically_relative(root_).native();
  if (relative.empty() || relative.starts_with("..")) return std::nullopt;
  return relative == "." ? "" : relative;
}

void Journal::Add(JournalEntry entry) { entries_.push_back(std::move(entry)); }

int Journal::Create(const std::filesystem::path& path) {
  const auto relative = Relative(path);
  if (!relative.has_value()) return -1;
  const std::lock_guard lock(mutex_);
  const int file = next_file_++;
  files_[*relative] = file;
  Add({.kind = Kind::kCreate, .file = file, .path = *relative});
  return file;
}

int Journal::Open(const std::filesystem::path& path) {
  const auto relative = Relative(path);
  if (!relative.has_value()) return -1;
  {
    const std::lock_guard lock(mutex_);
    const auto it = files_.find(*relative);
    if (it != files_.end()) return it->second;
  }
  return Create(path);
}

void Journal::Write(int file, std::uint64_t offset,
                    std::span<const std::byte> bytes) {
  if (file < 0) return;
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kWrite,
       .file = file,
       .offset = offset,
       .bytes = std::string(Text(bytes))});
}

void Journal::Truncate(int file, std::uint64_t size) {
  if (file < 0) return;
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kTruncate, .file = file, .offset = size});
}

void Journal::Sync(int file) {
  if (file < 0) return;
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kSync, .file = file});
}

void Journal::SyncDirectory(const std::filesystem::path& path) {
  const auto relative = Relative(path);
  if (!relative.has_value()) return;
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kSyncDirectory, .path = *relative});
}

void Journal::SyncAll() {
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kSyncAll});
}

void Journal::Rename(const std::filesystem::path& from,
                     const std::filesystem::path& to) {
  const auto relative_from = Relative(from);
  const auto relative_to = Relative(to);
  if (!relative_from.has_value() || !relative_to.has_value()) return;
  const std::lock_guard lock(mutex_);
  const auto it = files_.find(*relative_from);
  const int file = it == files_.end() ? -1 : it->second;
  if (it != files_.end()) files_.erase(it);
  if (file >= 0) files_[*relative_to] = file;
  Add({.kind = Kind::kRename,
       .file = file,
       .path = *relative_from,
       .to = *relative_to});
}

void Journal::Link(const std::filesystem::path& from,
                   const std::filesystem::path& to) {
  const auto relative_from = Relative(from);
  const auto relative_to = Relative(to);
  if (!relative_from.has_value() || !relative_to.has_value()) return;
  const std::lock_guard lock(mutex_);
  const auto it = files_.find(*relative_from);
  const int file = it == files_.end() ? -1 : it->second;
  if (file >= 0) files_[*relative_to] = file;
  Add({.kind = Kind::kLink,
       .file = file,
       .path = *relative_from,
       .to = *relative_to});
}

void Journal::Remove(const std::filesystem::path& path) {
  const auto relative = Relative(path);
  if (!relative.has_value()) return;
  const std::lock_guard lock(mutex_);
  const auto it = files_.find(*relative);
  const int file = it == files_.end() ? -1 : it->second;
  if (it != files_.end()) files_.erase(it);
  Add({.kind = Kind::kRemove, .file = file, .path = *relative});
}

void Journal::MakeDirectory(const std::filesystem::path& path) {
  const auto relative = Relative(path);
  if (!relative.has_value() || relative->empty()) return;
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kMakeDirectory, .path = *relative});
}

void Journal::Mark(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Add({.kind = Kind::kMark, .offset = number});
}

std::vector<JournalEntry> Journal::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

}  // namespace ireneo::testing

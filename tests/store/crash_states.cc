#include "tests/store/crash_states.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "ireneo/store/digest.h"

namespace ireneo::testing {
namespace {

using Kind = JournalEntry::Kind;
using Tear = CrashState::Tear;

constexpr std::size_t kSector = 512;

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsData(Kind kind) {
  return kind == Kind::kWrite || kind == Kind::kTruncate;
}

bool IsName(Kind kind) {
  return kind == Kind::kCreate || kind == Kind::kRename ||
         kind == Kind::kLink || kind == Kind::kRemove ||
         kind == Kind::kMakeDirectory;
}

// Whether `sync` makes `entry`, which came before it, safe.
bool Saves(const JournalEntry& sync, const JournalEntry& entry) {
  if (sync.kind == Kind::kSyncAll) return true;
  if (sync.kind == Kind::kSync) {
    return IsData(entry.kind) && entry.file == sync.file;
  }
  return sync.kind == Kind::kSyncDirectory && IsName(entry.kind) &&
         ParentOf(entry.kind == Kind::kRename || entry.kind == Kind::kLink
                      ? entry.to
                      : entry.path) == sync.path;
}

// Where a state is interesting: at what orders things.
bool Orders(Kind kind) {
  return kind != Kind::kWrite && kind != Kind::kTruncate;
}

Digest HashOf(const DirectoryImage& image, std::size_t marks, bool is_kill) {
  Hasher hasher;
  const auto add = [&](const std::string& text) {
    const std::uint64_t size = text.size();
    hasher.Update(std::as_bytes(std::span(&size, 1)));
    hasher.Update(std::as_bytes(std::span(text)));
  };
  for (const auto& [path, bytes] : image) {
    add(path);
    add(bytes.has_value() ? "file" : "folder");
    add(bytes.value_or(""));
  }
  // More may be expected of an equal folder later.
  add(absl::StrCat(marks, " ", is_kill));
  return hasher.digest();
}

void Apply(std::string& contents, const JournalEntry& write, bool zeros,
           Tear tear) {
  const std::string& bytes = write.bytes;
  const auto put = [&](std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    if (contents.size() < write.offset + end) {
      contents.resize(write.offset + end);
    }
    if (zeros) {
      std::memset(contents.data() + write.offset + begin, 0, end - begin);
    } else {
      std::memcpy(contents.data() + write.offset + begin, bytes.data() + begin,
                  end - begin);
    }
  };
  switch (tear) {
    case Tear::kNone:
      return put(0, bytes.size());
    case Tear::kFirstHalf:
      return put(0, bytes.size() / 2);
    case Tear::kEvenSectors:
    case Tear::kOddSectors:
      for (std::size_t begin = tear == Tear::kEvenSectors ? 0 : kSector;
           begin < bytes.size(); begin += 2 * kSector) {
        put(begin, std::min(begin + kSector, bytes.size()));
      }
  }
}

}  // namespace

void WriteImage(const DirectoryImage& image,
                const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  for (const auto& [path, bytes] : image) {
    if (!bytes.has_value()) {
      std::filesystem::create_directory(folder / path);
      continue;
    }
    std::ofstream file(folder / path, std::ios::binary);
    file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
    file.close();
    ASSERT_TRUE(file.good()) << folder / path;
  }
}

std::string CrashState::Describe() const {
  std::string text = absl::StrCat("after ", prefix, " operations");
  if (!lost.empty()) {
    absl::StrAppend(&text, zeros ? ", zeros instead of " : ", without ",
                    absl::StrJoin(lost, ","));
  }
  constexpr const char* kTears[] = {"", ", half of the last write",
                                    ", even sectors of the last write",
                                    ", odd sectors of the last write"};
  return text + kTears[static_cast<int>(tear)];
}

CrashStates::CrashStates(const Journal& journal)
    : entries_(journal.entries()), initial_(journal.initial_entries()) {
  safe_from_.assign(entries_.size(), entries_.size() + 1);
  for (std::size_t j = 0; j < entries_.size(); ++j) {
    const Kind kind = entries_[j].kind;
    if (kind != Kind::kSync && kind != Kind::kSyncDirectory &&
        kind != Kind::kSyncAll) {
      continue;
    }
    for (std::size_t i = 0; i < j; ++i) {
      if (safe_from_[i] > j + 1 && Saves(entries_[j], entries_[i])) {
        safe_from_[i] = j + 1;
      }
    }
  }
}

std::vector<std::size_t> CrashStates::Unsynced(std::size_t prefix) const {
  std::vector<std::size_t> unsynced;
  for (std::size_t i = 0; i < prefix; ++i) {
    if ((IsData(entries_[i].kind) || IsName(entries_[i].kind)) &&
        safe_from_[i] > prefix) {
      unsynced.push_back(i);
    }
  }
  return unsynced;
}

bool CrashStates::IsWrite(std::size_t entry) const {
  return entries_[entry].kind == Kind::kWrite;
}

DirectoryImage CrashStates::Replay(const CrashState& state) const {
  std::map<int, std::string> contents;
  std::map<std::string, int> names;  // -1: a folder.
  std::size_t next_lost = 0;
  for (std::size_t i = 0; i < state.prefix; ++i) {
    const JournalEntry& entry = entries_[i];
    const bool is_lost =
        next_lost < state.lost.size() && state.lost[next_lost] == i;
    if (is_lost) ++next_lost;
    if (is_lost && !(state.zeros && entry.kind == Kind::kWrite)) continue;
    switch (entry.kind) {
      case Kind::kCreate:
        names[entry.path] = entry.file;
        break;
      case Kind::kWrite:
        Apply(contents[entry.file], entry, is_lost,
              i + 1 == state.prefix ? state.tear : Tear::kNone);
        break;
      case Kind::kTruncate:
        contents[entry.file].resize(entry.offset);
        break;
      case Kind::kRename: {
        const auto from = names.find(entry.path);
        if (from != names.end() && from->second == entry.file) {
          names.erase(from);
        }
        names[entry.to] = entry.file;
        break;
      }
      case Kind::kLink:
        names[entry.to] = entry.file;
        break;
      case Kind::kRemove: {
        const auto name = names.find(entry.path);
        if (name != names.end() && name->second == entry.file) {
          names.erase(name);
        }
        break;
      }
      case Kind::kMakeDirectory:
        names[entry.path] = -1;
        break;
      case Kind::kSync:
      case Kind::kSyncDirectory:
      case Kind::kSyncAll:
      case Kind::kMark:
        break;
    }
  }
  DirectoryImage image;
  for (const auto& [path, file] : names) {
    // What is in a folder that was lost is lost.
    const std::string parent = ParentOf(path);
    const auto folder = image.find(parent);
    if (!parent.empty() &&
        (folder == image.end() || folder->second.has_value())) {
      continue;
    }
    image.emplace(path, file < 0 ? std::nullopt
                                 : std::optional(std::move(contents[file])));
  }
  return image;
}

CrashStates::Counts CrashStates::ForEach(
    std::size_t budget, std::uint64_t seed,
    absl::FunctionRef<void(const CrashState&, const std::vector<std::uint64_t>&,
                           const DirectoryImage&)>
        visit) const {
  std::mt19937_64 random(seed);
  std::vector<CrashState> at_order;
  std::vector<CrashState> other;
  std::vector<CrashState> partial;
  const std::size_t attempts =
      std::max<std::size_t>(64, 2 * budget / (entries_.size() - initial_ + 1));
  for (std::size_t prefix = initial_; prefix <= entries_.size(); ++prefix) {
    const bool orders =
        (prefix > initial_ && Orders(entries_[prefix - 1].kind)) ||
        (prefix < entries_.size() && Orders(entries_[prefix].kind));
    std::vector<CrashState>& whole = orders ? at_order : other;
    const std::vector<std::size_t> unsynced = Unsynced(prefix);
    whole.push_back({.prefix = prefix});
    if (!unsynced.empty()) {
      whole.push_back({.prefix = prefix, .lost = unsynced});
      whole.push_back({.prefix = prefix, .lost = unsynced, .zeros = true});
      std::vector<std::size_t> writes;
      std::copy_if(unsynced.begin(), unsynced.end(), std::back_inserter(writes),
                   [&](std::size_t i) { return IsData(entries_[i].kind); });
      // The names are there, and nothing in them.
      whole.push_back({.prefix = prefix, .lost = writes});
      whole.push_back({.prefix = prefix, .lost = writes, .zeros = true});
    }
    if (prefix > initial_ && IsWrite(prefix - 1)) {
      for (const Tear tear :
           {Tear::kFirstHalf, Tear::kEvenSectors, Tear::kOddSectors}) {
        whole.push_back({.prefix = prefix, .tear = tear});
      }
    }
    for (const std::size_t lost : unsynced) {
      partial.push_back({.prefix = prefix, .lost = {lost}});
      if (IsWrite(lost)) {
        partial.push_back({.prefix = prefix, .lost = {lost}, .zeros = true});
      }
    }
    if (unsynced.size() < 2) continue;
    for (std::size_t i = 0; i < attempts; ++i) {
      std::size_t a = unsynced[random() % unsynced.size()];
      std::size_t b = unsynced[random() % unsynced.size()];
      if (a == b) continue;
      if (a > b) std::swap(a, b);
      partial.push_back(
          {.prefix = prefix, .lost = {a, b}, .zeros = random() % 2 == 0});
    }
    for (std::size_t i = 0; i < attempts; ++i) {
      CrashState state{.prefix = prefix, .zeros = random() % 2 == 0};
      // With names kept in order, or each by itself.
      const bool in_order = random() % 2 == 0;
      const std::size_t names_until = unsynced[random() % unsynced.size()];
      const std::uint64_t eighths = 1 + random() % 7;
      for (const std::size_t entry : unsynced) {
        const bool lost = in_order && IsName(entries_[entry].kind)
                              ? entry >= names_until
                              : random() % 8 < eighths;
        if (lost) state.lost.push_back(entry);
      }
      partial.push_back(std::move(state));
    }
  }
  std::vector<CrashState> states;
  for (std::vector<CrashState>* group : {&at_order, &other, &partial}) {
    std::shuffle(group->begin(), group->end(), random);
    std::move(group->begin(), group->end(), std::back_inserter(states));
  }

  std::vector<std::size_t> marks_before(entries_.size() + 1);
  std::vector<std::uint64_t> marks;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].kind == Kind::kMark) marks.push_back(entries_[i].offset);
    marks_before[i + 1] = marks.size();
  }
  std::unordered_set<std::string> seen;
  Counts counts{.possible = states.size()};
  for (const CrashState& state : states) {
    if (counts.visited == budget) break;
    const DirectoryImage image = Replay(state);
    const std::size_t count = marks_before[state.prefix];
    if (!seen.insert(HashOf(image, count, state.IsKill()).ToHex()).second) {
      continue;
    }
    ++counts.visited;
    visit(
        state,
        std::vector<std::uint64_t>(
            marks.begin(), marks.begin() + static_cast<std::ptrdiff_t>(count)),
        image);
  }
  return counts;
}

}  // namespace ireneo::testing

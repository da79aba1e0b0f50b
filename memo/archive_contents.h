#ifndef IRENEO_MEMO_ARCHIVE_CONTENTS_H_
#define IRENEO_MEMO_ARCHIVE_CONTENTS_H_

// What an archive says that it has, and how far work with one has come. See
// memo/archive.h.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ireneo {

// What an archive says that it has.
struct ArchiveContents {
  struct Function {
    std::string name;
    std::vector<std::string> versions;  // Sorted.
    std::int64_t calls = 0;

    friend bool operator==(const Function&, const Function&) = default;
  };

  std::int64_t calls = 0;
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;         // Of their payloads.
  std::vector<Function> functions;      // Sorted by name.
  std::vector<std::string> as_of = {};  // "sha256:…" of their manifests.
};

struct ArchiveProgress {
  std::string_view what;    // "checking results.tar", ...
  std::uint64_t bytes = 0;  // So far.
  std::uint64_t total = 0;  // 0: not known.
};

// Called now and then. Returns false to stop: what was called returns Cancelled
// then. A stopped export leaves no file behind. What a stopped import has put
// into the store stays there, and a second import completes the first.
using ArchiveProgressFn = std::function<bool(const ArchiveProgress&)>;

}  // namespace ireneo

#endif  // IRENEO_MEMO_ARCHIVE_CONTENTS_H_

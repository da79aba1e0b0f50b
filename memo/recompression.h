#ifndef IRENEO_MEMO_RECOMPRESSION_H_
#define IRENEO_MEMO_RECOMPRESSION_H_

// What MemoStore::Recompress is told and tells: it writes the files of blobs
// anew, under another codec. Use it to make an old store smaller, or what is
// read often raw.
//
// Digests, records and what calls return stay what they are, and others may use
// the store meanwhile. What is stored later is compressed as it would have been
// without. Each blob is done or not, so that a run can be stopped anywhere and
// be made again; it begins with the first blob then. Calls that a batch has yet
// to write are left out.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct RecompressProgress {
  std::int64_t blobs = 0;  // So far.
  std::int64_t total_blobs = 0;
  std::uint64_t bytes = 0;  // Of their payloads.
  std::uint64_t total_bytes = 0;
};

struct RecompressOptions {
  Compression compression = Compression::kDefault;
  // Only the results and kept arguments of functions whose name begins so; the
  // files that they share with others too. Empty: all blobs.
  std::vector<std::string> functions = {};
  // Called after each blob. Returns false to stop.
  std::function<bool(const RecompressProgress&)> progress = nullptr;
};

struct RecompressReport {
  std::int64_t blobs = 0;  // That are files, and were looked at.
  std::int64_t changed = 0;
  std::uint64_t bytes_before = 0;  // Of the files of all these blobs.
  std::uint64_t bytes_after = 0;
  bool complete = true;  // False if `progress` stopped it.

  struct Blob {
    Digest digest;
    std::string why;
  };
  // In use by others all the time, or changed by them: as it was, until the
  // next run.
  std::vector<Blob> skipped = {};
  // Damaged, and set aside; or the file could not be read or written.
  std::vector<Blob> failed = {};
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_RECOMPRESSION_H_

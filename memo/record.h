#ifndef IRENEO_MEMO_RECORD_H_
#define IRENEO_MEMO_RECORD_H_

// What a store knows of a call that it remembers, and of functions and of
// itself as a whole. Plain data, read from the index; thread-compatible.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct ArgumentRecord {
  std::string name;  // Empty if the function was given no argument names.
  std::string type;  // "f64", "eigen<<f8,?,?,F>/1", ...
  Digest digest;
  // True if the value was kept: here, if its bytes are few; else `digest` names
  // a blob of the store. `MemoStore::ArgumentBytes` has both.
  bool kept = false;
  std::optional<std::string> small_value = {};
};

// One remembered call.
struct CallRecord {
  Digest key;
  std::string function;
  std::string version;
  std::vector<std::string> callee_versions;  // MemoizeOptions::callees.
  std::map<std::string, std::string> salts;
  // What of the environment is in the key, as {"simd", "avx2"}.
  std::map<std::string, std::string> environment_in_key;
  std::vector<ArgumentRecord> arguments;
  std::optional<std::uint64_t> seed;
  std::string result_type;
  Digest result;
  std::uint64_t result_size = 0;  // Bytes.
  // The result's bytes, if they are few; else `result` names a blob of the
  // store. `MemoStore::ResultBytes` has both.
  std::optional<std::string> small_result = {};
  absl::Duration elapsed;  // What computing the result took.
  absl::Time created_at;
  absl::Time last_used_at;
  std::int64_t hits = 0;
  // What remembering took beyond that: hashing, looking up and storing when it
  // was computed, and all of the hits.
  absl::Duration spent;
  // Where it was computed, as JSON (memo/environment.h).
  std::string environment;
  // The keys of the memoized calls that its function made, in the order of the
  // first call of each; by its own thread and in the same store.
  std::vector<Digest> callees;
};

// A result that is not the one that was remembered for the same call.
struct ConflictRecord {
  Digest key;
  Digest result;  // The other one, kept as a blob.
  absl::Time first_seen;
  std::int64_t times = 0;
};

// The calls of one function, all versions together.
struct FunctionSummary {
  std::string name;
  std::vector<std::string> versions;  // Those with calls, oldest first.
  std::int64_t calls = 0;
  std::int64_t hits = 0;
  absl::Duration computed;     // Time it took to compute the results.
  absl::Duration saved;        // Time it would have taken to do so per hit.
  absl::Duration spent;        // Time that calls took beyond computing.
  std::uint64_t bytes = 0;     // Of the results, equal ones counted once.
  std::int64_t conflicts = 0;  // Calls that had different results.

  // Whether remembering costs more than it could save: a call spends more on
  // it, on average, than computing takes.
  bool CostsMoreThanComputing() const {
    return calls > 0 && spent * calls > computed * (calls + hits);
  }
};

struct StoreStats {
  std::int64_t functions = 0;
  std::int64_t calls = 0;
  std::int64_t hits = 0;
  std::int64_t blobs = 0;
  std::uint64_t bytes = 0;  // Of all blobs.
  // What they take as they are stored, some of them compressed.
  std::uint64_t bytes_stored = 0;
  // What results and kept arguments would take beyond that if equal ones were
  // not stored once.
  std::uint64_t bytes_deduplicated = 0;
  absl::Duration computed;
  absl::Duration saved;
  absl::Duration spent;
  std::int64_t conflicts = 0;  // Calls that had different results.
  // Calls of this process so far for which the store could not do its part.
  std::int64_t faults = 0;
  std::int64_t pins = 0;
  // Bytes that blobs and index use of the disk, about; those of `max_bytes`.
  // Snapshots of the index, and room in it that is free, come on top.
  std::uint64_t disk = 0;
  // Damaged files that were set aside for people to look at, and their bytes.
  std::int64_t quarantined = 0;
  std::uint64_t quarantined_bytes = 0;
};

// Which calls to list; an empty or absent member selects all.
struct CallFilter {
  std::string function = {};  // A prefix of the name, unless `exact`.
  bool exact = false;
  std::string version = {};
  std::optional<Digest> result = {};        // The result is this blob.
  absl::Time since = absl::InfinitePast();  // Created at or after.
  std::int64_t limit = -1;                  // The newest so many; -1: all.
};

// A name that keeps a call or a blob from being collected.
struct PinRecord {
  std::string name;
  Digest digest;  // A blob, or the key of a call: with all that it refers to.
  absl::Time created_at;
};

// A key or a digest, found by its first digits.
struct PrefixMatch {
  Digest digest;
  bool is_call = false;  // The key of a call; else the digest of a blob.
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_RECORD_H_

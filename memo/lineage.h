#ifndef IRENEO_MEMO_LINEAGE_H_
#define IRENEO_MEMO_LINEAGE_H_

// Where results come from: which remembered calls were made inside of others,
// and which took results of others as arguments. `ireneo graph` draws it.
//
// That a call was made inside of another is on record. That it took a result of
// another is recognised: an argument has the type and the digest of a result
// that was there when the call was computed, or when it was last hit. Of large
// values that is as good as a proof; of small ones, as 0 or true, it may be a
// coincidence. Neither is known of what was forgotten.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo {

// Plain data.
struct LineageNode {
  Digest key;
  // None if another call made this one and it is no longer remembered.
  std::optional<CallRecord> record = {};
};

struct LineageEdge {
  enum class Kind {
    kCall,  // `from` made the call `to`.
    kData,  // The result of `from` is an argument of `to`.
  };

  Kind kind = Kind::kCall;
  std::size_t from = 0;  // Positions in `Lineage::nodes`.
  std::size_t to = 0;
  // Of kData: which argument, from 0; and how many other calls of the same
  // function have that result too. Of these, `from` is the last that was made
  // before `to`.
  std::size_t argument = 0;
  std::int64_t others = 0;
};

struct Lineage {
  std::vector<LineageNode> nodes;  // Oldest first; what was forgotten, last.
  std::vector<LineageEdge> edges;  // By `from`, kind, `to`, `argument`.
};

// The calls that `filter` selects and all that they come from: the calls made
// inside of them and those whose results were their arguments, of these the
// same, and so on. Reads no values. Looks at all calls of the store.
//
// Errors: those of the store.
absl::StatusOr<Lineage> FindLineage(const MemoStore& store,
                                    const CallFilter& filter = {});

// A call whose result is an argument.
struct ArgumentSource {
  Digest key;
  std::string function;
  std::int64_t others = 0;  // As in `LineageEdge`.
};

// The calls whose result argument `i` of `call` is, at most one of each
// function, sorted by its name. Looks at all calls of the store. Errors: those
// of the store.
absl::StatusOr<std::vector<ArgumentSource>> FindArgumentSources(
    const MemoStore& store, const CallRecord& call, std::size_t i);

}  // namespace ireneo

#endif  // IRENEO_MEMO_LINEAGE_H_

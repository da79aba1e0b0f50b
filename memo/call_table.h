#ifndef IRENEO_MEMO_CALL_TABLE_H_
#define IRENEO_MEMO_CALL_TABLE_H_

// Remembered calls as tables for other programs: pandas, R, jq, a spreadsheet.
// A program that looks at the calls of its own function writes them by
// `f.Calls().WriteCsv(stream)` or `WriteJson` (memo/remembered.h); use these
// for calls of several functions, or of types that need codecs:
//
//     absl::StatusOr<std::vector<CallRecord>> calls =
//         store.Calls({.function = "acme."});
//     absl::Status status = WriteCallsCsv(store, *calls, registry, sink);
//
// `registry` shows the values. Both functions are for looking, not for keeping:
// large values are not in the tables.
//
// Errors: DataLoss if a value is damaged or gone, and the table is complete all
// the same; those of the sink.

#include <iosfwd>
#include <span>

#include "absl/status/status.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/sink.h"

namespace ireneo {

class Registry;  // serializers/registry.h

// CSV (RFC 4180) in UTF-8: a header, then a row for each call, in the order
// given. The columns are
//
//     key, function, version, seed, <arguments>, result, seconds, hits, created
//
// where each name that an argument of some call has is one column; calls that
// have no argument of that name leave it empty. Arguments without names are
// argument_1, argument_2, ..., and one that is named like a column above is
// argument_key. `seconds` is what computing took, `created` in RFC 3339, UTC.
//
// Numbers, strings and times are written in full, null as an empty cell, tuples
// and structs as JSON. In the place of an array, a list, a map of other keys
// than strings, of a value of over 4096 bytes, and of one that cannot be shown,
// stand its type, its shape and its digest: "f64[741] xxh3:3c4f...", equal for
// equal values.
absl::Status WriteCallsCsv(const MemoStore& store,
                           std::span<const CallRecord> calls,
                           const Registry& registry, Sink& sink);

// One JSON array with an object for each call on a line of its own: everything
// that is on record, arguments and result with type, digest, bytes, shape and a
// preview, and as `value` in full, as `ExportFormat::kJson` has them, if they
// take at most 4096 bytes, and so have no file of their own; else it is null.
absl::Status WriteCallsJson(const MemoStore& store,
                            std::span<const CallRecord> calls,
                            const Registry& registry, Sink& sink);

namespace internal {

enum class CallTableFormat { kCsv, kJson };

// The same to a stream; by the codecs that are built in unless `registry` is
// given. `store` may be null if there are no calls. Errors also: Unavailable if
// the stream fails.
absl::Status WriteCalls(CallTableFormat format, const MemoStore* store,
                        std::span<const CallRecord* const> calls,
                        const Registry* registry, std::ostream& out);

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_MEMO_CALL_TABLE_H_

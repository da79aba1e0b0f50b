#ifndef IRENEO_MEMO_CALL_VIEW_H_
#define IRENEO_MEMO_CALL_VIEW_H_

// Looks at calls: at a record and at the values that belong to it. For tables
// and tools. Internal to Ireneo.

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boost/json/object.hpp"
#include "boost/json/value.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct CallView {
  CallRecord record;
  std::vector<ValueView> arguments;  // In the order of the record's.
  ValueView result;
};

// Not thread-safe.
class CallViewer {
 public:
  // All must outlive the viewer. `damage` gets a line for each damaged value
  // that it sees.
  CallViewer(const MemoStore& store, const Registry& registry,
             Attention attention, std::vector<std::string>& damage)
      : values_(store, registry, attention), damage_(damage) {}

  CallView Look(CallRecord record);

  // The same part by part.
  ValueView LookAtArgument(const CallRecord& record, std::size_t i);
  ValueView LookAtResult(const CallRecord& record);

  const Registry& registry() const { return values_.registry(); }

 private:
  void Report(const std::string& what, const ValueView& view,
              const CallRecord& record);

  ValueViewer values_;
  std::vector<std::string>& damage_;
  std::set<Digest> reported_;
};

// The first digits of a digest: enough, as a rule, to name it.
std::string ShortHex(const Digest& digest);

// The name of argument `i`, or its number, from "#1", if it has none.
std::string ArgumentName(const CallRecord& record, std::size_t i);

// In UTC, with microseconds: "2026-11-23T01:51:47.260574Z".
std::string Rfc3339(absl::Time time);

// Host and compiler, as an object; as a string if it is not JSON.
boost::json::value EnvironmentToJson(const CallRecord& record);

// The archive that a call was imported from.
struct CallOrigin {
  std::string archive;  // What it was called.
  std::string digest;   // "sha256:…"
};

// None if it was computed here.
std::optional<CallOrigin> OriginOf(const CallRecord& record);

// Everything of the record, and the values as `ToJson` of memo/value_view.h has
// them.
boost::json::object ToJson(const CallView& call, const Registry& registry,
                           bool statistics);

}  // namespace ireneo

#endif  // IRENEO_MEMO_CALL_VIEW_H_

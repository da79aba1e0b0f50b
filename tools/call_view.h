#ifndef IRENEO_TOOLS_CALL_VIEW_H_
#define IRENEO_TOOLS_CALL_VIEW_H_

// Looks at calls: at a record and at the values that belong to it.

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "boost/json/object.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/tools/session.h"
#include "ireneo/tools/value_view.h"

namespace ireneo::tools {

struct CallView {
  CallRecord record;
  std::vector<ValueView> arguments;  // In the order of the record's.
  ValueView result;
};

// Not thread-safe.
class CallViewer {
 public:
  // `session` must outlive the viewer and gets the damage that it sees, once
  // for each blob.
  CallViewer(Session& session, Attention attention)
      : session_(session),
        values_(session.store, session.registry, attention) {}

  CallView Look(CallRecord record);

 private:
  void Report(const std::string& what, const ValueView& view,
              const CallRecord& record);

  Session& session_;
  ValueViewer values_;
  std::set<Digest> reported_;
};

// The first digits of a digest: enough, as a rule, to name it.
std::string ShortHex(const Digest& digest);

// The name of argument `i`, or its number, from "#1", if it has none.
std::string ArgumentName(const CallRecord& record, std::size_t i);

// Host and compiler, as an object; as a string if it is not JSON.
boost::json::value EnvironmentToJson(const CallRecord& record);

boost::json::object ToJson(const CallView& call, bool statistics);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_CALL_VIEW_H_

#include "ireneo/tools/remarks.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

// "a, b, c and 4 more".
std::string Some(const std::vector<std::string>& names, std::size_t count) {
  const std::size_t shown = std::min(names.size(), count);
  std::string text = absl::StrJoin(names.begin(), names.begin() + shown, ", ");
  if (names.size() > shown) {
    absl::StrAppend(&text, " and ", names.size() - shown, " more");
  }
  return text;
}

}  // namespace

absl::StatusOr<Remarks> FindRemarks(
    const MemoStore& store, const std::vector<FunctionSummary>& functions) {
  Remarks remarks;
  for (const FunctionSummary& function : functions) {
    if (function.CostsMoreThanComputing()) {
      remarks.costly.push_back(function.name);
    }
    if (function.conflicts == 0) continue;
    Nondeterministic found{.function = function.name, .keys = {}};
    IRENEO_ASSIGN_OR_RETURN(
        const std::vector<CallRecord> calls,
        store.Calls({.function = function.name, .exact = true}));
    for (const CallRecord& call : calls) {
      IRENEO_ASSIGN_OR_RETURN(const std::vector<ConflictRecord> conflicts,
                              store.Conflicts(call.key));
      if (!conflicts.empty()) found.keys.push_back(call.key);
    }
    remarks.nondeterministic.push_back(std::move(found));
  }
  return remarks;
}

void AddRemarks(const Remarks& remarks, Sheet& sheet) {
  constexpr std::size_t kKeys = 3;
  constexpr std::size_t kNames = 8;
  for (const Nondeterministic& found : remarks.nondeterministic) {
    std::vector<std::string> keys;
    for (const Digest& key : found.keys) keys.push_back(ShortHex(key));
    sheet.Add("remark",
              absl::StrCat(
                  Count(static_cast<std::int64_t>(keys.size()), "call"), " of ",
                  found.function, " had different results: see ireneo show ",
                  Some(keys, kKeys),
                  "; if it draws random numbers call it as Seeded(seed), and "
                  "make what else it depends on an argument or a salt"));
  }
  if (!remarks.costly.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : remarks.costly) {
      names.push_back(Escape(name));
    }
    sheet.Add("remark",
              absl::StrCat("remembering costs more than computing: ",
                           Some(names, kNames),
                           "; raise min_compute_time, or memoize what calls "
                           "them instead"));
  }
}

}  // namespace ireneo::tools

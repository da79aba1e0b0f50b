// `ireneo stats`

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/remarks.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::value ToJson(const StoreStats& stats, const Remarks& remarks) {
  json::array nondeterministic;
  for (const Nondeterministic& found : remarks.nondeterministic) {
    json::array keys;
    for (const Digest& key : found.keys)
      keys.push_back(json::string(key.ToString()));
    nondeterministic.push_back(
        json::object{{"function", found.function}, {"keys", std::move(keys)}});
  }
  return json::object{
      {"functions", stats.functions},
      {"calls", stats.calls},
      {"hits", stats.hits},
      {"blobs", stats.blobs},
      {"bytes", stats.bytes},
      {"deduplicated_bytes", stats.bytes_deduplicated},
      {"stored_bytes", stats.bytes_stored},
      {"disk_bytes", stats.disk},
      {"computed_seconds", absl::ToDoubleSeconds(stats.computed)},
      {"saved_seconds", absl::ToDoubleSeconds(stats.saved)},
      {"spent_seconds", absl::ToDoubleSeconds(stats.spent)},
      {"conflicts", stats.conflicts},
      {"pins", stats.pins},
      {"quarantined_files", stats.quarantined},
      {"quarantined_bytes", stats.quarantined_bytes},
      {"nondeterministic", std::move(nondeterministic)},
      {"costly_functions",
       json::array(remarks.costly.begin(), remarks.costly.end())}};
}

std::string ToText(const StoreStats& stats, const Remarks& remarks,
                   std::size_t width) {
  Sheet sheet;
  sheet.Add("functions", absl::StrCat(stats.functions));
  sheet.Add("calls", absl::StrCat(stats.calls));
  sheet.Add("hits", absl::StrCat(stats.hits));
  sheet.Add("blobs", absl::StrCat(stats.blobs));
  sheet.Add("bytes", HumanBytes(stats.bytes));
  sheet.Add("deduplicated", absl::StrCat(HumanBytes(stats.bytes_deduplicated),
                                         " saved by storing equal values "
                                         "once"));
  if (stats.bytes_stored < stats.bytes) {
    sheet.Add("compressed",
              absl::StrCat(HumanBytes(stats.bytes - stats.bytes_stored),
                           " saved by compressing"));
  }
  sheet.Add("disk",
            absl::StrCat(HumanBytes(stats.disk), " used by blobs and index"));
  sheet.Add("computing", HumanDuration(stats.computed));
  sheet.Add("saved",
            absl::StrCat(HumanDuration(stats.saved), " of computing, by hits"));
  sheet.Add("spent",
            absl::StrCat(HumanDuration(stats.spent), " on remembering"));
  if (stats.conflicts > 0) {
    sheet.Add("conflicts", absl::StrCat(Count(stats.conflicts, "call"),
                                        " had different results"));
  }
  if (stats.pins > 0) {
    sheet.Add("pins", absl::StrCat(stats.pins, ", see ireneo pin"));
  }
  if (stats.quarantined > 0) {
    sheet.Add("quarantine",
              absl::StrCat(Count(stats.quarantined, "damaged file"), " of ",
                           HumanBytes(stats.quarantined_bytes),
                           " for you to look at"));
  }
  AddRemarks(remarks, sheet);
  return sheet.ToString(width);
}

absl::Status Run(Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const StoreStats stats, session.store.Stats());
  IRENEO_ASSIGN_OR_RETURN(const std::vector<FunctionSummary> functions,
                          session.store.Functions());
  IRENEO_ASSIGN_OR_RETURN(const Remarks remarks,
                          FindRemarks(session.store, functions));
  session.out.Write(session.json ? ToJsonText(ToJson(stats, remarks))
                                 : ToText(stats, remarks, session.out.width()));
  return absl::OkStatus();
}

}  // namespace

void AddStatsCommand(CLI::App& app, Command& command) {
  app.add_subcommand("stats",
                     "Sum the store up: calls, bytes, time saved and spent.")
      ->footer("Example: ireneo stats --json | jq .saved_seconds")
      ->callback([&command] { command.run = Run; });
}

}  // namespace ireneo::tools

// `ireneo stats`

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/object.hpp"
#include "ireneo/memo/record.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::value ToJson(const StoreStats& stats) {
  return json::object{
      {"functions", stats.functions},
      {"calls", stats.calls},
      {"hits", stats.hits},
      {"blobs", stats.blobs},
      {"bytes", stats.bytes},
      {"deduplicated_bytes", stats.bytes_deduplicated},
      {"computed_seconds", absl::ToDoubleSeconds(stats.computed)},
      {"saved_seconds", absl::ToDoubleSeconds(stats.saved)}};
}

std::string ToText(const StoreStats& stats, std::size_t width) {
  Sheet sheet;
  sheet.Add("functions", absl::StrCat(stats.functions));
  sheet.Add("calls", absl::StrCat(stats.calls));
  sheet.Add("hits", absl::StrCat(stats.hits));
  sheet.Add("blobs", absl::StrCat(stats.blobs));
  sheet.Add("bytes", HumanBytes(stats.bytes));
  sheet.Add("deduplicated", absl::StrCat(HumanBytes(stats.bytes_deduplicated),
                                         " saved by storing equal values "
                                         "once"));
  sheet.Add("computing", HumanDuration(stats.computed));
  sheet.Add("saved",
            absl::StrCat(HumanDuration(stats.saved), " of computing, by hits"));
  return sheet.ToString(width);
}

absl::Status Run(Session& session) {
  const absl::StatusOr<StoreStats> stats = session.store.Stats();
  if (!stats.ok()) return stats.status();
  session.out.Write(session.json ? ToJsonText(ToJson(*stats))
                                 : ToText(*stats, session.out.width()));
  return absl::OkStatus();
}

}  // namespace

void AddStatsCommand(CLI::App& app, Command& command) {
  app.add_subcommand("stats", "Sum the store up: calls, bytes, time saved.")
      ->footer("Example: ireneo stats --json | jq .saved_seconds")
      ->callback([&command] { command = Run; });
}

}  // namespace ireneo::tools

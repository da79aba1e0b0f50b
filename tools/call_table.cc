#include "ireneo/tools/call_table.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/table.h"
#include "ireneo/tools/value_label.h"

namespace ireneo::tools {
namespace {

// In what the listed calls of a function differ.
struct Differences {
  std::vector<bool> arguments;  // By position.
  bool version = false;
};

std::map<std::string, Differences> FindDifferences(
    const std::vector<CallRecord>& records) {
  std::map<std::string, const CallRecord*> first;
  std::map<std::string, Differences> differences;
  for (const CallRecord& record : records) {
    const CallRecord& other =
        *first.emplace(record.function, &record).first->second;
    Differences& differ = differences[record.function];
    differ.arguments.resize(
        std::max(differ.arguments.size(), record.arguments.size()));
    for (std::size_t i = 0; i < record.arguments.size(); ++i) {
      if (i >= other.arguments.size() ||
          record.arguments[i].digest != other.arguments[i].digest) {
        differ.arguments[i] = true;
      }
    }
    if (record.version != other.version) differ.version = true;
  }
  return differences;
}

std::string ArgumentsLabel(const CallView& call, const Differences& differ) {
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const std::string& name = call.record.arguments[i].name;
    const std::string value = ValueLabel(call.arguments[i]);
    if (name.empty()) {
      first.push_back(value);
    } else {
      (differ.arguments[i] ? first : second)
          .push_back(absl::StrCat(name, "=", value));
    }
  }
  first.insert(first.end(), second.begin(), second.end());
  return absl::StrJoin(first, " ");
}

}  // namespace

std::string CallTable(std::vector<CallRecord> records, CallViewer& viewer,
                      const CallTableOptions& options) {
  const std::map<std::string, Differences> differences =
      FindDifferences(records);
  const bool version_column =
      std::any_of(differences.begin(), differences.end(),
                  [](const auto& entry) { return entry.second.version; });
  const bool seed_column = std::any_of(
      records.begin(), records.end(),
      [](const CallRecord& record) { return record.seed.has_value(); });

  std::vector<Table::Column> columns = {{.header = "key"}};
  if (options.function_column) {
    columns.push_back(
        {.header = "function", .flexible = true, .keep_end = true});
  }
  if (version_column) {
    columns.push_back({.header = "version", .flexible = true});
  }
  if (seed_column) columns.push_back({.header = "seed", .right = true});
  columns.insert(columns.end(), {{.header = "arguments", .flexible = true},
                                 {.header = "result", .flexible = true},
                                 {.header = "time", .right = true},
                                 {.header = "hits", .right = true},
                                 {.header = "last use", .right = true}});
  Table table(std::move(columns));
  const absl::Time now = absl::Now();
  for (CallRecord& looked_at : records) {
    const CallView call = viewer.Look(std::move(looked_at));
    const CallRecord& record = call.record;
    std::vector<std::string> cells = {ShortHex(record.key)};
    if (options.function_column) cells.push_back(record.function);
    if (version_column) cells.push_back(record.version);
    if (seed_column) {
      cells.push_back(record.seed.has_value() ? absl::StrCat(*record.seed)
                                              : "");
    }
    cells.insert(
        cells.end(),
        {ArgumentsLabel(call, differences.at(record.function)),
         ResultLabel(call.result), HumanDuration(record.elapsed),
         absl::StrCat(record.hits), HumanAge(now - record.last_used_at)});
    table.Add(std::move(cells));
  }
  return table.ToString(options.max_width);
}

}  // namespace ireneo::tools

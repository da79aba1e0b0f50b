// `ireneo calls`

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/call_table.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/sink.h"
#include "ireneo/tools/call_table.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/output.h"
#include "ireneo/tools/since.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

constexpr std::int64_t kDefaultLimit = 50;

struct CallsOptions {
  std::string function;
  std::string since;
  std::string version;
  std::string sort = "newest";
  std::optional<std::int64_t> limit;  // 0: all.
  bool csv = false;
};

bool HasSmallerKey(const CallRecord& a, const CallRecord& b) {
  return a.key < b.key;
}

// "newest" is the order in which records come.
struct Order {
  const char* name;
  bool (*before)(const CallRecord& a, const CallRecord& b);
};
constexpr Order kOrders[] = {
    {"newest", nullptr},
    {"time", [](const CallRecord& a,
                const CallRecord& b) { return a.elapsed > b.elapsed; }},
    {"hits",
     [](const CallRecord& a, const CallRecord& b) { return a.hits > b.hits; }},
    {"last-use",
     [](const CallRecord& a, const CallRecord& b) {
       return a.last_used_at > b.last_used_at;
     }},
    {"key", HasSmallerKey},
};

void Sort(const std::string& name, std::vector<CallRecord>& records) {
  const auto order =
      std::find_if(std::begin(kOrders), std::end(kOrders),
                   [&](const Order& order) { return name == order.name; });
  if (order == std::end(kOrders) || order->before == nullptr) return;
  std::stable_sort(records.begin(), records.end(), order->before);
}

// One by one, so that not all of them are in memory as JSON.
void WriteJson(std::vector<CallRecord> records, CallViewer& viewer,
               Output& out) {
  if (records.empty()) return out.Write("[]\n");
  bool first = true;
  for (CallRecord& record : records) {
    out.Write(ToJsonElement(ToJson(viewer.Look(std::move(record)),
                                   viewer.registry(), /*statistics=*/false),
                            first));
    first = false;
  }
  out.Write("\n]\n");
}

absl::Status WriteCsv(const std::vector<CallRecord>& records,
                      Session& session) {
  if (!session.out.is_terminal()) {
    OutputSink sink(session.out);
    return WriteCallsCsv(session.store, records, session.registry, sink);
  }
  std::string text;
  StringSink sink(text);
  absl::Status status =
      WriteCallsCsv(session.store, records, session.registry, sink);
  session.out.Write(EscapeLines(text));
  return status;
}

absl::Status Run(const CallsOptions& options, Session& session) {
  CallFilter filter = {.function = options.function,
                       .version = options.version};
  if (!options.since.empty()) {
    const absl::StatusOr<absl::Time> since =
        ParseSince(options.since, absl::Now());
    if (!since.ok()) return since.status();
    filter.since = *since;
  }
  absl::StatusOr<std::vector<CallRecord>> records = session.store.Calls(filter);
  if (!records.ok()) return records.status();
  Sort(options.sort, *records);
  const bool of_one_function =
      !options.function.empty() &&
      std::all_of(records->begin(), records->end(),
                  [&](const CallRecord& record) {
                    return record.function == records->front().function;
                  });

  const std::size_t limit = static_cast<std::size_t>(
      options.limit.value_or(session.json || options.csv ? 0 : kDefaultLimit));
  std::size_t left_out = 0;
  if (limit > 0 && records->size() > limit) {
    left_out = records->size() - limit;
    records->resize(limit);
  }

  if (options.csv) return WriteCsv(*records, session);
  CallViewer viewer(session.store, session.registry, Attention::kGlance,
                    session.damage);
  if (session.json) {
    WriteJson(*std::move(records), viewer, session.out);
    return absl::OkStatus();
  }
  if (records->empty()) {
    session.out.Write("no such calls are remembered\n");
    return absl::OkStatus();
  }
  session.out.Write(CallTable(
      *std::move(records), viewer,
      {.function_column = !of_one_function, .max_width = session.out.width()}));
  if (left_out > 0) {
    session.out.Write(
        absl::StrCat(Count(left_out, "more call"), "; --limit 0 lists all\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddCallsCommand(CLI::App& app, Command& command) {
  CLI::App* const calls =
      app.add_subcommand("calls", "List remembered calls, newest first.");
  const auto options = std::make_shared<CallsOptions>();
  calls
      ->add_option("FUNCTION", options->function,
                   "only of functions whose names start so")
      ->type_name("");
  calls
      ->add_option("--since", options->since,
                   "only those computed since then: 2026-11-23, 90d, 12h")
      ->type_name("TIME")
      ->check(
          [](const std::string& text) {
            return absl::StrCat(
                ParseSince(text, absl::Now()).status().message());
          },
          "");
  calls->add_option("--version", options->version, "only of that version")
      ->type_name("TEXT");
  calls
      ->add_option("--limit", options->limit,
                   absl::StrCat("so many, 0: all; ", kDefaultLimit,
                                " if not given, all with --json and --csv"))
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""));
  std::vector<std::string> orders;
  for (const Order& order : kOrders) orders.emplace_back(order.name);
  calls
      ->add_option("--sort", options->sort,
                   "newest, time, hits, last-use or key first")
      ->type_name("ORDER")
      ->check(CLI::IsMember(orders).description(""));
  calls->add_flag("--csv", options->csv,
                  "a row for each call, for other programs");
  calls->footer(
      "A line shows the key, the arguments (those that differ between calls "
      "of a\nfunction first), the result, the time to compute it, hits and "
      "last use.\n\n--csv has a header and the columns key, function, version, "
      "seed, one for each\nargument, result, seconds, hits and created. "
      "Numbers, strings and structs are in\nfull; of arrays and of what is "
      "large there are type, shape and digest.\n\nExample: ireneo calls "
      "acme.Solve --since 7d --sort time");
  calls->callback([&app, &command, options] {
    if (options->csv && app.count("--json") > 0) {
      throw CLI::ExcludesError("--csv", "--json");
    }
    command.run = [options](Session& session) {
      return Run(*options, session);
    };
  });
}

}  // namespace ireneo::tools

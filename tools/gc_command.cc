// `ireneo gc`

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/byte_count.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/progress.h"
#include "ireneo/tools/since.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::value ToJson(const CollectReport& report, bool dry_run) {
  json::array functions;
  for (const CollectReport::Function& function : report.functions) {
    functions.push_back(json::object{{"name", function.name},
                                     {"calls", function.calls},
                                     {"kept", function.kept},
                                     {"bytes", function.bytes}});
  }
  return json::object{{"dry_run", dry_run},
                      {"calls", report.calls},
                      {"blobs", report.blobs},
                      {"bytes", report.bytes},
                      {"disk_bytes_before", report.bytes_before},
                      {"disk_bytes_after", report.bytes_after},
                      {"limit_reached", report.limit_reached},
                      {"spared", report.spared},
                      {"waiting", report.waiting},
                      {"waiting_disk_bytes", report.waiting_bytes},
                      {"left_over_files", report.left_over_files},
                      {"left_over_bytes", report.left_over_bytes},
                      {"quarantine_bytes", report.quarantine_bytes},
                      {"functions", std::move(functions)}};
}

std::string ToText(const CollectReport& report, bool dry_run,
                   std::size_t width) {
  std::string text;
  if (!report.functions.empty()) {
    Table table({{.header = "function", .flexible = true, .keep_end = true},
                 {.header = dry_run ? "would go" : "gone", .right = true},
                 {.header = "kept", .right = true},
                 {.header = "bytes", .right = true}});
    for (const CollectReport::Function& function : report.functions) {
      table.Add({function.name, absl::StrCat(function.calls),
                 absl::StrCat(function.kept), HumanBytes(function.bytes)});
    }
    text = table.ToString(width) + "\n";
  }
  Sheet sheet;
  sheet.Add(dry_run ? "would go" : "gone",
            absl::StrCat(Count(report.calls, "call"), " and ",
                         Count(report.blobs, "blob"), " of ",
                         HumanBytes(report.bytes)));
  sheet.Add("disk", absl::StrCat(HumanBytes(report.bytes_before), " before, ",
                                 dry_run ? "about " : "",
                                 HumanBytes(report.bytes_after), " after"));
  if (report.spared > 0) {
    sheet.Add("spared", absl::StrCat(Count(report.spared, "blob"),
                                     " in use by others meanwhile"));
  }
  if (report.waiting > 0) {
    sheet.Add("waiting",
              absl::StrCat(Count(report.waiting, "blob"), " of ",
                           HumanBytes(report.waiting_bytes),
                           " that nothing uses, put a short while ago"));
  }
  if (!report.limit_reached) {
    sheet.Add("limit", "not reached: what is pinned stays, and the index");
  }
  if (report.left_over_files > 0) {
    sheet.Add("left over",
              absl::StrCat(Count(report.left_over_files, "file"), " of ",
                           HumanBytes(report.left_over_bytes),
                           ", of processes that were killed"));
  }
  if (report.quarantine_bytes > 0) {
    sheet.Add("quarantine", absl::StrCat(HumanBytes(report.quarantine_bytes),
                                         " of damaged files stay for you to "
                                         "look at"));
  }
  return text + sheet.ToString(width);
}

absl::Status Run(CollectOptions options, Session& session) {
  if (!options.function.empty()) {
    // A name that is mistyped would look like success.
    IRENEO_ASSIGN_OR_RETURN(
        const std::vector<CallRecord> calls,
        session.store.Calls({.function = options.function, .limit = 1}));
    if (calls.empty()) {
      return absl::NotFoundError(
          absl::StrCat("no call of a function whose name begins with '",
                       options.function, "'"));
    }
  }
  absl::StatusOr<CollectReport> report;
  {
    std::string_view shown;
    std::optional<Progress> progress;
    options.progress = [&](const CollectProgress& now) {
      if (now.what != shown) {
        shown = now.what;
        progress.emplace(std::string(shown), Progress::Unit::kCount);
      }
      progress->Show(now.done, now.total);
    };
    report = session.store.Collect(options);
  }
  if (!report.ok()) return report.status();
  session.out.Write(
      session.json ? ToJsonText(ToJson(*report, options.dry_run))
                   : ToText(*report, options.dry_run, session.out.width()));
  if (!report->snapshot.ok()) {
    session.damage.push_back(absl::StrCat("no snapshot of the index was made: ",
                                          report->snapshot.message()));
  }
  return absl::OkStatus();
}

// A check for CLI11 that parses into `value`.
template <typename T, typename U>
auto Into(absl::StatusOr<T> (*parse)(const std::string&), U& value) {
  return [parse, &value](const std::string& text) {
    const absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) return std::string(parsed.status().message());
    value = *parsed;
    return std::string();
  };
}

}  // namespace

void AddGcCommand(CLI::App& app, Command& command) {
  CLI::App* const gc = app.add_subcommand(
      "gc", "Forget calls by size or age, remove what nothing uses.");
  struct Arguments {
    CollectOptions options;
    std::string max_size;
    std::string max_age;
    std::string order;
    std::string grace;
  };
  const auto arguments = std::make_shared<Arguments>();
  CollectOptions& options = arguments->options;
  gc->add_option("--max-size", arguments->max_size,
                 "until blobs and index use at most so much disk: 10G, 500M")
      ->type_name("SIZE")
      ->check(Into(ParseByteCount, options.max_bytes), "");
  gc->add_option("--max-age", arguments->max_age,
                 "calls not used for so long: 90d, 12h")
      ->type_name("AGE")
      ->check(Into(ParseAge, options.max_age), "");
  gc->add_option("--keep-versions", options.keep_versions,
                 "all but the N versions of a function called last")
      ->type_name("N")
      ->check(
          [](const std::string& text) {
            return !text.empty() && text[0] >= '1' && text[0] <= '9'
                       ? std::string()
                       : absl::StrCat("'", text,
                                      "' is no number of versions to keep");
          },
          "");
  gc->add_option("--function", options.function,
                 "only calls of functions whose name starts so")
      ->type_name("NAME");
  CLI::Option* const max_size = gc->get_option("--max-size");
  gc->add_option("--order", arguments->order,
                 "what goes first for --max-size: lru, not used for longest;\n"
                 "or cost, the least work per byte")
      ->type_name("ORDER")
      ->needs(max_size)
      ->check(
          [&options](const std::string& name) {
            options.order = name == "cost" ? CollectBy::kLeastSecondsPerByte
                                           : CollectBy::kLeastRecentlyUsed;
            return name == "cost" || name == "lru"
                       ? std::string()
                       : absl::StrCat("'", name, "' is none of lru, cost");
          },
          "");
  gc->add_option("--grace", arguments->grace,
                 "how long blobs stay that nothing uses; else 1h")
      ->type_name("AGE")
      ->check(Into(ParseAge, options.grace), "");
  gc->add_flag("--dry-run", options.dry_run, "only say what would go");
  gc->footer(
      "A call goes if one of the options says so; without any, only blobs go "
      "that\nnothing uses. What is pinned stays, see ireneo pin.\n\n"
      "Example: ireneo gc --max-size 10G --max-age 90d --dry-run");
  gc->callback([&command, arguments] {
    command.run = [arguments](Session& session) {
      return Run(arguments->options, session);
    };
  });
}

}  // namespace ireneo::tools

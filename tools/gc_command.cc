// `ireneo gc`

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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
#include "ireneo/tools/since.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

// One line on a terminal that shows how far it is.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }

  void Show(const CollectProgress& progress) {
    if (absl::Now() < next_) return;
    next_ = absl::Now() + absl::Milliseconds(100);
    shown_ = true;
    std::string line(progress.what);
    if (progress.total > 0) {
      absl::StrAppend(&line, " ", progress.done * 100 / progress.total, " %");
    }
    std::fputs(absl::StrCat("\r", line, "\x1b[K").c_str(), stderr);
  }

 private:
  bool shown_ = false;
  absl::Time next_ = absl::Now() + absl::Milliseconds(300);
};

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
                      {"spared", report.spared},
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
  absl::StatusOr<CollectReport> report;
  {
    Progress progress;
    if (::isatty(STDERR_FILENO) == 1) {
      options.progress = [&progress](const CollectProgress& now) {
        progress.Show(now);
      };
    }
    report = session.store.Collect(options);
  }
  if (!report.ok()) return report.status();
  session.out.Write(
      session.json ? ToJsonText(ToJson(*report, options.dry_run))
                   : ToText(*report, options.dry_run, session.out.width()));
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
    std::string grace;
  };
  const auto arguments = std::make_shared<Arguments>();
  CollectOptions& options = arguments->options;
  gc->add_option("--max-size", arguments->max_size,
                 "until the store takes at most so much disk: 10G, 500M")
      ->type_name("SIZE")
      ->check(Into(ParseByteCount, options.max_bytes), "");
  gc->add_option("--max-age", arguments->max_age,
                 "calls not used for so long: 90d, 12h")
      ->type_name("AGE")
      ->check(Into(ParseAge, options.max_age), "");
  gc->add_option("--keep-versions", options.keep_versions,
                 "all but the N versions of a function called last")
      ->type_name("N")
      ->check(CLI::PositiveNumber, "");
  gc->add_option("--function", options.function,
                 "only calls of functions whose name starts so")
      ->type_name("NAME");
  gc->add_option("--order", options.order,
                 "what goes first for --max-size: lru, the least recently "
                 "used; cost, the least seconds of work per byte")
      ->type_name("ORDER")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, CollectBy>{
              {"lru", CollectBy::kLeastRecentlyUsed},
              {"cost", CollectBy::kLeastSecondsPerByte}},
          CLI::ignore_case));
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
    command = [arguments](Session& session) {
      return Run(arguments->options, session);
    };
  });
}

}  // namespace ireneo::tools

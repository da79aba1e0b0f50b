// `ireneo export`

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/archive_view.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/interrupt.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/since.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

constexpr char kStandardOutput[] = "-";

struct Arguments {
  std::string file;
  std::vector<std::string> keys;  // As they were typed.
  std::vector<std::string> as_of;
  std::string since;
  bool no_arguments = false;
  ExportOptions options;
};

json::value ToJson(const ExportReport& report, const Arguments& arguments) {
  json::object object = {
      {"file", arguments.file},
      {"digest", report.digest},
      {"bytes", report.bytes},
      {"signed_by", report.signed_by.empty() ? json::value()
                                             : json::value(report.signed_by)}};
  for (auto& [name, value] : ContentsToJson(report.contents)) {
    object[name] = std::move(value);
  }
  json::array lost;
  for (const Digest& key : report.lost) {
    lost.push_back(json::string(key.ToString()));
  }
  object["lost"] = std::move(lost);
  return object;
}

std::string ToText(const ExportReport& report, const Arguments& arguments,
                   std::size_t width) {
  const std::string functions = FunctionTable(report.contents, width);
  Sheet sheet;
  sheet.Add("archive",
            absl::StrCat(arguments.file, ", ", HumanBytes(report.bytes)));
  sheet.Add("digest", report.digest);
  sheet.Add("calls",
            absl::StrCat(report.contents.calls,
                         report.contents.as_of.empty()
                             ? ""
                             : ", beside those that are known already"));
  sheet.Add("blobs", absl::StrCat(report.contents.blobs, " of ",
                                  HumanBytes(report.contents.blob_bytes)));
  for (const std::string& archive : report.contents.as_of) {
    sheet.Add("as of", archive);
  }
  if (!report.signed_by.empty()) sheet.Add("signed by", report.signed_by);
  return absl::StrCat(functions, functions.empty() ? "" : "\n",
                      sheet.ToString(width));
}

// A name that is mistyped would look like success.
absl::Status CheckNames(const ExportOptions& options, const Session& session) {
  std::vector<std::string> functions = options.functions;
  const std::string& version = options.calls.version;
  if (functions.empty() && !version.empty()) functions.emplace_back();
  for (const std::string& function : functions) {
    IRENEO_ASSIGN_OR_RETURN(
        const std::vector<CallRecord> calls,
        session.store.Calls(
            {.function = function, .version = version, .limit = 1}));
    if (!calls.empty()) continue;
    return absl::NotFoundError(absl::StrCat(
        "no call of a function",
        function.empty() ? "" : " whose name begins with '", function,
        function.empty() ? "" : "'",
        version.empty() ? "" : absl::StrCat(" in version '", version, "'"),
        ": see ireneo functions"));
  }
  return absl::OkStatus();
}

// Whether an error is not the store's but that of a file of the command line.
bool IsOfAFile(const absl::Status& status, const Arguments& arguments) {
  std::vector<std::string> files = arguments.as_of;
  files.push_back(arguments.options.sign_key.native());
  files.push_back(arguments.file == kStandardOutput ? "cannot write the archive"
                                                    : arguments.file);
  for (const std::string& file : files) {
    if (!file.empty() && absl::StrContains(status.message(), file)) return true;
  }
  return false;
}

absl::Status Run(Arguments arguments, Session& session) {
  ExportOptions& options = arguments.options;
  const bool piped = arguments.file == kStandardOutput;
  if (piped && session.out.is_terminal()) {
    session.damage.emplace_back(
        "an archive is binary and standard output is a terminal: name a file, "
        "or write to a pipe");
    return absl::OkStatus();
  }
  if (!arguments.since.empty()) {
    IRENEO_ASSIGN_OR_RETURN(options.calls.since,
                            ParseSince(arguments.since, absl::Now()));
  }
  if (arguments.as_of.empty()) {
    IRENEO_RETURN_IF_ERROR(CheckNames(options, session));
  }
  for (const std::string& key : arguments.keys) {
    IRENEO_ASSIGN_OR_RETURN(const CallRecord call,
                            ResolveCall(session.store, key));
    options.keys.push_back(call.key);
  }
  options.as_of.assign(arguments.as_of.begin(), arguments.as_of.end());
  options.arguments = !arguments.no_arguments;

  const Interrupt interrupt;
  absl::StatusOr<ExportReport> report;
  {
    ArchiveProgressLine line(piped ? "" : arguments.file);
    options.progress = [&](const ArchiveProgress& now) {
      line.Show(now);
      return !interrupt.requested();
    };
    report = piped ? ExportArchive(session.store, STDOUT_FILENO, options)
                   : ExportArchive(session.store, arguments.file, options);
  }
  // A reader that was interrupted too, and whom nothing can be written to, is
  // the same.
  if (!report.ok() && interrupt.requested()) {
    session.damage.push_back(absl::StrCat(
        "interrupted: ", piped ? "the archive is not complete"
                               : arguments.file + " was not written"));
    return absl::OkStatus();
  }
  if (!report.ok() && IsOfAFile(report.status(), arguments)) {
    session.damage.emplace_back(report.status().message());
    return absl::OkStatus();
  }
  IRENEO_RETURN_IF_ERROR(report.status());
  if (!piped) {
    session.out.Write(session.json
                          ? ToJsonText(ToJson(*report, arguments))
                          : ToText(*report, arguments, session.out.width()));
  }
  for (const Digest& key : report->lost) {
    session.damage.push_back(absl::StrCat(
        "call ", key.ToString(),
        " was left out, as its result is lost: ireneo verify --repair drops "
        "it, and the next call computes it anew"));
  }
  return absl::OkStatus();
}

std::string CheckNotEmpty(const std::string& path) {
  return path.empty() ? "the path is empty" : "";
}

}  // namespace

void AddExportCommand(CLI::App& app, Command& command) {
  CLI::App* const export_ = app.add_subcommand(
      "export", "Write calls with all they refer to into one file.");
  const auto arguments = std::make_shared<Arguments>();
  ExportOptions& options = arguments->options;
  export_
      ->add_option("FILE", arguments->file, "the archive; - is standard output")
      ->type_name("")
      ->required()
      ->check(CheckNotEmpty, "");
  export_
      ->add_option("FUNCTION", options.functions,
                   "only calls of functions whose name starts so; else all")
      ->type_name("...")
      ->check(
          [](const std::string& name) {
            return name.empty() ? "the name of the function is empty" : "";
          },
          "");
  export_
      ->add_option("--version", options.calls.version, "only of that version")
      ->type_name("TEXT");
  export_
      ->add_option("--since", arguments->since,
                   "only those computed since then: 2026-11-23, 90d, 12h")
      ->type_name("TIME")
      ->check(
          [](const std::string& text) {
            return absl::StrCat(
                ParseSince(text, absl::Now()).status().message());
          },
          "");
  export_
      ->add_option("--key", arguments->keys,
                   "only the call whose key starts so; may be repeated")
      ->type_name("KEY")
      ->allow_extra_args(false)
      ->check(CheckPrefix, "");
  export_->add_flag("--lineage", options.lineage,
                    "also the calls that these made, and so on");
  export_->add_flag("--no-arguments", arguments->no_arguments,
                    "without the arguments that were kept");
  export_
      ->add_option("--as-of", arguments->as_of,
                   "without what that archive has; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->check(CheckNotEmpty, "");
  export_
      ->add_option("--sign", options.sign_key,
                   "with that private key, of openssl genpkey -algorithm\n"
                   "ed25519")
      ->type_name("KEYFILE")
      ->check(CheckNotEmpty, "");
  export_->footer(
      "The file is there when it is complete, in place of what was there. Who "
      "imports\nit has its calls as hits; arguments and results are in it for "
      "all to read.\n\n"
      "Example: ireneo export spectra.tar acme.Spectrum --since 30d");
  export_->callback([&app, &command, arguments] {
    if (arguments->file == kStandardOutput && app.count("--json") > 0) {
      throw CLI::ValidationError(
          "--json", "standard output cannot take the archive as well");
    }
    command.run = [arguments](Session& session) {
      return Run(*arguments, session);
    };
  });
}

}  // namespace ireneo::tools

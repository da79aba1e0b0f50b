// `ireneo recompress`

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/recompression.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/interrupt.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/progress.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

json::array ToJson(const std::vector<RecompressReport::Blob>& blobs) {
  json::array array;
  for (const RecompressReport::Blob& blob : blobs) {
    array.push_back(
        json::object{{"digest", json::string(blob.digest.ToString())},
                     {"why", json::string(blob.why)}});
  }
  return array;
}

json::value ToJson(const RecompressReport& report) {
  return json::object{{"blobs", report.blobs},
                      {"changed", report.changed},
                      {"bytes_before", report.bytes_before},
                      {"bytes_after", report.bytes_after},
                      {"complete", report.complete},
                      {"failed", ToJson(report.failed)},
                      {"skipped", ToJson(report.skipped)}};
}

std::string ToText(const RecompressReport& report, std::size_t width) {
  Sheet sheet;
  sheet.Add("files", absl::StrCat(report.blobs));
  sheet.Add("changed", absl::StrCat(report.changed));
  sheet.Add("bytes", absl::StrCat(HumanBytes(report.bytes_before), " before, ",
                                  HumanBytes(report.bytes_after), " after"));
  if (!report.skipped.empty()) {
    sheet.Add("skipped", absl::StrCat(report.skipped.size(),
                                      ", in use by others meanwhile"));
  }
  if (!report.failed.empty()) {
    sheet.Add("failed", absl::StrCat(report.failed.size()));
  }
  return sheet.ToString(width);
}

absl::Status Run(RecompressOptions options, Session& session) {
  // A name that is mistyped would look like success.
  for (const std::string& function : options.functions) {
    IRENEO_ASSIGN_OR_RETURN(
        const std::vector<CallRecord> calls,
        session.store.Calls({.function = function, .limit = 1}));
    if (calls.empty()) {
      return absl::NotFoundError(
          absl::StrCat("no call of a function whose name begins with '",
                       function, "': see ireneo functions"));
    }
  }
  const Interrupt interrupt;
  RecompressReport report;
  {
    Progress progress("recompressing", Progress::Unit::kBytes);
    options.progress = [&](const RecompressProgress& state) {
      progress.Show(state.bytes, state.total_bytes);
      return !interrupt.requested();
    };
    IRENEO_ASSIGN_OR_RETURN(report, session.store.Recompress(options));
  }
  session.out.Write(session.json ? ToJsonText(ToJson(report))
                                 : ToText(report, session.out.width()));
  for (const RecompressReport::Blob& blob : report.failed) {
    session.damage.push_back(blob.why);
  }
  if (!report.complete) {
    session.damage.push_back(
        "interrupted: what was done stays, and ireneo recompress does the "
        "rest");
  }
  return absl::OkStatus();
}

}  // namespace

void AddRecompressCommand(CLI::App& app, Command& command) {
  CLI::App* const recompress = app.add_subcommand(
      "recompress", "Compress what is stored anew, or not any more.");
  struct Arguments {
    RecompressOptions options;
    std::string codec;
  };
  const auto arguments = std::make_shared<Arguments>();
  RecompressOptions& options = arguments->options;
  recompress
      ->add_option("FUNCTION", options.functions,
                   "only what functions returned, or were given, whose name\n"
                   "starts so; else all")
      ->type_name("...")
      ->check(
          [](const std::string& name) {
            return name.empty() ? "the name of the function is empty" : "";
          },
          "");
  recompress
      ->add_option(
          "--codec", arguments->codec,
          "default: all but arrays, if it saves a fifth; small; none;\n"
          "zlib:6; zstd:3; blosc:lz4:5")
      ->type_name("CODEC")
      ->check(
          [&options](const std::string& text) {
            const absl::StatusOr<Compression> parsed = Compression::Parse(text);
            if (!parsed.ok()) return std::string(parsed.status().message());
            options.compression = *parsed;
            return std::string();
          },
          "");
  recompress->footer(
      "What the store gives out stays the same, and programs may use it "
      "meanwhile.\nFiles that would not become smaller stay raw. Ctrl-C stops "
      "between two files.\n\n"
      "Example: ireneo recompress acme.Spectrum --codec small");
  recompress->callback([&command, arguments] {
    command.run = [arguments](Session& session) {
      return Run(arguments->options, session);
    };
  });
}

}  // namespace ireneo::tools

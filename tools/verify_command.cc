// `ireneo verify`

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/verification.h"
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

struct Arguments {
  bool repair = false;
  bool restart = false;
};

json::array ToJson(const std::vector<VerifyReport::Blob>& blobs) {
  json::array array;
  for (const VerifyReport::Blob& blob : blobs) {
    array.push_back(
        json::object{{"digest", json::string(blob.digest.ToString())},
                     {"why", json::string(blob.why)}});
  }
  return array;
}

json::value ToJson(const VerifyReport& report, bool replaced) {
  json::array calls;
  for (const Digest& key : report.calls_without_result) {
    calls.push_back(json::string(key.ToString()));
  }
  return json::object{
      {"blobs", report.blobs},
      {"bytes", report.bytes},
      {"calls", report.calls},
      {"calls_dropped", report.calls_dropped},
      {"calls_without_result", std::move(calls)},
      {"complete", report.complete},
      {"continued", report.continued},
      {"damaged_before", report.damaged_before},
      {"damaged", ToJson(report.damaged)},
      {"index", report.index.ok()
                    ? json::string("ok")
                    : json::string(std::string(report.index.message()))},
      {"index_replaced", replaced},
      {"unreadable", ToJson(report.unreadable)}};
}

// `replaced`: the index, when the store was opened.
std::string ToText(const VerifyReport& report, bool replaced,
                   std::size_t width) {
  Sheet sheet;
  sheet.Add("blobs",
            absl::StrCat(report.blobs, " read, ", HumanBytes(report.bytes),
                         report.continued ? ", with an interrupted run" : ""));
  sheet.Add("damaged",
            absl::StrCat(report.damaged.size(),
                         report.damaged_before > 0
                             ? absl::StrCat(", and ", report.damaged_before,
                                            " in the interrupted run")
                             : ""));
  if (!report.unreadable.empty()) {
    sheet.Add("unreadable", absl::StrCat(report.unreadable.size()));
  }
  if (report.complete) {
    sheet.Add("calls", absl::StrCat(report.calls));
    sheet.Add(
        "without result",
        absl::StrCat(report.calls_without_result.size(),
                     report.calls_dropped > 0
                         ? absl::StrCat(", ", report.calls_dropped, " dropped")
                         : ""));
  }
  sheet.Add("index", !report.index.ok() ? "damaged"
                     : replaced         ? "was damaged, and is replaced"
                                        : "ok");
  return sheet.ToString(width);
}

absl::Status Run(Session& session, const Arguments& arguments) {
  const Interrupt interrupt;
  VerifyReport report;
  {
    Progress progress("verifying", Progress::Unit::kBytes);
    std::optional<std::uint64_t> already;
    VerifyOptions options{.repair = arguments.repair,
                          .restart = arguments.restart,
                          .progress = [&](const VerifyProgress& state) {
                            if (!already.has_value()) already = state.bytes;
                            progress.Show(state.bytes, state.total_bytes,
                                          *already);
                            return !interrupt.requested();
                          }};
    IRENEO_ASSIGN_OR_RETURN(report, session.store.Verify(options));
  }
  session.out.Write(
      session.json ? ToJsonText(ToJson(report, !session.store.Recovered().ok()))
                   : ToText(report, !session.store.Recovered().ok(),
                            session.out.width()));
  for (const VerifyReport::Blob& blob : report.damaged) {
    session.damage.push_back(blob.why);
  }
  if (report.damaged_before > 0) {
    session.damage.push_back(
        absl::StrCat(Count(report.damaged_before, "damaged blob"),
                     " set aside by the interrupted run: see quarantine/"));
  }
  for (const VerifyReport::Blob& blob : report.unreadable) {
    session.damage.push_back(
        absl::StrCat("cannot read ", blob.digest.ToString(), ": ", blob.why));
  }
  const auto lost =
      static_cast<std::int64_t>(report.calls_without_result.size()) -
      report.calls_dropped;
  if (lost > 0) {
    session.damage.push_back(absl::StrCat(
        Count(lost, "call"),
        " without result: computed anew when called; ireneo verify --repair "
        "drops the records"));
  }
  if (!report.index.ok()) {
    session.damage.emplace_back(report.index.message());
  }
  if (!report.complete) {
    session.damage.push_back(
        "interrupted: the next ireneo verify continues from here");
  }
  return absl::OkStatus();
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Command& command) {
  CLI::App* const verify = app.add_subcommand(
      "verify", "Read everything; list damage and set it aside.");
  const auto arguments = std::make_shared<Arguments>();
  verify->add_flag("--repair", arguments->repair,
                   "also drop the records whose results are lost");
  verify->add_flag("--restart", arguments->restart,
                   "do not continue an interrupted run");
  verify
      ->footer(
          "Damaged blobs go to quarantine/; the calls that had them are "
          "computed anew.\nExample: ireneo verify --repair")
      ->callback([&command, arguments] {
        command.run = [arguments](Session& session) {
          return Run(session, *arguments);
        };
      });
}

}  // namespace ireneo::tools

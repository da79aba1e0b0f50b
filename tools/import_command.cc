// `ireneo import`

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_signature.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/archive_view.h"
#include "ireneo/tools/byte_count.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/interrupt.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/table.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

constexpr char kStandardInput[] = "-";

struct Arguments {
  std::vector<std::string> files;
  std::string max_size;
  ImportOptions options;
};

struct Imported {
  std::string file;
  ImportReport report;
};

std::string NameOf(const std::string& file) {
  return file == kStandardInput ? "standard input" : file;
}

// Pipes and devices cannot be read twice.
bool IsStream(const std::string& file) {
  std::error_code ignored;
  const std::filesystem::file_status status =
      std::filesystem::status(file, ignored);
  return file == kStandardInput || std::filesystem::is_fifo(status) ||
         std::filesystem::is_character_file(status);
}

ImportReport Total(const std::vector<Imported>& all) {
  ImportReport total;
  for (const Imported& one : all) {
    total.calls_added += one.report.calls_added;
    total.calls_known += one.report.calls_known;
    total.calls_incomplete += one.report.calls_incomplete;
    total.conflicts += one.report.conflicts;
    total.blobs_added += one.report.blobs_added;
    total.bytes_added += one.report.bytes_added;
  }
  return total;
}

// ----------------------------------------------------------------------- JSON

json::object Counts(const ImportReport& report) {
  return {{"calls_added", report.calls_added},
          {"calls_known", report.calls_known},
          {"calls_incomplete", report.calls_incomplete},
          {"conflicts", report.conflicts},
          {"blobs_added", report.blobs_added},
          {"bytes_added", report.bytes_added}};
}

json::value ToJson(const Imported& imported) {
  const ImportReport& report = imported.report;
  json::object object = {{"file", imported.file},
                         {"digest", report.digest},
                         {"signed_by", nullptr}};
  if (!report.signed_by.empty()) object["signed_by"] = report.signed_by;
  for (auto& [name, value] : Counts(report)) object[name] = std::move(value);
  json::array conflicts;
  for (const ImportReport::Conflict& conflict : report.first_conflicts) {
    conflicts.push_back(json::object{{"key", conflict.key.ToString()},
                                     {"function", conflict.function},
                                     {"ours", conflict.ours.ToString()},
                                     {"theirs", conflict.theirs.ToString()}});
  }
  object["first_conflicts"] = std::move(conflicts);
  object["contents"] = ContentsToJson(report.contents);
  return object;
}

json::value ToJson(const std::vector<Imported>& all, bool dry_run,
                   bool created) {
  json::array archives;
  for (const Imported& one : all) archives.push_back(ToJson(one));
  return json::object{{"dry_run", dry_run},
                      {"store_created", created},
                      {"archives", std::move(archives)},
                      {"total", Counts(Total(all))}};
}

// ----------------------------------------------------------------------- Text

void AddCounts(const ImportReport& report, bool dry_run, Sheet& sheet) {
  const char* const added = dry_run ? " to be added" : " added";
  sheet.Add("calls", absl::StrCat(report.calls_added, added, ", ",
                                  report.calls_known, " known already"));
  if (report.calls_incomplete > 0) {
    sheet.Add("incomplete", absl::StrCat(report.calls_incomplete, " left out"));
  }
  if (report.conflicts > 0) {
    sheet.Add("conflicts",
              absl::StrCat(report.conflicts, " with other results: ours ",
                           dry_run ? "would be kept" : "kept"));
  }
  sheet.Add("blobs", absl::StrCat(report.blobs_added, added, ", of ",
                                  HumanBytes(report.bytes_added)));
}

std::string ConflictText(const ImportReport& report, bool dry_run,
                         std::size_t width) {
  if (report.first_conflicts.empty()) return "";
  Table table({{.header = "key"},
               {.header = "function", .flexible = true, .keep_end = true},
               {.header = "ours"},
               {.header = "theirs"}});
  for (const ImportReport::Conflict& conflict : report.first_conflicts) {
    table.Add({ShortHex(conflict.key), conflict.function,
               ShortHex(conflict.ours), ShortHex(conflict.theirs)});
  }
  std::string text = absl::StrCat("\n", table.ToString(width));
  const auto shown = static_cast<std::int64_t>(report.first_conflicts.size());
  if (report.conflicts > shown) {
    absl::StrAppend(&text, "and ", report.conflicts - shown, " more\n");
  }
  if (!dry_run) {
    absl::StrAppend(&text,
                    "ours are what calls return; ireneo show KEY has both\n");
  }
  return text;
}

std::string ToText(const std::vector<Imported>& all, bool dry_run,
                   std::size_t width) {
  std::string text;
  for (const Imported& one : all) {
    Sheet sheet;
    sheet.Add("archive", NameOf(one.file));
    sheet.Add("digest", one.report.digest);
    if (!one.report.signed_by.empty()) {
      sheet.Add("signed by", one.report.signed_by);
    }
    AddCounts(one.report, dry_run, sheet);
    absl::StrAppend(&text, text.empty() ? "" : "\n", sheet.ToString(width),
                    ConflictText(one.report, dry_run, width));
  }
  if (all.size() > 1) {
    Sheet sheet;
    sheet.AddSection(absl::StrCat("all ", all.size(), " archives"));
    AddCounts(Total(all), dry_run, sheet);
    absl::StrAppend(&text, "\n", sheet.ToString(width));
  }
  return text;
}

// --------------------------------------------------------------------- Import

absl::StatusOr<ImportReport> ImportStream(const std::string& file,
                                          const MemoStore& store,
                                          ImportOptions options) {
  if (options.name.empty()) options.name = NameOf(file);
  if (file == kStandardInput) {
    return ImportArchive(STDIN_FILENO, store, options);
  }
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot open the archive ", file));
  }
  const internal::OpenFd open(fd);
  return ImportArchive(fd, store, options);
}

// What was wrong with one archive, so that others may be imported. Errors: of
// the store, or that the user wants to go no further.
absl::Status ImportOne(const std::string& file, ImportOptions options,
                       Session& session, std::vector<Imported>& imported) {
  if (file == kStandardInput && ::isatty(STDIN_FILENO) == 1) {
    session.damage.emplace_back(
        "standard input is a terminal, and an archive is binary: name a file, "
        "or read from a pipe");
    return absl::OkStatus();
  }
  const Interrupt interrupt;
  ArchiveProgressLine line(NameOf(file));
  options.progress = [&](const ArchiveProgress& now) {
    line.Show(now);
    return !interrupt.requested();
  };
  absl::StatusOr<ImportReport> report =
      IsStream(file) ? ImportStream(file, session.store, options)
                     : ImportArchive(file, session.store, options);
  if (!report.ok() && interrupt.requested()) {
    return absl::CancelledError(
        line.what() == "importing"
            ? "interrupted: what was imported stays, and ireneo import does "
              "the rest"
            : "interrupted: nothing was imported");
  }
  const std::string name =
      IsStream(file) && !options.name.empty() ? options.name : NameOf(file);
  if (absl::StrContains(report.status().message(), "archive " + name)) {
    session.damage.emplace_back(report.status().message());
    return absl::OkStatus();
  }
  IRENEO_RETURN_IF_ERROR(report.status());
  if (report->calls_incomplete > 0) {
    session.damage.push_back(absl::StrCat(
        NameOf(file), ": ", Count(report->calls_incomplete, "call"),
        " left out, ",
        report->contents.as_of.empty()
            ? "as values of them were removed from the store meanwhile: import "
              "it again"
            : absl::StrCat("for the archive was exported as of another one, "
                           "which has their values: import ",
                           absl::StrJoin(report->contents.as_of, " and "),
                           ", and then this one again")));
  }
  imported.push_back({.file = file, .report = *std::move(report)});
  return absl::OkStatus();
}

absl::Status Run(const Arguments& arguments, Session& session) {
  const bool dry_run = arguments.options.dry_run;
  if (const std::filesystem::path& keys = arguments.options.trusted_keys;
      !keys.empty()) {
    const absl::Status readable = internal::TrustedKeys::Read(keys).status();
    if (!readable.ok()) {
      session.damage.emplace_back(readable.message());
      return absl::OkStatus();
    }
  }
  std::vector<Imported> imported;
  absl::Status status;
  for (const std::string& file : arguments.files) {
    status = ImportOne(file, arguments.options, session, imported);
    if (!status.ok()) break;
  }
  if (!imported.empty()) {
    if (session.json) {
      session.out.Write(ToJsonText(ToJson(imported, dry_run, session.created)));
    } else {
      if (session.created) {
        session.out.Write(
            absl::StrCat("made the store ",
                         Escape(session.store.directory().native()), "\n\n"));
      }
      session.out.Write(ToText(imported, dry_run, session.out.width()));
    }
  }
  if (!absl::IsCancelled(status)) return status;
  session.damage.emplace_back(status.message());
  return absl::OkStatus();
}

// What can be said before there is a store: what is refused leaves none behind.
absl::Status Check(const Arguments& arguments) {
  const std::filesystem::path& directory = arguments.options.trusted_keys;
  std::optional<internal::TrustedKeys> keys;
  if (!directory.empty()) {
    IRENEO_ASSIGN_OR_RETURN(keys, internal::TrustedKeys::Read(directory));
  }
  for (const std::string& file : arguments.files) {
    if (IsStream(file)) continue;
    IRENEO_ASSIGN_OR_RETURN(
        const std::unique_ptr<internal::ArchiveFile> archive,
        internal::ArchiveFile::Open(file));
    if (!keys.has_value()) continue;
    IRENEO_RETURN_IF_ERROR(archive->SignedBy(*keys).status());
  }
  return absl::OkStatus();
}

std::string CheckNotEmpty(const std::string& path) {
  return path.empty() ? "the path is empty" : "";
}

}  // namespace

void AddImportCommand(CLI::App& app, Command& command) {
  CLI::App* const import_ = app.add_subcommand(
      "import", "Add the calls of archives; make the store if needed.");
  const auto arguments = std::make_shared<Arguments>();
  ImportOptions& options = arguments->options;
  import_
      ->add_option("FILE", arguments->files,
                   "of ireneo export, in this order; - is standard input")
      ->type_name("...")
      ->required()
      ->check(CheckNotEmpty, "");
  import_->add_flag("--dry-run", options.dry_run,
                    "check it all, and only say what would be added");
  import_
      ->add_option("--trusted-keys", options.trusted_keys,
                   "refuse what none of the public keys there (*.pem, *.pub)\n"
                   "has signed")
      ->type_name("DIR")
      ->check(CheckNotEmpty, "");
  import_
      ->add_option("--max-size", arguments->max_size,
                   "refuse if its values take more: 10G; else what is free")
      ->type_name("SIZE")
      ->check(
          [&options](const std::string& text) {
            const absl::StatusOr<std::uint64_t> bytes = ParseByteCount(text);
            if (!bytes.ok()) return std::string(bytes.status().message());
            options.max_bytes = *bytes;
            return std::string();
          },
          "");
  import_
      ->add_option("--name", options.name,
                   "where ireneo show says the calls are from; else the file")
      ->type_name("NAME")
      ->check(
          [](const std::string& name) {
            return name.empty() ? "the name is empty" : "";
          },
          "");
  import_->footer(
      "An archive is checked as a whole before anything is written. What the "
      "store has\nstays. That a result is right cannot be checked: import from "
      "those whom you\ntrust.\n\n"
      "Example: ireneo import spectra.tar");
  import_->callback([&command, arguments] {
    if (std::ranges::count(arguments->files, kStandardInput) > 1) {
      throw CLI::ValidationError("FILE", "standard input can be read once");
    }
    if (!arguments->options.dry_run) {
      command.before_creating = [arguments] { return Check(*arguments); };
    }
    command.run = [arguments](Session& session) {
      return Run(*arguments, session);
    };
  });
}

}  // namespace ireneo::tools

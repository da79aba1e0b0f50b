// `ireneo get`

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/blob_uses.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/npy_type.h"
#include "ireneo/tools/output_file.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

struct GetOptions {
  std::string digest;
  std::string file = "-";
  std::string format;  // Empty: by the extension of the file.
  std::string type;    // Empty: that of the calls.
  bool force = false;
};

const std::map<std::string, ExportFormat>& Formats() {
  static const auto& formats =
      *new std::map<std::string, ExportFormat>{{"csv", ExportFormat::kCsv},
                                               {"json", ExportFormat::kJson},
                                               {"npy", ExportFormat::kNpy},
                                               {"raw", ExportFormat::kRaw}};
  return formats;
}

ExportFormat FormatOf(const GetOptions& options) {
  std::string name = options.format;
  if (name.empty()) {
    name = std::filesystem::path(options.file).extension().native();
    if (!name.empty()) name.erase(0, 1);  // The dot.
  }
  const auto it = Formats().find(name);
  return it == Formats().end() ? ExportFormat::kRaw : it->second;
}

// The type of a blob that was named by its digest.
absl::StatusOr<std::string> FindType(const Digest& digest, const Blob& blob,
                                     const Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<BlobUse> uses,
                          FindBlobUses(session.store, digest));
  std::set<std::string> types;
  for (const BlobUse& use : uses) types.insert(use.type);
  if (types.size() == 1) return *types.begin();
  if (types.empty()) {
    std::string guessed = GuessNpyType(session.registry, blob);
    if (!guessed.empty()) return guessed;
    return absl::FailedPreconditionError(
        absl::StrCat("the type of ", digest.ToString(),
                     " is unknown, for no call has it as argument or result: "
                     "pass --type, or --as raw for its bytes"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      digest.ToString(), " is a value of several types, ",
      absl::StrJoin(types, " and "), ": pass one of them with --type"));
}

// A value with its type and what it is to become.
struct Request {
  Digest digest;
  Blob blob;
  std::string type;
  ExportFormat format;
};

absl::Status Export(const Request& request, const Registry& registry,
                    Sink& sink) {
  absl::Status status =
      registry.Export(request.type, request.blob, request.format, sink);
  if (!absl::IsNotFound(status)) return status;
  return absl::NotFoundError(
      absl::StrCat(status.message(), " (--plugin), or take --as raw"));
}

absl::Status WriteOut(const Request& request, bool force, Session& session) {
  if (!session.out.is_terminal() || force) {
    OutputSink sink(session.out);
    return Export(request, session.registry, sink);
  }
  std::string text;
  StringSink sink(text);
  IRENEO_RETURN_IF_ERROR(Export(request, session.registry, sink));
  if (!IsSafeText(text)) {
    return absl::FailedPreconditionError(absl::StrCat(
        request.digest.ToString(),
        " is binary and standard output is a terminal: write it to a file "
        "with -o or to a pipe, pass --force, or see it with ireneo show"));
  }
  session.out.Write(text);
  return absl::OkStatus();
}

absl::Status WriteFile(const Request& request, const std::string& path,
                       Session& session) {
  const absl::StatusOr<std::unique_ptr<OutputFile>> file =
      OutputFile::Create(path);
  if (!file.ok()) {
    session.damage.emplace_back(file.status().message());
    return absl::OkStatus();
  }
  absl::Status status = Export(request, session.registry, **file);
  if (!status.ok() && (*file)->ok()) return status;
  if (const absl::Status written = (*file)->Commit(); !written.ok()) {
    session.damage.emplace_back(written.message());
  }
  return absl::OkStatus();
}

absl::Status Run(const GetOptions& options, Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const NamedBlob named,
                          ResolveBlob(session.store, options.digest));
  IRENEO_ASSIGN_OR_RETURN(const Blob blob, session.store.Get(named.digest));
  Request request{.digest = named.digest,
                  .blob = blob,
                  .type = options.type.empty() ? named.type : options.type,
                  .format = FormatOf(options)};
  if (request.type.empty() && request.format != ExportFormat::kRaw) {
    IRENEO_ASSIGN_OR_RETURN(request.type,
                            FindType(named.digest, blob, session));
  }
  return options.file == "-" ? WriteOut(request, options.force, session)
                             : WriteFile(request, options.file, session);
}

}  // namespace

void AddGetCommand(CLI::App& app, Command& command) {
  CLI::App* const get = app.add_subcommand(
      "get", "Write a value to a file, in a form for other programs.");
  const auto options = std::make_shared<GetOptions>();
  get->add_option("DIGEST", options->digest,
                  "of a blob, or the key of a call for its result")
      ->type_name("")
      ->required()
      ->check(CheckPrefix, "");
  get->add_option("-o", options->file, "the file; else standard output")
      ->type_name("FILE")
      ->check(
          [](const std::string& path) {
            return path.empty() ? "the path is empty" : "";
          },
          "");
  get->add_option("--as", options->format,
                  "npy, json, csv or raw; else what FILE ends in, else raw")
      ->type_name("FORMAT")
      ->check(
          [](const std::string& name) {
            return Formats().contains(name)
                       ? std::string()
                       : absl::StrCat("'", name,
                                      "' is none of csv, json, npy, raw");
          },
          "");
  get->add_option("--type", options->type,
                  "the name of its type, if calls do not tell")
      ->type_name("NAME");
  get->add_flag("--force", options->force,
                "write binary to a terminal all the same");
  get->footer("Example: ireneo get 3fa2b1c4 -o spectrum.csv");
  get->callback([&command, options] {
    command.run = [options](Session& session) {
      return Run(*options, session);
    };
  });
}

}  // namespace ireneo::tools

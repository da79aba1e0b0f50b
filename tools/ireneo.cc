// ireneo: shows what a store remembers, and keeps it in order. See `ireneo
// --help`.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/serializers/plugin.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/output.h"
#include "ireneo/tools/session.h"
#include "ireneo/tools/text.h"
#include "ireneo/version.h"

namespace ireneo::tools {
namespace {

constexpr int kFailed = 1;  // Or found damage.
constexpr int kWrongUsage = 2;

constexpr void (*kCommands[])(CLI::App&, Command&) = {
    AddFunctionsCommand, AddCallsCommand,  AddShowCommand,
    AddExplainCommand,   AddGraphCommand,  AddCatCommand,
    AddGetCommand,       AddPutCommand,    AddStatsCommand,
    AddGcCommand,        AddForgetCommand, AddPinCommand,
    AddUnpinCommand,     AddVerifyCommand, AddRecompressCommand,
    AddExportCommand,    AddImportCommand,
};

void PrintError(std::string_view message) {
  std::fputs(absl::StrCat("ireneo: ", Escape(message), "\n").c_str(), stderr);
}

// Ends the output, then says what went wrong: the exit status.
int Finish(std::vector<std::string> errors, Output& out) {
  const absl::Status written = out.Finish();
  if (!written.ok()) errors.emplace_back(written.message());
  constexpr std::size_t kMaxLines = 20;
  for (std::size_t i = 0; i < std::min(errors.size(), kMaxLines); ++i) {
    PrintError(errors[i]);
  }
  if (errors.size() > kMaxLines) {
    PrintError(absl::StrCat("and ", errors.size() - kMaxLines,
                            " more errors like these"));
  }
  return errors.empty() ? 0 : kFailed;
}

std::string DefaultStore() {
  const char* const variable = std::getenv("IRENEO_STORE");
  return variable != nullptr && *variable != '\0' ? variable : "./.ireneo";
}

// What to do about an error of a store.
const char* Advice(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return ": try again when other programs are done with it";
    case absl::StatusCode::kPermissionDenied:
      // Some are refused for other reasons, as what is not signed.
      return absl::StrContains(status.message(), std::strerror(EACCES))
                 ? ": see who may read and write there"
                 : "";
    default:
      return "";
  }
}

// The message, with the store in it where the library does not name it.
std::string InStore(const std::string& directory, const absl::Status& status) {
  const std::string message(status.message());
  return absl::StrCat(
      absl::StrContains(message, directory) ? "" : "store ",
      absl::StrContains(message, directory) ? "" : directory + ": ", message,
      Advice(status));
}

// Returns the lines for standard error; none if all is well.
std::vector<std::string> Run(const Command& command,
                             const std::string& directory,
                             const std::vector<std::string>& plugins, bool json,
                             Output& out) {
  Registry registry;
  if (absl::Status status = AddBuiltinCodecs(registry); !status.ok()) {
    return {std::string(status.message())};
  }
  for (const std::string& plugin : plugins) {
    if (absl::Status status = LoadPlugin(plugin, registry); !status.ok()) {
      return {std::string(status.message())};
    }
  }
  // What is looked at is shown, not believed.
  MemoStoreOptions options{.create = false, .trust_owner = true};
  absl::StatusOr<MemoStore> store = MemoStore::Open(directory, options);
  if (absl::IsNotFound(store.status()) && command.before_creating != nullptr) {
    if (absl::Status status = command.before_creating(); !status.ok()) {
      return {std::string(status.message())};
    }
    options.create = true;
    store = MemoStore::Open(directory, options);
  }
  std::error_code ignored;
  if ((absl::IsNotFound(store.status()) &&
       !std::filesystem::is_regular_file(directory, ignored)) ||
      (!absl::IsPermissionDenied(store.status()) &&
       !std::filesystem::is_directory(directory, ignored) &&
       !std::filesystem::is_regular_file(directory, ignored))) {
    return {absl::StrCat("no store in ", directory,
                         std::filesystem::exists(directory, ignored)
                             ? ": it has no ireneo.json. Pass"
                             : ": pass",
                         " --store DIR or set IRENEO_STORE")};
  }
  if (!store.ok()) return {InStore(directory, store.status())};
  Session session{.store = *std::move(store),
                  .registry = std::move(registry),
                  .json = json,
                  .out = out,
                  .created = options.create};
  if (const absl::Status& recovered = session.store.Recovered();
      !recovered.ok()) {
    session.damage.emplace_back(recovered.message());
  }
  const absl::Status status = command.run(session);
  if (!status.ok()) session.damage.push_back(InStore(directory, status));
  return std::move(session.damage);
}

// What is wrong with the command line, as CLI11 sees it.
std::string Complaint(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> extras = app.remaining();
  if (app.get_subcommands().empty() && !extras.empty() &&
      !extras[0].starts_with('-')) {
    return absl::StrCat("there is no command '", extras[0], "'");
  }
  return error.what();
}

// Of standard input, output and error, what is closed becomes unreadable and
// unwritable instead: the next file that is opened, maybe of a store, must not
// get its number.
void OccupyStandardFiles() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_PATH);
  }
}

}  // namespace

int Main(int argc, char** argv) {
  OccupyStandardFiles();
  std::signal(SIGPIPE, SIG_IGN);  // Output reports it.
  Output out(STDOUT_FILENO);
  std::string directory = DefaultStore();
  std::vector<std::string> plugins;
  bool json = false;
  Command command;
  CLI::App app("Look at what a store remembers.", "ireneo");
  app.get_formatter()->column_width(20);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("REQUIRED", "");
  app.set_help_flag("-h,--help", "print this help");
  app.add_option("--store", directory,
                 "the store; else $IRENEO_STORE, else ./.ireneo")
      ->type_name("DIR")
      ->check(
          [](const std::string& path) {
            return path.empty() ? "the path is empty" : "";
          },
          "");
  app.add_option("--plugin", plugins,
                 "a shared object that knows more types; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_flag("--json", json, "print one JSON document");
  app.set_version_flag("--version", absl::StrCat("ireneo ", kVersion),
                       "print the version");
  app.footer(
      "Exit status: 0, done; 1, failed or found damage; 2, wrong usage.\n"
      "ireneo COMMAND --help tells more.\n\n"
      "Example: ireneo --store results calls acme.Solve");
  app.require_subcommand(0, 1);
  app.fallthrough();  // --store and the like may stand behind the command.
  for (const auto add : kCommands) add(app, command);
  for (CLI::App* const subcommand : app.get_subcommands({})) {
    subcommand->group("Commands");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out.Write(app.help());
    return Finish({}, out);
  } catch (const CLI::CallForVersion&) {
    out.Write(absl::StrCat("ireneo ", kVersion, "\n"));
    return Finish({}, out);
  } catch (const CLI::ParseError& error) {
    PrintError(absl::StrCat(Complaint(app, error), ": see ireneo --help"));
    return kWrongUsage;
  }
  if (command.run == nullptr) {
    PrintError("which command? See ireneo --help");
    return kWrongUsage;
  }
  return Finish(Run(command, directory, plugins, json, out), out);
}

}  // namespace ireneo::tools

int main(int argc, char** argv) { return ireneo::tools::Main(argc, argv); }

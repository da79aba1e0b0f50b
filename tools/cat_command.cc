// `ireneo cat`

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/blob.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

struct CatOptions {
  std::string digest;
  bool force = false;
};

absl::Status Run(const CatOptions& options, Session& session) {
  const absl::StatusOr<NamedBlob> named =
      ResolveBlob(session.store, options.digest);
  if (!named.ok()) return named.status();
  const absl::StatusOr<Blob> blob = session.store.Get(named->digest);
  if (!blob.ok()) return blob.status();
  const std::string_view text(
      reinterpret_cast<const char*>(blob->bytes().data()), blob->size());
  if (session.out.is_terminal() && !options.force && !IsSafeText(text)) {
    return absl::FailedPreconditionError(absl::StrCat(
        named->digest.ToString(),
        " is binary and standard output is a terminal: write it to a file or "
        "a pipe, pass --force, or see it with ireneo show"));
  }
  session.out.Write(blob->bytes());
  return absl::OkStatus();
}

}  // namespace

void AddCatCommand(CLI::App& app, Command& command) {
  CLI::App* const cat = app.add_subcommand(
      "cat", "Write the bytes of a value, as they are stored.");
  const auto options = std::make_shared<CatOptions>();
  cat->add_option("DIGEST", options->digest,
                  "of a blob, or the key of a call for its result")
      ->type_name("")
      ->required()
      ->check(CheckPrefix, "");
  cat->add_flag("--force", options->force,
                "write binary to a terminal all the same");
  cat->footer("Example: ireneo cat 3fa2b1c4 > result.npy");
  cat->callback([&command, options] {
    command.run = [options](Session& session) {
      return Run(*options, session);
    };
  });
}

}  // namespace ireneo::tools

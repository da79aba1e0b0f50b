// `ireneo cat`

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

struct CatOptions {
  std::string digest;
  bool force = false;
};

// Whether a terminal shows it as it is.
bool IsText(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    const bool layout = character.code == '\n' || character.code == '\t';
    if (character.size == 0 || (character.IsUnsafe() && !layout)) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

absl::Status Run(const CatOptions& options, Session& session) {
  const absl::StatusOr<PrefixMatch> match =
      Resolve(session.store, options.digest);
  if (!match.ok()) return match.status();
  Digest digest = match->digest;
  if (match->is_call) {
    const absl::StatusOr<CallRecord> record = session.store.FindCall(digest);
    if (!record.ok()) return record.status();
    digest = record->result;
  }
  const absl::StatusOr<Blob> blob = session.store.blobs().Get(digest);
  if (!blob.ok()) return blob.status();
  const std::string_view text(
      reinterpret_cast<const char*>(blob->bytes().data()), blob->size());
  if (session.out.is_terminal() && !options.force && !IsText(text)) {
    return absl::FailedPreconditionError(absl::StrCat(
        digest.ToString(),
        " is binary and standard output is a terminal: write it to a file or "
        "a pipe, pass --force, or see it with ireneo show"));
  }
  session.out.Write(blob->bytes());
  return absl::OkStatus();
}

}  // namespace

void AddCatCommand(CLI::App& app, Command& command) {
  CLI::App* const cat =
      app.add_subcommand("cat", "Write the payload of a blob, byte for byte.");
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
    command = [options](Session& session) { return Run(*options, session); };
  });
}

}  // namespace ireneo::tools

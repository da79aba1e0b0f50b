// `ireneo show`

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "ireneo/memo/record.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/show.h"

namespace ireneo::tools {

void AddShowCommand(CLI::App& app, Command& command) {
  CLI::App* const show = app.add_subcommand(
      "show", "Show a call or a blob: values, types, statistics.");
  const auto text = std::make_shared<std::string>();
  show->add_option("KEY-or-DIGEST", *text,
                   "of a call or blob, or its first four or more digits")
      ->type_name("")
      ->required()
      ->check(CheckPrefix, "");
  show->footer("Example: ireneo show 3fa2b1c4");
  show->callback([&command, text] {
    command.run = [text](Session& session) -> absl::Status {
      const absl::StatusOr<PrefixMatch> match = Resolve(session.store, *text);
      if (!match.ok()) return match.status();
      return match->is_call ? ShowCall(match->digest, session)
                            : ShowBlob(match->digest, session);
    };
  });
}

}  // namespace ireneo::tools

// `ireneo forget`

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/resolve.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

// Nothing is forgotten unless all can be.
absl::Status Run(const std::vector<std::string>& texts, Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins,
                          session.store.Pins());
  std::set<Digest> keys;
  for (const std::string& text : texts) {
    IRENEO_ASSIGN_OR_RETURN(const CallRecord call,
                            ResolveCall(session.store, text));
    for (const PinRecord& pin : pins) {
      if (pin.digest != call.key && pin.digest != call.result) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "call ", call.key.ToString(), " of ", call.function, " is pinned as ",
          pin.name, ": ireneo unpin lets go of it"));
    }
    keys.insert(call.key);
  }
  json::array forgotten;
  for (const Digest& key : keys) {
    IRENEO_RETURN_IF_ERROR(session.store.Forget(key));
    forgotten.push_back(json::string(key.ToString()));
  }
  if (session.json) {
    session.out.Write(
        ToJsonText(json::object{{"forgotten", std::move(forgotten)}}));
  } else {
    session.out.Write(absl::StrCat(
        "forgot ", Count(static_cast<std::int64_t>(keys.size()), "call"),
        "\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddForgetCommand(CLI::App& app, Command& command) {
  CLI::App* const forget =
      app.add_subcommand("forget", "Forget calls: they are computed again.");
  const auto keys = std::make_shared<std::vector<std::string>>();
  forget
      ->add_option("KEY", *keys,
                   "the key of a call, or its first digits, four or more")
      ->type_name("...")
      ->required()
      ->check(CheckPrefix, "");
  forget->footer(
      "All of them or, if one is not found or is pinned, none. Results stay "
      "until they\nare collected: ireneo gc.\n\n"
      "Example: ireneo forget 3fa2b1c4");
  forget->callback([&command, keys] {
    command.run = [keys](Session& session) { return Run(*keys, session); };
  });
}

}  // namespace ireneo::tools

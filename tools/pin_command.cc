// `ireneo pin` and `ireneo unpin`

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/resolve.h"
#include "ireneo/tools/table.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

constexpr char kDefaultName[] = "pin";

// What a pin keeps: "call of acme.Solve", "blob", "small result" (in calls).
std::string Describe(const MemoStore& store, const Digest& digest) {
  const absl::StatusOr<CallRecord> call = store.FindCall(digest);
  if (call.ok()) return "call of " + call->function;
  const absl::StatusOr<bool> blob = store.blobs().Contains(digest);
  if (blob.ok() && *blob) return "blob";
  return store.Get(digest).ok() ? "small result" : "gone";
}

absl::Status List(Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins,
                          session.store.Pins());
  if (session.json) {
    json::array array;
    for (const PinRecord& pin : pins) {
      array.push_back(json::object{
          {"name", pin.name},
          {"digest", pin.digest.ToString()},
          {"what", Describe(session.store, pin.digest)},
          {"created", absl::FormatTime(absl::RFC3339_full, pin.created_at,
                                       absl::UTCTimeZone())}});
    }
    session.out.Write(ToJsonText(std::move(array)));
    return absl::OkStatus();
  }
  if (pins.empty()) {
    session.out.Write("nothing is pinned\n");
    return absl::OkStatus();
  }
  Table table({{.header = "name", .flexible = true},
               {.header = "key or digest"},
               {.header = "what", .flexible = true},
               {.header = "age", .right = true}});
  for (const PinRecord& pin : pins) {
    table.Add({pin.name, pin.digest.ToHex().substr(0, 12),
               Describe(session.store, pin.digest),
               HumanAge(absl::Now() - pin.created_at)});
  }
  session.out.Write(table.ToString(session.out.width()));
  return absl::OkStatus();
}

absl::Status Pin(const std::string& text, const std::string& name,
                 Session& session) {
  IRENEO_ASSIGN_OR_RETURN(const PrefixMatch match,
                          Resolve(session.store, text));
  IRENEO_RETURN_IF_ERROR(session.store.Pin(match.digest, name));
  if (session.json) {
    session.out.Write(ToJsonText(
        json::object{{"name", name}, {"digest", match.digest.ToString()}}));
  } else {
    session.out.Write(
        absl::StrCat("pinned ", Describe(session.store, match.digest), " ",
                     match.digest.ToString(), " as ", Escape(name), "\n"));
  }
  return absl::OkStatus();
}

// Pins are looked up among themselves: what one keeps may be gone.
absl::Status Unpin(const std::string& name, const std::string& text,
                   Session& session) {
  std::optional<Digest> digest;
  if (!text.empty()) {
    const std::string digits = PrefixDigits(text);
    IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins,
                            session.store.Pins());
    for (const PinRecord& pin : pins) {
      if (pin.name != name || !pin.digest.ToHex().starts_with(digits)) continue;
      if (digest.has_value()) {
        return absl::FailedPreconditionError(
            absl::StrCat("'", digits, "' is ambiguous among the pins of ", name,
                         ": give more digits"));
      }
      digest = pin.digest;
    }
  }
  std::int64_t removed = 0;
  if (text.empty() || digest.has_value()) {
    IRENEO_ASSIGN_OR_RETURN(removed, session.store.Unpin(name, digest));
  }
  if (removed == 0) {
    return absl::NotFoundError(
        absl::StrCat("nothing", text.empty() ? "" : " that starts so",
                     " is pinned as ", name, ": ireneo pin lists what is"));
  }
  session.out.Write(
      session.json
          ? ToJsonText(json::object{{"name", name}, {"unpinned", removed}})
          : absl::StrCat("removed ", Count(removed, "pin"), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddPinCommand(CLI::App& app, Command& command) {
  CLI::App* const pin = app.add_subcommand(
      "pin", "Keep a call or a blob from being collected; or list pins.");
  struct Arguments {
    std::string what;
    std::string name = kDefaultName;
  };
  const auto arguments = std::make_shared<Arguments>();
  pin->add_option("KEY-or-DIGEST", arguments->what,
                  "a call or a blob, by its first digits, four or more")
      ->type_name("")
      ->check(CheckPrefix, "");
  pin->add_option("NAME", arguments->name,
                  "what the pin is called; may be that of many; else 'pin'")
      ->type_name("")
      ->check(
          [](const std::string& name) {
            return name.empty() ? "the name is empty" : "";
          },
          "");
  pin->footer(
      "A call is kept with its result and arguments; pinning a result keeps "
      "the calls\nthat have it.\n\n"
      "Example: ireneo pin 3fa2b1c4 paper-2026");
  pin->callback([&command, arguments] {
    command.run = [arguments](Session& session) {
      return arguments->what.empty()
                 ? List(session)
                 : Pin(arguments->what, arguments->name, session);
    };
  });
}

void AddUnpinCommand(CLI::App& app, Command& command) {
  CLI::App* const unpin =
      app.add_subcommand("unpin", "Let what was pinned be collected again.");
  struct Arguments {
    std::string name;
    std::string what;
  };
  const auto arguments = std::make_shared<Arguments>();
  unpin->add_option("NAME", arguments->name, "all pins of that name")
      ->type_name("")
      ->required();
  unpin
      ->add_option("KEY-or-DIGEST", arguments->what,
                   "only the one of this call or blob")
      ->type_name("")
      ->check(CheckPrefix, "");
  unpin->footer("Example: ireneo unpin paper-2026");
  unpin->callback([&command, arguments] {
    command.run = [arguments](Session& session) {
      return Unpin(arguments->name, arguments->what, session);
    };
  });
}

}  // namespace ireneo::tools

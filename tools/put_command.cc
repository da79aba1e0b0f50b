// `ireneo put`

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/object.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/tools/commands.h"
#include "ireneo/tools/input_file.h"
#include "ireneo/tools/json_text.h"

namespace ireneo::tools {
namespace {

absl::Status Run(const std::string& path, Session& session) {
  const absl::StatusOr<std::string> bytes = ReadInput(path);
  if (!bytes.ok()) {
    session.damage.emplace_back(bytes.status().message());
    return absl::OkStatus();
  }
  IRENEO_ASSIGN_OR_RETURN(const PutResult put,
                          session.store.blobs().Put(std::string_view(*bytes)));
  if (session.json) {
    session.out.Write(ToJsonText(boost::json::object{
        {"digest", put.digest.ToString()}, {"bytes", bytes->size()}}));
  } else {
    session.out.Write(absl::StrCat(put.digest.ToString(), "\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddPutCommand(CLI::App& app, Command& command) {
  CLI::App* const put =
      app.add_subcommand("put", "Store a file as a blob and print its digest.");
  const auto path = std::make_shared<std::string>();
  put->add_option("FILE", *path, "what to store; - is standard input")
      ->type_name("")
      ->required();
  put->footer("Example: ireneo put years.npy");
  put->callback([&command, path] {
    command.run = [path](Session& session) { return Run(*path, session); };
  });
}

}  // namespace ireneo::tools

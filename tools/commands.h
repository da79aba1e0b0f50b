#ifndef IRENEO_TOOLS_COMMANDS_H_
#define IRENEO_TOOLS_COMMANDS_H_

// The commands of `ireneo`, each in a file of its own, <name>_command.cc. A
// new one is such a file, a line here and a line in the table of ireneo.cc.

#include "ireneo/tools/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ireneo::tools {

// Each adds a subcommand with its options to `app`, which sets `command` if it
// is on the command line.
void AddCallsCommand(CLI::App& app, Command& command);
void AddCatCommand(CLI::App& app, Command& command);
void AddExplainCommand(CLI::App& app, Command& command);
void AddExportCommand(CLI::App& app, Command& command);
void AddForgetCommand(CLI::App& app, Command& command);
void AddFunctionsCommand(CLI::App& app, Command& command);
void AddGcCommand(CLI::App& app, Command& command);
void AddGetCommand(CLI::App& app, Command& command);
void AddGraphCommand(CLI::App& app, Command& command);
void AddImportCommand(CLI::App& app, Command& command);
void AddPinCommand(CLI::App& app, Command& command);
void AddPutCommand(CLI::App& app, Command& command);
void AddRecompressCommand(CLI::App& app, Command& command);
void AddShowCommand(CLI::App& app, Command& command);
void AddStatsCommand(CLI::App& app, Command& command);
void AddUnpinCommand(CLI::App& app, Command& command);
void AddVerifyCommand(CLI::App& app, Command& command);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_COMMANDS_H_

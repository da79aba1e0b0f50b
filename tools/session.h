#ifndef IRENEO_TOOLS_SESSION_H_
#define IRENEO_TOOLS_SESSION_H_

// What a command of `ireneo` works with.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/tools/output.h"

namespace ireneo::tools {

struct Session {
  MemoStore store;
  Registry registry;
  bool json = false;  // One JSON document instead of text for people.
  Output& out;
  bool created = false;  // The store, for this command.
  // What is damaged or could not be written, a line each. They go to standard
  // error behind the output, and the exit status is 1. Empty if all is well.
  std::vector<std::string> damage = {};
};

// What a command line asks for.
struct Command {
  // Does the work. An error ends the program with its message on standard error
  // and exit status 1.
  std::function<absl::Status(Session&)> run;
  // If there is one, the store is created if there is none, unless this returns
  // an error, which then ends the program likewise.
  std::function<absl::Status()> before_creating = nullptr;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_SESSION_H_

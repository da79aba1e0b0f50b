#ifndef IRENEO_TESTS_CRASH_FAULT_ACTIONS_H_
#define IRENEO_TESTS_CRASH_FAULT_ACTIONS_H_

// What is done to a store while something beneath it fails, whatever that is:
// file_fault_test fails the store's own files, vfs_fault_test those of SQLite.
// Each action expects clean statuses and right values; what it was told about
// is checked afterwards.

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/memo/memo_store.h"

namespace ireneo::testing {

// A folder with a store of some calls and blobs, to be copied for each trial.
void MakeWholeStore(const std::filesystem::path& directory);

// Opens the store as another process would: all that MakeWholeStore finished is
// there, but what actions forget; it can be written to; and nothing in it is
// damaged.
void CheckWholeStore(const std::filesystem::path& directory);

// A status that says what happened.
void ExpectClean(const absl::Status& status);

// `name` is one of a test. `run` meets the faults. `check` sees the store
// afterwards, still open, without more of them, and judges what `run` was told:
// it comes after each `run`, in the same order.
struct FaultAction {
  std::string name;
  std::function<void(const MemoStore& store)> run;
  std::function<void(const MemoStore& store)> check = nullptr;
};

void PrintTo(const FaultAction& action, std::ostream* out);

std::vector<FaultAction> FaultActions();

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_CRASH_FAULT_ACTIONS_H_

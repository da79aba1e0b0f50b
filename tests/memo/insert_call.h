#ifndef IRENEO_TESTS_MEMO_INSERT_CALL_H_
#define IRENEO_TESTS_MEMO_INSERT_CALL_H_

// Puts calls that nobody made into a store, with the times and callees that a
// test wants.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/digest.h"

namespace ireneo::testing {

struct TestValue {
  std::string name = {};  // Of an argument.
  std::string type = "f64";
  std::string bytes = {};
  bool kept = true;
};

struct TestCall {
  std::string function;
  std::vector<TestValue> arguments = {};
  TestValue result = {};
  absl::Time created = absl::UnixEpoch();
  absl::Duration elapsed = absl::Milliseconds(1);
  std::vector<Digest> callees = {};
  std::optional<std::uint64_t> seed = std::nullopt;
  std::string version = "1";
};

// Returns its key; a test failure if it cannot be remembered.
Digest InsertCall(const MemoStore& store, const TestCall& call);

// Counts a hit at that time.
void InsertHit(const MemoStore& store, const Digest& key, absl::Time time);

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_MEMO_INSERT_CALL_H_

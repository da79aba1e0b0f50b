#include "tests/memo/insert_call.h"

#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/sink.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

StagedBlob Stage(const MemoStore& store, const std::string& bytes) {
  absl::StatusOr<StagedBlob> staged = store.state().blobs().Stage(
      [&](Sink& sink) { sink.Write(std::as_bytes(std::span(bytes))); });
  EXPECT_THAT(staged, IsOk());
  return *std::move(staged);
}

}  // namespace

Digest InsertCall(const MemoStore& store, const TestCall& call) {
  FunctionIdentity identity{.name = call.function,
                            .version = call.version,
                            .result_type = call.result.type};
  std::vector<std::string> names;
  std::vector<Digest> digests;
  std::vector<internal::NewCall::Argument> arguments;
  for (const TestValue& value : call.arguments) {
    identity.argument_types.push_back(value.type);
    names.push_back(value.name);
    digests.push_back(Digest::Of(value.bytes));
    arguments.push_back({.digest = digests.back()});
    if (!value.kept) continue;
    // A small one stands in the record.
    arguments.back().kept =
        value.bytes.size() <= internal::MemoIndex::kSmallValue
            ? StagedBlob{.digest = digests.back(),
                         .size = value.bytes.size(),
                         .inline_bytes = value.bytes}
            : Stage(store, value.bytes);
  }
  const Digest function = FunctionDigest(identity);
  const Digest key = CallKey(function, digests, call.seed);
  internal::NewCall made{.key = key,
                         .function_digest = function,
                         .function = &identity,
                         .argument_names = &names,
                         .arguments = std::move(arguments),
                         .result = Stage(store, call.result.bytes),
                         .seed = call.seed,
                         .elapsed = call.elapsed,
                         .spent = absl::Microseconds(30),
                         .created = call.created,
                         .environment = R"({"host":"ada"})",
                         .callees = call.callees};
  EXPECT_THAT(store.state().index().Insert(made), IsOk());
  return key;
}

void InsertHit(const MemoStore& store, const Digest& key, absl::Time time) {
  const internal::KeyUse use = {
      .key = key, .hits = 1, .spent = absl::Microseconds(5), .last = time};
  EXPECT_THAT(store.state().index().AddUses({use}, IfBusy::kWait), IsOk());
}

}  // namespace ireneo::testing

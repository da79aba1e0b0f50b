#include "ireneo/memo/archive_calls.h"

#include <utility>

#include "ireneo/store/status_macros.h"

namespace ireneo::internal {

absl::Status ArchivedCalls::Add(CallLine&& line, std::string_view environment,
                                StageFn stage) {
  CallRecord& call = line.call;
  NewCall added;
  IRENEO_ASSIGN_OR_RETURN(
      added.result, stage(call.result, call.result_size, call.small_result));
  added.arguments.reserve(call.arguments.size());
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const ArgumentRecord& argument = call.arguments[i];
    NewCall::Argument& kept = added.arguments.emplace_back();
    kept.digest = argument.digest;
    if (!argument.kept) continue;
    IRENEO_ASSIGN_OR_RETURN(
        kept.kept,
        stage(argument.digest, line.kept_sizes[i], argument.small_value));
  }
  added.key = call.key;
  added.function_digest = line.function_digest;
  added.seed = call.seed;
  added.elapsed = call.elapsed;
  added.spent = call.spent;
  added.created = call.created_at;
  added.callees = std::move(call.callees);
  // The names of arguments that an index has, given later maybe, stay.
  added.describe_function = false;
  std::unique_ptr<Function>& function = functions_[line.function_digest];
  if (function == nullptr) {
    function = std::make_unique<Function>();
    function->identity = IdentityOf(call);
    function_bytes_ += call.function.size() + call.version.size();
    for (const auto& [name, value] : call.salts) {
      function_bytes_ += name.size() + value.size();
    }
    for (ArgumentRecord& argument : call.arguments) {
      function_bytes_ += argument.name.size() + argument.type.size();
      function->argument_names.push_back(std::move(argument.name));
    }
  }
  added.function = &function->identity;
  added.argument_names = &function->argument_names;
  if (environments_.empty() || *environments_.back() != environment) {
    environments_.push_back(std::make_unique<std::string>(environment));
    bytes_ += environment.size();
  }
  added.environment = *environments_.back();
  bytes_ += sizeof(NewCall) + added.result.inline_bytes.size() +
            added.callees.size() * Digest::kSize;
  for (const NewCall::Argument& argument : added.arguments) {
    bytes_ += sizeof argument;
    if (argument.kept.has_value()) bytes_ += argument.kept->inline_bytes.size();
  }
  calls_.push_back(std::move(added));
  return absl::OkStatus();
}

void ArchivedCalls::Clear() {
  calls_.clear();
  environments_.clear();
  bytes_ = 0;
  // Of an archive with more functions than anybody has.
  constexpr std::uint64_t kFunctionBytes = 8 << 20;
  if (function_bytes_ > kFunctionBytes) {
    functions_.clear();
    function_bytes_ = 0;
  }
}

}  // namespace ireneo::internal

#include "ireneo/memo/function_state.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <exception>
#include <new>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::uint64_t kSmallArgument = 64 << 10;

// Whether the index, which keeps such things as JSON, could give it back.
bool IsUtf8(const std::string& text) {
  boost::system::error_code error;
  boost::json::parse(boost::json::serialize(boost::json::string(text)), error);
  return !error;
}

absl::Status CheckOptions(const MemoizeOptions& options,
                          std::size_t parameters) {
  if (options.name.empty()) {
    return absl::InvalidArgumentError(
        "a memoized function has an empty name: set MemoizeOptions::name");
  }
  if (!options.argument_names.empty() &&
      options.argument_names.size() != parameters) {
    return absl::InvalidArgumentError(
        absl::StrCat("memoized function ", options.name, " has ", parameters,
                     " parameters and ", options.argument_names.size(),
                     " argument names: give one for each, or none"));
  }
  std::vector<std::string> texts = options.argument_names;
  texts.insert(texts.end(), {options.name, options.version});
  texts.insert(texts.end(), options.callees.begin(), options.callees.end());
  for (const auto& [name, value] : options.salts) {
    texts.insert(texts.end(), {name, value});
  }
  for (const std::string& text : texts) {
    if (!IsUtf8(text)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "memoized function ", absl::CHexEscape(options.name), " has '",
          absl::CHexEscape(text),
          "' in its options, which is not UTF-8: write bytes as hex digits"));
    }
  }
  return absl::OkStatus();
}

// The call of `key`, or the same call of a time when the result's type had an
// older name.
absl::StatusOr<std::optional<FoundCall>> FindCall(
    const FunctionState& function, const Digest& key,
    std::span<const HashedArgument> arguments, bool load) {
  MemoIndex& index = function.store().state().index();
  IRENEO_ASSIGN_OR_RETURN(std::optional<FoundCall> found,
                          index.Find(key, load));
  if (found.has_value()) return found;
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  for (const OldFunction& old : old_functions) {
    IRENEO_ASSIGN_OR_RETURN(found,
                            index.Find(KeyOf(old.digest, arguments), load));
    if (!found.has_value()) continue;
    found->old_type = &old.result_type;
    return found;
  }
  return std::nullopt;
}

}  // namespace

absl::Status NoThrow(absl::FunctionRef<absl::Status()> run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory for a stored value");
  } catch (const std::exception& e) {
    return absl::InternalError(
        absl::StrCat("a serializer threw an exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("a serializer threw an exception");
  }
}

FunctionState::FunctionState(MemoStore store, MemoizeOptions options,
                             std::string result_type, ReadsType reads_old,
                             std::vector<std::string> argument_types)
    : store_(std::move(store)),
      options_(std::move(options)),
      identity_{.name = options_.name,
                .version = options_.version,
                .callees = options_.callees,
                .salts = options_.salts,
                .result_type = std::move(result_type),
                .argument_types = std::move(argument_types)},
      digest_(FunctionDigest(identity_)),
      status_(CheckOptions(options_, identity_.argument_types.size())),
      reads_old_(reads_old) {}

Digest FunctionState::KeyOf(std::span<const HashedArgument> arguments) const {
  return internal::KeyOf(digest_, arguments);
}

absl::StatusOr<std::span<const OldFunction>> FunctionState::OldFunctions()
    const {
  if (reads_old_ == nullptr) return std::span<const OldFunction>();
  const std::lock_guard lock(mutex_);
  if (!old_functions_.has_value()) {
    IRENEO_ASSIGN_OR_RETURN(
        const std::vector<std::string> types,
        store_.state().index().ResultTypes(identity_.name, identity_.version));
    std::vector<OldFunction> old;
    for (const std::string& type : types) {
      if (type == identity_.result_type || !reads_old_(type)) continue;
      FunctionIdentity identity = identity_;
      identity.result_type = type;
      old.push_back({.result_type = type, .digest = FunctionDigest(identity)});
    }
    old_functions_ = std::move(old);
  }
  return std::span<const OldFunction>(*old_functions_);
}

bool FunctionState::Reads(const std::string& result_type) const {
  return result_type == identity_.result_type ||
         (reads_old_ != nullptr && reads_old_(result_type));
}

Digest KeyOf(const Digest& function,
             std::span<const HashedArgument> arguments) {
  // Few functions have more parameters, so this rarely allocates.
  constexpr std::size_t kFew = 16;
  std::array<Digest, kFew> few;
  std::vector<Digest> many;
  std::span<Digest> digests(few.data(), std::min(arguments.size(), kFew));
  if (arguments.size() > kFew) {
    many.resize(arguments.size());
    digests = many;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    digests[i] = arguments[i].digest;
  }
  return CallKey(function, digests);
}

bool FunctionState::Keeps(std::uint64_t size) const {
  switch (options_.keep_arguments) {
    case KeepArguments::kSmall:
      return size <= kSmallArgument;
    case KeepArguments::kAll:
      return true;
    case KeepArguments::kNone:
      return false;
  }
  return false;
}

OngoingCall::OngoingCall(const FunctionState& function,
                         const absl::Status& hashing_status,
                         std::span<const HashedArgument> arguments)
    : function_(function), arguments_(arguments) {
  for (const absl::Status& status : {function.status(), hashing_status}) {
    if (!status.ok()) {
      usable_ = false;
      Fault(status);
    }
  }
  if (usable_) key_ = function.KeyOf(arguments);
}

OngoingCall::~OngoingCall() {
  const CallObserver& observer = function_.store().state().observer();
  if (observer == nullptr) return;
  observer({.function = function_.identity().name,
            .version = function_.identity().version,
            .key = key_,
            .hit = hit_,
            .elapsed = absl::FromChrono(Clock::now() - started_),
            .compute = compute_,
            .result_bytes = result_bytes_,
            .fault = fault_});
}

void OngoingCall::Fault(absl::Status status) {
  if (!fault_.ok()) return;
  function_.store().state().CountFault();
  fault_ = std::move(status);
}

std::optional<FoundCall> OngoingCall::Find(bool load) {
  if (!usable_) return std::nullopt;
  absl::StatusOr<std::optional<FoundCall>> found =
      FindCall(function_, key_, arguments_, load);
  if (!found.ok()) {
    Fault(std::move(found).status());
    return std::nullopt;
  }
  if (found->has_value() && !(*found)->blob.ok()) {
    Damaged(**found, (*found)->blob.status());
    return std::nullopt;
  }
  return *std::move(found);
}

void OngoingCall::Hit(const FoundCall& found) {
  hit_ = true;
  compute_ = found.elapsed;
  result_bytes_ = found.result_size;
  function_.store().state().CountHit(found.key);
}

void OngoingCall::Damaged(const FoundCall& found, absl::Status why) {
  // Trouble that may pass is no reason to drop what may be good.
  const bool may_pass = absl::IsResourceExhausted(why) ||
                        absl::IsUnavailable(why) ||
                        absl::IsPermissionDenied(why) || absl::IsUnknown(why);
  Fault(std::move(why));
  // Nor is an upgrade that fails, which may be mended.
  if (may_pass || (found.old_type != nullptr && found.blob.ok())) return;
  absl::Status forgotten = function_.store().state().index().ForgetResult(
      found.key, found.result, /*lost=*/!found.blob.ok());
  if (!forgotten.ok()) Fault(std::move(forgotten));
}

void OngoingCall::StageArgument(absl::FunctionRef<void(Sink&)> write) {
  if (!usable_) return;
  const HashedArgument& hashed = arguments_[staged_.size()];
  NewCall::Argument& argument =
      staged_.emplace_back(NewCall::Argument{.digest = hashed.digest});
  if (!function_.Keeps(hashed.size)) return;
  absl::Status status = NoThrow([&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(argument.kept,
                            function_.store().state().blobs().Stage(write));
    if (argument.kept->digest != hashed.digest) {
      argument.kept.reset();
      return absl::InternalError(
          "an argument changed between hashing and storing");
    }
    return absl::OkStatus();
  });
  if (!status.ok()) Fault(std::move(status));
}

void OngoingCall::StartComputing() { computing_ = Clock::now(); }

void OngoingCall::StopComputing() {
  compute_ = absl::FromChrono(Clock::now() - computing_);
}

absl::Status OngoingCall::Remember(absl::FunctionRef<void(Sink&)> write) {
  if (!usable_) return fault_;
  StoreState& store = function_.store().state();
  absl::Status status = NoThrow([&]() -> absl::Status {
    NewCall call{.key = key_,
                 .function_digest = function_.digest(),
                 .function = &function_.identity(),
                 .argument_names = &function_.options().argument_names,
                 .arguments = std::move(staged_),
                 .result = {},
                 .elapsed = compute_,
                 .environment = store.environment(),
                 .describe_function = function_.TakeFirstTime()};
    IRENEO_ASSIGN_OR_RETURN(call.result, store.blobs().Stage(write));
    result_bytes_ = call.result.size;
    return store.index().Insert(call);
  });
  if (!status.ok()) Fault(status);
  return status;
}

absl::StatusOr<HeldResult> OngoingCall::Hold(
    absl::FunctionRef<void(Sink&)> write) const {
  std::string bytes;
  IRENEO_RETURN_IF_ERROR(NoThrow([&]() -> absl::Status {
    StringSink sink(bytes);
    write(sink);
    sink.Flush();
    return sink.status();
  }));
  const FunctionIdentity& identity = function_.identity();
  const std::vector<std::string>& names = function_.options().argument_names;
  const absl::Time now = absl::Now();
  HeldResult held{.record = {},
                  .blob = Blob::Copy(std::as_bytes(std::span(bytes)))};
  held.record.key = key_;
  held.record.function = identity.name;
  held.record.version = identity.version;
  held.record.salts = identity.salts;
  held.record.result_type = identity.result_type;
  held.record.result = Digest::Of(bytes);
  held.record.result_size = bytes.size();
  held.record.elapsed = compute_;
  held.record.created_at = now;
  held.record.last_used_at = now;
  held.record.environment = function_.store().state().environment();
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    held.record.arguments.push_back({.name = i < names.size() ? names[i] : "",
                                     .type = identity.argument_types[i],
                                     .digest = arguments_[i].digest});
  }
  return held;
}

absl::StatusOr<std::optional<FoundCall>> FindResult(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    bool load) {
  IRENEO_ASSIGN_OR_RETURN(
      std::optional<FoundCall> found,
      FindCall(function, function.KeyOf(arguments), arguments, load));
  if (!found.has_value() || found->blob.ok()) return found;
  if (!absl::IsDataLoss(found->blob.status())) return found->blob.status();
  IRENEO_RETURN_IF_ERROR(function.store().state().index().ForgetResult(
      found->key, found->result, /*lost=*/true));
  return std::nullopt;
}

absl::Status ForgetCall(const FunctionState& function,
                        std::span<const HashedArgument> arguments) {
  const MemoStore& store = function.store();
  IRENEO_RETURN_IF_ERROR(store.Forget(function.KeyOf(arguments)));
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  for (const OldFunction& old : old_functions) {
    IRENEO_RETURN_IF_ERROR(store.Forget(KeyOf(old.digest, arguments)));
  }
  return absl::OkStatus();
}

absl::StatusOr<CallRecord> FindRecord(const FunctionState& function,
                                      const Digest& key) {
  return function.store().state().index().Record(key);
}

absl::StatusOr<std::vector<CallRecord>> FindRecords(
    const FunctionState& function, bool all_versions) {
  IRENEO_RETURN_IF_ERROR(function.status());
  const FunctionIdentity& identity = function.identity();
  IRENEO_ASSIGN_OR_RETURN(
      std::vector<CallRecord> records,
      function.store().Calls(
          {.function = identity.name,
           .exact = true,
           .version = all_versions ? std::string() : identity.version}));
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  const auto is_hit = [&](const CallRecord& record) {
    std::vector<HashedArgument> arguments;
    for (const ArgumentRecord& argument : record.arguments) {
      arguments.push_back({.digest = argument.digest});
    }
    return function.KeyOf(arguments) == record.key ||
           std::any_of(old_functions.begin(), old_functions.end(),
                       [&](const OldFunction& old) {
                         return KeyOf(old.digest, arguments) == record.key;
                       });
  };
  std::erase_if(records, [&](const CallRecord& record) {
    if (!all_versions) return !is_hit(record);
    return !function.Reads(record.result_type) ||
           !std::equal(
               record.arguments.begin(), record.arguments.end(),
               identity.argument_types.begin(), identity.argument_types.end(),
               [](const ArgumentRecord& argument, const std::string& type) {
                 return argument.type == type;
               });
  });
  return records;
}

}  // namespace ireneo::internal

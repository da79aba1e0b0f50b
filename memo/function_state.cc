#include "ireneo/memo/function_state.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <mutex>
#include <new>
#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/environment.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/element_size.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/staging_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::uint64_t kSmallValue = 64 << 10;

// Whether the index, which keeps such things as JSON, could give it back.
bool IsUtf8(const std::string& text) {
  boost::system::error_code error;
  boost::json::parse(boost::json::serialize(boost::json::string(text)), error);
  return !error;
}

// From 0 to 1: processes that live for few hits audit some of them too.
double RandomShare() {
  std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>()(engine);
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
  if (!(options.audit_rate >= 0 && options.audit_rate <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "memoized function ", options.name, " has an audit_rate of ",
        options.audit_rate, ": give a share from 0 to 1"));
  }
  if (!(options.audit_tolerance >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "memoized function ", options.name, " has an audit_tolerance of ",
        options.audit_tolerance, ": give 0 or a positive number"));
  }
  if (options.max_age <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "memoized function ", options.name, " has a max_age of ",
        absl::FormatDuration(options.max_age),
        ", so that nothing could be remembered: give a positive one"));
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

PayloadHint HintOf(const std::string& type) {
  return {.element_size = ElementSizeOf(type)};
}

std::vector<PayloadHint> HintsOf(const std::vector<std::string>& types) {
  std::vector<PayloadHint> hints;
  hints.reserve(types.size());
  for (const std::string& type : types) hints.push_back(HintOf(type));
  return hints;
}

}  // namespace

absl::Status NoThrow(absl::FunctionRef<absl::Status()> run, const char* who) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory for a stored value");
  } catch (const std::exception& e) {
    return absl::InternalError(
        absl::StrCat(who, " threw an exception: ", e.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat(who, " threw an exception"));
  }
}

struct FunctionState::Rest {
  const PayloadHint result_hint;
  const std::vector<PayloadHint> argument_hints;
  const double audit_phase;
  std::atomic<std::uint64_t> audits = 0;
  std::atomic<bool> first_time = true;
  std::mutex mutex = {};
  std::optional<std::vector<OldFunction>> old_functions = std::nullopt;
};

FunctionState::FunctionState(MemoStore store, MemoizeOptions options,
                             std::string result_type, ReadsType reads_old,
                             std::vector<std::string> argument_types,
                             const Compilation& compilation)
    : store_(std::move(store)),
      options_(std::move(options)),
      environment_(CurrentEnvironment(compilation)),
      environment_json_(ToJson(environment_)),
      identity_{
          .name = options_.name,
          .version = options_.version,
          .callees = options_.callees,
          .salts = options_.salts,
          .environment = EnvironmentInKey(environment_, options_.environment),
          .result_type = std::move(result_type),
          .argument_types = std::move(argument_types)},
      digest_(FunctionDigest(identity_)),
      status_(CheckOptions(options_, identity_.argument_types.size())),
      reads_old_(reads_old),
      rest_(new Rest{
          .result_hint = HintOf(identity_.result_type),
          .argument_hints = HintsOf(identity_.argument_types),
          .audit_phase = options_.audit_rate > 0 ? RandomShare() : 0}) {
  // A mistake in the program, and nobody would be told.
  if (!status_.ok() && store_.state().observer() == nullptr) {
    std::fprintf(stderr, "ireneo: %s; every call computes\n",
                 std::string(status_.message()).c_str());
  }
}

FunctionState::~FunctionState() = default;

std::shared_ptr<const FunctionState> MakeFunctionState(
    MemoStore store, MemoizeOptions options, std::string result_type,
    ReadsType reads_old, std::vector<std::string> argument_types,
    const Compilation& compilation) {
  return std::make_shared<const FunctionState>(
      std::move(store), std::move(options), std::move(result_type), reads_old,
      std::move(argument_types), compilation);
}

Digest FunctionState::KeyOf(std::span<const HashedArgument> arguments,
                            std::optional<std::uint64_t> seed) const {
  return internal::KeyOf(digest_, arguments, seed);
}

CallRecord FunctionState::RecordOf(const Digest& key,
                                   std::span<const HashedArgument> arguments,
                                   std::optional<std::uint64_t> seed) const {
  const std::vector<std::string>& names = options_.argument_names;
  CallRecord record;
  record.key = key;
  record.function = identity_.name;
  record.version = identity_.version;
  record.callee_versions = identity_.callees;
  record.salts = identity_.salts;
  record.environment_in_key = identity_.environment;
  record.seed = seed;
  record.result_type = identity_.result_type;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    record.arguments.push_back({.name = i < names.size() ? names[i] : "",
                                .type = identity_.argument_types[i],
                                .digest = arguments[i].digest});
  }
  return record;
}

bool FunctionState::TakeAudit() const {
  if (options_.audit_rate == 0) return false;
  const auto n = static_cast<double>(
      rest_->audits.fetch_add(1, std::memory_order_relaxed));
  const auto audited = [&](double hits) {
    return std::floor(hits * options_.audit_rate + rest_->audit_phase);
  };
  return audited(n + 1) > audited(n);
}

absl::StatusOr<std::span<const OldFunction>> FunctionState::OldFunctions()
    const {
  if (reads_old_ == nullptr) return std::span<const OldFunction>();
  const std::lock_guard lock(rest_->mutex);
  if (!rest_->old_functions.has_value()) {
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
    rest_->old_functions = std::move(old);
  }
  return std::span<const OldFunction>(*rest_->old_functions);
}

bool FunctionState::Reads(const std::string& result_type) const {
  return result_type == identity_.result_type ||
         (reads_old_ != nullptr && reads_old_(result_type));
}

Digest KeyOf(const Digest& function, std::span<const HashedArgument> arguments,
             std::optional<std::uint64_t> seed) {
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
  return CallKey(function, digests, seed);
}

bool FunctionState::TakeFirstTime() const {
  return rest_->first_time.exchange(false, std::memory_order_relaxed);
}

StageOptions FunctionState::ResultStaging() const {
  return {.compression = options_.compression, .hint = rest_->result_hint};
}

StageOptions FunctionState::ArgumentStaging(std::size_t i) const {
  return {.compression = options_.compression,
          .hint = rest_->argument_hints[i]};
}

absl::Time FunctionState::OldestUsable() const {
  return options_.max_age == absl::InfiniteDuration()
             ? absl::InfinitePast()
             : absl::Now() - options_.max_age;
}

bool FunctionState::Keeps(std::uint64_t size) const {
  switch (options_.keep_arguments) {
    case KeepArguments::kSmall:
      return size <= kSmallValue;
    case KeepArguments::kAll:
      return true;
    case KeepArguments::kNone:
      return false;
  }
  return false;
}

absl::StatusOr<std::optional<FoundCall>> FindCall(
    const FunctionState& function, const Digest& key,
    std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed, bool load) {
  StoreState& store = function.store().state();
  const absl::Time oldest = function.OldestUsable();
  IRENEO_ASSIGN_OR_RETURN(std::optional<FoundCall> found,
                          store.Find(key, load, oldest));
  if (found.has_value()) return found;
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  for (const OldFunction& old : old_functions) {
    IRENEO_ASSIGN_OR_RETURN(
        found, store.Find(KeyOf(old.digest, arguments, seed), load, oldest));
    if (!found.has_value()) continue;
    found->old_type = &old.result_type;
    return found;
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<FoundCall>> FindResult(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed, bool load) {
  IRENEO_ASSIGN_OR_RETURN(std::optional<FoundCall> found,
                          FindCall(function, function.KeyOf(arguments, seed),
                                   arguments, seed, load));
  if (!found.has_value() || found->blob.ok()) return found;
  if (!absl::IsDataLoss(found->blob.status()) &&
      !absl::IsNotFound(found->blob.status())) {  // It was removed meanwhile.
    return found->blob.status();
  }
  IRENEO_RETURN_IF_ERROR(function.store().state().ForgetResult(
      found->key, found->result, /*lost=*/true));
  return std::nullopt;
}

absl::Status ForgetCall(const FunctionState& function,
                        std::span<const HashedArgument> arguments,
                        std::optional<std::uint64_t> seed) {
  StoreState& store = function.store().state();
  IRENEO_RETURN_IF_ERROR(store.Forget(function.KeyOf(arguments, seed)));
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  for (const OldFunction& old : old_functions) {
    IRENEO_RETURN_IF_ERROR(store.Forget(KeyOf(old.digest, arguments, seed)));
  }
  return absl::OkStatus();
}

absl::Status ForgetCalls(const FunctionState& function) {
  IRENEO_RETURN_IF_ERROR(function.status());
  StoreState& store = function.store().state();
  IRENEO_RETURN_IF_ERROR(store.ForgetFunction(function.digest()));
  IRENEO_ASSIGN_OR_RETURN(const std::span<const OldFunction> old_functions,
                          function.OldFunctions());
  for (const OldFunction& old : old_functions) {
    IRENEO_RETURN_IF_ERROR(store.ForgetFunction(old.digest));
  }
  return absl::OkStatus();
}

absl::StatusOr<CallRecord> FindRecord(const FunctionState& function,
                                      const Digest& key) {
  StoreState& store = function.store().state();
  IRENEO_RETURN_IF_ERROR(store.FlushBatch());
  return store.index().Record(key);
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
    return function.KeyOf(arguments, record.seed) == record.key ||
           std::any_of(old_functions.begin(), old_functions.end(),
                       [&](const OldFunction& old) {
                         return KeyOf(old.digest, arguments, record.seed) ==
                                record.key;
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

#ifndef IRENEO_MEMO_REMEMBERED_H_
#define IRENEO_MEMO_REMEMBERED_H_

// Handles to results that are in a store: what `f.Recall(...)` and `f.Calls()`
// return. They know everything about a result but its bytes, which they load
// when asked.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/memo/call_table.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/source.h"

namespace ireneo {

class Registry;  // serializers/registry.h

namespace internal {

// Reads the value that is all of `blob`, stored under the older name
// `old_type` if that is not null.
template <typename T>
absl::StatusOr<T> Decode(Blob blob, const std::string* old_type = nullptr) {
  std::string_view type;
  if (old_type != nullptr) type = *old_type;
  const StoredAs stored_as(old_type == nullptr ? nullptr : &type);
  Source source(std::move(blob));
  absl::StatusOr<T> value = ireneo::Read<T>(source);
  if (value.ok()) {
    if (absl::Status status = source.Finish(); !status.ok()) return status;
  }
  return value;
}

// The same for one that was stored under the name `type`, old or new.
template <typename T>
absl::StatusOr<T> DecodeAs(const std::string& type, Blob blob) {
  return Decode<T>(std::move(blob), type == TypeName<T>() ? nullptr : &type);
}

}  // namespace internal

// A result of type `R` in a store, or in memory if the store would not take it.
// Memoized functions take it where they take an `R`, and neither load nor hash
// it unless they compute. Keeps the store open. Thread-compatible.
template <typename R>
class Remembered {
 public:
  // `held` are the result's bytes, if the store would not take them.
  Remembered(MemoStore store, CallRecord record,
             std::optional<Blob> held = std::nullopt)
      : store_(std::move(store)),
        record_(std::move(record)),
        held_(std::move(held)) {}

  // The digest of the result's bytes.
  const Digest& digest() const { return record_.result; }

  // The call whose result this is.
  const CallRecord& record() const { return record_; }

  // The result is a blob of this store.
  bool IsIn(const MemoStore& store) const {
    return !held_.has_value() && &store.state() == &store_.state();
  }

  // The bytes of the result. Errors: as `Load`.
  absl::StatusOr<Blob> Bytes() const {
    if (held_.has_value()) return *held_;
    return store_.ResultBytes(record_);
  }

  // The result. Errors: DataLoss if it was damaged, NotFound if it was removed,
  // since the handle was made: calling the function again computes it anew.
  absl::StatusOr<R> Load() const {
    absl::StatusOr<Blob> blob = Bytes();
    if (!blob.ok()) return std::move(blob).status();
    return internal::DecodeAs<R>(record_.result_type, *std::move(blob));
  }

  // The result in place, not copied; see `ireneo::View`. Errors: as `Load`;
  // FailedPrecondition if it was stored under an older name of its type.
  template <typename T = R>
  requires Viewable<T> && std::same_as<T, R> absl::StatusOr<ireneo::View<T>>
  View()
  const {
    if (record_.result_type != TypeName<T>()) {
      return absl::FailedPreconditionError(
          absl::StrCat("result ", digest().ToString(), " was stored as a ",
                       record_.result_type, ": load it as a ", TypeName<T>()));
    }
    absl::StatusOr<Blob> blob = Bytes();
    if (!blob.ok()) return std::move(blob).status();
    return ireneo::View<T>::Of(*std::move(blob));
  }

 private:
  MemoStore store_;
  CallRecord record_;
  std::optional<Blob> held_;
};

// One remembered call of a function that returns `R` (or StatusOr of it) and
// takes parameters of types `Args`. Thread-compatible.
template <typename R, typename... Args>
class TypedCall {
 public:
  TypedCall(MemoStore store, CallRecord record)
      : store_(std::move(store)), record_(std::move(record)) {}

  // The value of parameter `I`, counted from 0; what a parameter views is
  // returned as an owning value, as std::string for std::string_view.
  //
  // Errors: NotFound if it was not kept; DataLoss if it was damaged.
  template <std::size_t I>
  auto argument() const {
    using T = StoredType<
        std::remove_cvref_t<std::tuple_element_t<I, std::tuple<Args...>>>>;
    const ArgumentRecord& argument = record_.arguments[I];
    absl::StatusOr<Blob> bytes = store_.ArgumentBytes(argument);
    if (!bytes.ok()) return absl::StatusOr<T>(std::move(bytes).status());
    return internal::DecodeAs<T>(argument.type, *std::move(bytes));
  }

  // The result. Errors: NotFound if it was removed; DataLoss if it was damaged.
  absl::StatusOr<R> result() const {
    absl::StatusOr<Blob> blob = store_.ResultBytes(record_);
    if (!blob.ok()) return std::move(blob).status();
    return internal::DecodeAs<R>(record_.result_type, *std::move(blob));
  }

  // What computing it took.
  absl::Duration elapsed() const { return record_.elapsed; }

  // What `Seeded` was called with, if it was.
  const std::optional<std::uint64_t>& seed() const { return record_.seed; }

  const CallRecord& record() const { return record_; }
  const MemoStore& store() const { return store_; }

 private:
  MemoStore store_;
  CallRecord record_;
};

// A list of calls that may have failed to be read. Like a stream it can be
// walked at once, and be asked afterwards whether that was all; like a StatusOr
// it can be asked first.
//
//     for (const auto& call : f.Calls()) { ... }
template <typename Call>
class CallList {
 public:
  explicit CallList(absl::Status status) : status_(std::move(status)) {}
  explicit CallList(std::vector<Call> calls) : calls_(std::move(calls)) {}

  // If not OK, the list is empty.
  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

  auto begin() const { return calls_.begin(); }
  auto end() const { return calls_.end(); }
  std::size_t size() const { return calls_.size(); }
  bool empty() const { return calls_.empty(); }
  const Call& operator[](std::size_t i) const { return calls_[i]; }

  const std::vector<Call>& operator*() const& { return calls_; }
  std::vector<Call> operator*() && { return std::move(calls_); }
  const std::vector<Call>* operator->() const { return &calls_; }

  // The calls as a table for other programs; memo/call_table.h says what is in
  // it. Values are shown by the codecs that are built in, or by `registry`.
  //
  // Errors: `status()`; DataLoss if a value is damaged or gone, and the table
  // is complete all the same; Unavailable if the stream fails.
  absl::Status WriteCsv(std::ostream& out,
                        const Registry* registry = nullptr) const {
    return Write(internal::CallTableFormat::kCsv, registry, out);
  }
  absl::Status WriteJson(std::ostream& out,
                         const Registry* registry = nullptr) const {
    return Write(internal::CallTableFormat::kJson, registry, out);
  }

 private:
  absl::Status Write(internal::CallTableFormat format, const Registry* registry,
                     std::ostream& out) const {
    if (!ok()) return status_;
    std::vector<const CallRecord*> records;
    records.reserve(calls_.size());
    for (const Call& call : calls_) records.push_back(&call.record());
    return internal::WriteCalls(
        format, calls_.empty() ? nullptr : &calls_.front().store(), records,
        registry, out);
  }

  absl::Status status_;
  std::vector<Call> calls_;
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_REMEMBERED_H_

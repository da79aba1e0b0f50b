#ifndef IRENEO_TESTS_FUZZ_CHECK_H_
#define IRENEO_TESTS_FUZZ_CHECK_H_

// What fuzz targets demand of readers, whatever the bytes: a value or DataLoss,
// and of a value, bytes that are read as the same value. A demand that is not
// met ends the program, which is how a fuzzer notices.

#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo::fuzz {

inline void Check(bool ok, std::string_view what) {
  if (ok) return;
  std::cerr << "fuzz: not so: " << what << std::endl;
  std::abort();
}

inline const Registry& BuiltinRegistry() {
  static const Registry& registry = *[] {
    auto* made = new Registry;
    Check(AddBuiltinCodecs(*made).ok(), "the codecs have different names");
    return made;
  }();
  return registry;
}

inline Blob BlobOf(std::string_view bytes) {
  return Blob::Copy(std::as_bytes(std::span(bytes)));
}

// An error that is not DataLoss would blame the caller for bad bytes.
inline void CheckIsDataLoss(const absl::Status& status) {
  Check(status.code() == absl::StatusCode::kDataLoss,
        "bad bytes are DataLoss; found " + status.ToString());
}

template <typename T>
absl::StatusOr<T> FromBytes(std::string_view bytes) {
  Source source(BlobOf(bytes));
  absl::StatusOr<T> value = Read<T>(source);
  if (value.ok() && !source.Finish().ok()) return source.Finish();
  return value;
}

template <typename T>
std::string BytesOf(const T& value) {
  std::string bytes;
  StringSink sink(bytes);
  Write(value, sink);
  sink.Flush();
  Check(sink.ok(),
        "what was read can be written; found " + sink.status().ToString());
  return bytes;
}

// Whether a value may have other bytes than those that `Write` writes.
enum class Spellings { kOne, kSeveral };

// Reads all of `bytes` as a `T`, by copy and in place, and by its name alone.
template <typename T>
void CheckReading(std::string_view bytes, Spellings spellings,
                  const Registry& registry) {
  const absl::StatusOr<T> value = FromBytes<T>(bytes);
  if constexpr (Viewable<T>) {
    const absl::StatusOr<View<T>> view = View<T>::Of(BlobOf(bytes));
    Check(!view.ok() || (value.ok() && BytesOf(*view) == BytesOf(*value)),
          "a view is what is read");
    Check(view.ok() || !value.ok() ||
              view.status().code() == absl::StatusCode::kFailedPrecondition,
          "what is read can be viewed, or is not aligned");
  }
  if (!value.ok()) return CheckIsDataLoss(value.status());
  const std::string written = BytesOf(*value);
  if (spellings == Spellings::kOne) {
    Check(written == bytes, "only what is written is read: " + TypeName<T>());
  }
  const absl::StatusOr<T> again = FromBytes<T>(written);
  Check(again.ok() && BytesOf(*again) == written,
        "what is written is read as the same value: " + TypeName<T>());
  std::string json;
  StringSink sink(json);
  const absl::Status shown = registry.Export(TypeName<T>(), BlobOf(written),
                                             ExportFormat::kJson, sink);
  Check(shown.ok(), "what is read can be shown; found " + shown.ToString());
}

}  // namespace ireneo::fuzz

#endif  // IRENEO_TESTS_FUZZ_CHECK_H_

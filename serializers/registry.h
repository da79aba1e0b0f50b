#ifndef IRENEO_SERIALIZERS_REGISTRY_H_
#define IRENEO_SERIALIZERS_REGISTRY_H_

// Values for people who have only a blob and the permanent name of its type,
// as the `ireneo` command has:
//
//     ireneo::Registry registry;
//     absl::Status status = ireneo::AddBuiltinCodecs(registry);
//     absl::StatusOr<ireneo::Description> description =
//         registry.Describe("vector<tuple<f64,string>>", blob);
//     if (description.ok()) std::cout << ireneo::ToText(*description);
//     status = registry.Export("vector<tuple<f64,string>>", blob,
//                              ireneo::ExportFormat::kCsv, sink);
//
// A program that knows its types reads values with serializers/serializer.h
// instead. A description is a look at a value, not the value: long arrays and
// strings are cut and numbers are rounded to double. An export has all of it.
//
// Neither promises that a serializer accepts what could be shown: the order of
// the elements of sets and maps is not checked, nor what only a type's own
// `Read` knows, unless it was added by `Add<T>`.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/serializers/codec.h"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"

namespace ireneo {

enum class ExportFormat {
  // One line: all of what a preview shows, with numbers that read back as they
  // were (serializers/scalar_type.h), but a variant is {"index": 1, "value":
  // ...}, and a duration the number of its unit. A value of a type that has no
  // codec is {"type": ..., "base64": ...}.
  kJson,

  // RFC 4180. A matrix and a list of lists, tuples or structs is a row for each
  // of its rows, a list of anything else a column, a map or object rows of key
  // and value, a tuple or struct one row, a sparse matrix rows of row, column
  // and value below a header, everything else one cell. What nests deeper is
  // JSON in its cell, null an empty cell and a complex number "1.0-2.0j", which
  // NumPy reads. Strings are their bytes. A value of which only the bytes are
  // known has no such form.
  kCsv,

  // What `np.load` reads: arrays, lists of numbers and of equally long lists of
  // them, and numbers, which have no dimensions; elements all of one type that
  // NumPy has (bfloat16 as two raw bytes). Durations are their numbers.
  kNpy,

  // The bytes as they are stored.
  kRaw,
};

// Codecs by name. There is no global registry: a program makes one and passes
// it on, so a test sees only what it added.
//
// Thread-compatible: add first, then share as const.
class Registry {
 public:
  // Errors: AlreadyExists if there is a codec of that name; InvalidArgument if
  // the name is not a head with or without a format, or there is no function.
  absl::Status Add(Codec codec);

  // Adds the type `T`, which has a serializer, and with it `vector<T>` and all
  // that is composed of it. A value is read by `Serializer<T>::Read` and shown
  // as what `static boost::json::value Serializer<T>::ToJson(const T&)`
  // returns; if there is none, as what Boost.JSON converts it to; if it does
  // not, and the name lists fields, as those, of which nothing but their bytes
  // is checked; of a type with RawBytes, as its members; else as its bytes.
  //
  // Errors: AlreadyExists if there is a codec of that name; InvalidArgument if
  // it is not the name of one type, as acme.Mesh/1 is: `std::vector<Mesh>`
  // needs no adding, and `Box<f64>`, whose name has arguments, needs a codec
  // for all boxes.
  template <typename T>
  absl::Status Add() {
    absl::StatusOr<Codec> codec = internal::CodecOf<T>();
    if (!codec.ok()) return codec.status();
    return Add(*std::move(codec));
  }

  // Who adds from now on, for the error that something was added twice: "plugin
  // acme 1.2 (libacme.so)". At first, "this program".
  void SetOrigin(std::string origin) { origin_ = std::move(origin); }
  const std::string& origin() const { return origin_; }

  // The codec for values of `type`: that of its head and format. Null if there
  // is none. Valid while the registry is and nothing is added.
  const Codec* Find(const ParsedTypeName& type) const;

  // Describes the value that is all of `blob`. A struct whose name lists its
  // fields needs no codec.
  //
  // Errors: InvalidArgument if `type_name` does not parse, or its arguments
  // are not what its codec takes; NotFound if the value has a part of a type
  // that has no codec, naming that type; DataLoss if the bytes are not such a
  // value or some are left over; Internal if a codec throws; and whatever else
  // one returns.
  absl::StatusOr<Description> Describe(
      std::string_view type_name, const Blob& blob,
      const DescribeOptions& options = {}) const;

  // Whether `blob` is one value of that type. Errors: as of `Describe`.
  absl::Status Validate(std::string_view type_name, const Blob& blob) const;

  // Writes the value that is all of `blob` to `sink`, and flushes. Nothing is
  // written of a value that is damaged or that the format has no form for.
  //
  // Errors: as of `Describe`, but kJson writes what has no codec, and kRaw
  // anything; InvalidArgument if the format has no form for the value, naming
  // those that do; the sink's.
  absl::Status Export(std::string_view type_name, const Blob& blob,
                      ExportFormat format, Sink& sink) const;

  // For other outputs: tells `visitor` the value that is all of `blob`. Errors:
  // as of `Describe`.
  absl::Status Visit(std::string_view type_name, const Blob& blob,
                     ValueVisitor& visitor) const;

 private:
  friend class ValueWalk;

  struct Entry {
    Codec codec;
    std::string origin;
  };

  // The error that there is none for `type`.
  absl::Status NoCodec(const ParsedTypeName& type) const;

  std::map<std::string, Entry, std::less<>> codecs_;
  std::string origin_ = "this program";
};

// Adds every type of store/FORMAT.md, "Values", that is not a user's own.
//
// Errors: AlreadyExists if one of those names is taken.
absl::Status AddBuiltinCodecs(Registry& registry);

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_REGISTRY_H_

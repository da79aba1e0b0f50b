#ifndef IRENEO_MEMO_VALUE_VIEW_H_
#define IRENEO_MEMO_VALUE_VIEW_H_

// Looks at values of a store of which only the digest and the name of the type
// are known: arguments and results of calls. For tables and tools; a program
// that knows its types loads values (memo/remembered.h). Internal to Ireneo.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/object.hpp"
#include "boost/json/value.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"

namespace ireneo {

// Values of at most so many bytes are shown in full where programs read them:
// those that have no file of their own.
inline constexpr std::uint64_t kFullValueSize = 4096;

// One value, as far as it could be read.
struct ValueView {
  enum class State {
    kShown,
    kNotKept,  // The store never had it.
    kOpaque,   // No codec for its type; the bytes are there.
    kDamaged,  // Its bytes are gone, changed or not of its type.
  };

  State state = State::kShown;
  std::string type;
  Digest digest;
  std::optional<std::uint64_t> size;  // Bytes.
  Description description;            // If shown.
  absl::Status why;                   // If opaque or damaged.
  // If they are at most `kFullValueSize`; if it is not shown and was looked at
  // fully, in any case.
  std::optional<Blob> bytes = {};
};

// How close to look.
enum class Attention {
  kGlance,  // For a list: a short preview, no statistics. Large values are not
            // read and so not checked either.
  kFull,
};

// Remembers what it saw of blobs. Not thread-safe.
class ValueViewer {
 public:
  // Both must outlive the viewer.
  ValueViewer(const MemoStore& store, const Registry& registry,
              Attention attention)
      : store_(store), registry_(registry), attention_(attention) {}

  const Registry& registry() const { return registry_; }

  ValueView LookAtArgument(const ArgumentRecord& argument);

  ValueView LookAtResult(const CallRecord& call);

  // Any blob that is said to be a value of that type.
  ValueView LookAtBlob(const std::string& type, const Digest& digest);

  // What `bytes`, which somebody has looked for, are as a value of that type.
  ValueView Look(const std::string& type, const Digest& digest,
                 const absl::StatusOr<Blob>& bytes) const;

 private:
  ValueView ReadBlob(const std::string& type, const Digest& digest) const;

  const MemoStore& store_;
  const Registry& registry_;
  const Attention attention_;
  std::map<std::pair<Digest, std::string>, ValueView> seen_;
};

// All of the value, as `ExportFormat::kJson` has it; nullopt if it was not
// shown or has more than `kFullValueSize` bytes.
std::optional<boost::json::value> FullValue(const ValueView& view,
                                            const Registry& registry);

// type, digest, bytes, shape, preview, value (in full) and error; what is
// unknown is null. With `statistics`, also those.
boost::json::object ToJson(const ValueView& view, const Registry& registry,
                           bool statistics);

}  // namespace ireneo

#endif  // IRENEO_MEMO_VALUE_VIEW_H_

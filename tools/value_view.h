#ifndef IRENEO_TOOLS_VALUE_VIEW_H_
#define IRENEO_TOOLS_VALUE_VIEW_H_

// Looks at values of a store, of which only the digest and the name of the type
// are known: an argument or a result of a call.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "boost/json/object.hpp"
#include "ireneo/memo/memo_store.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"

namespace ireneo::tools {

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
  Blob bytes = {};                    // If not shown and looked at fully.
};

// How close to look.
enum class Attention {
  kGlance,  // For a list: a short preview, no statistics. Large values are not
            // read and so not checked either.
  kFull,
};

// Remembers what it saw. Not thread-safe.
class ValueViewer {
 public:
  // Both must outlive the viewer.
  ValueViewer(const MemoStore& store, const Registry& registry,
              Attention attention)
      : store_(store), registry_(registry), attention_(attention) {}

  // The reference is valid while the viewer is.
  const ValueView& Look(const std::string& type, const Digest& digest);

  // A value that was not kept.
  static ValueView NotKept(const std::string& type, const Digest& digest);

 private:
  ValueView Read(const std::string& type, const Digest& digest) const;

  const MemoStore& store_;
  const Registry& registry_;
  const Attention attention_;
  std::map<std::pair<Digest, std::string>, ValueView> seen_;
};

// A type in few words, an array with its shape if that is known: "f64[3x4]" for
// "eigen<<f8,?,?,F>/1", "f64[?]" for "vector<f64>", "acme.Params/1" for
// "acme.Params/1{f64,i32}".
std::string TypeLabel(const std::string& type, const std::string& shape = "");

// For a cell of a table: the value if it is short, else its type and shape.
std::string ValueLabel(const ValueView& view);

// The same for a result, always with its type: "f64 -192.482".
std::string ResultLabel(const ValueView& view);

// type, digest, bytes, shape, preview and error; what is unknown is null. With
// `statistics`, also those.
boost::json::object ToJson(const ValueView& view, bool statistics);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_VALUE_VIEW_H_

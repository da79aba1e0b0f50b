#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/store/blob.h"
#include "ireneo/tools/blob_uses.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/json_text.h"
#include "ireneo/tools/npy_type.h"
#include "ireneo/tools/show.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

// What a blob is: the same bytes may be values of several types.
struct BlobView {
  Digest digest;
  absl::StatusOr<Blob> blob;
  std::vector<ValueView> values;  // One for each type.
  std::vector<BlobUse> uses;
  bool guessed = false;  // The type is none that a call told.
};

std::string ToText(const BlobView& view, const MemoStore& store,
                   std::size_t width) {
  Sheet sheet;
  sheet.Add("blob", view.digest.ToString());
  if (view.blob.ok()) sheet.Add("size", HumanBytes(view.blob->size()));
  const std::string file = BlobFile(store, view.digest);
  if (!file.empty()) sheet.Add("file", file);
  for (const ValueView& value : view.values) {
    sheet.Add("type",
              absl::StrCat(value.type,
                           view.guessed ? ", guessed from the .npy header: no "
                                          "call has it as argument or result"
                                        : ""));
    AddValue(value, width, sheet);
  }
  if (view.values.empty()) {
    sheet.Add("type", "unknown: no call has it as argument or result");
    if (view.blob.ok()) sheet.Add("bytes", HexDump(view.blob->bytes()));
  }
  // Uses that differ in the call alone are one line.
  std::map<std::string, std::vector<Digest>> calls;
  for (const BlobUse& use : view.uses) {
    calls[absl::StrCat(use.role, " of ", use.function)].push_back(use.key);
  }
  bool first = true;
  for (const auto& [what, keys] : calls) {
    constexpr std::size_t kShown = 3;
    std::string text =
        absl::StrCat(what, ", ", keys.size() == 1 ? "call" : "calls");
    for (std::size_t i = 0; i < std::min(keys.size(), kShown); ++i) {
      absl::StrAppend(&text, i == 0 ? " " : ", ", ShortHex(keys[i]));
    }
    if (keys.size() > kShown) {
      absl::StrAppend(&text, " and ", keys.size() - kShown, " more");
    }
    sheet.Add(first ? "used as" : "", text);
    first = false;
  }
  return sheet.ToString(width);
}

json::value ToJson(const BlobView& view, const Session& session) {
  json::object object = {{"kind", "blob"},
                         {"digest", view.digest.ToString()},
                         {"bytes", nullptr},
                         {"file", nullptr}};
  if (view.blob.ok()) object["bytes"] = view.blob->size();
  const std::string file = BlobFile(session.store, view.digest);
  if (!file.empty()) object["file"] = file;
  json::array values;
  for (const ValueView& value : view.values) {
    json::object described =
        ireneo::ToJson(value, session.registry, /*statistics=*/true);
    described.erase("digest");
    described.erase("bytes");
    described["guessed"] = view.guessed;
    values.push_back(std::move(described));
  }
  object["values"] = std::move(values);
  json::array uses;
  for (const BlobUse& use : view.uses) {
    uses.push_back(json::object{{"key", use.key.ToString()},
                                {"function", use.function},
                                {"role", use.role}});
  }
  object["uses"] = std::move(uses);
  object["error"] = nullptr;
  if (!view.blob.ok()) {
    object["error"] = absl::StrCat(view.blob.status().message());
  }
  return object;
}

}  // namespace

absl::Status ShowBlob(const Digest& digest, Session& session) {
  absl::StatusOr<std::vector<BlobUse>> uses =
      FindBlobUses(session.store, digest);
  if (!uses.ok()) return uses.status();
  BlobView view = {.digest = digest,
                   .blob = session.store.Get(digest),
                   .values = {},
                   .uses = *std::move(uses)};
  if (!view.blob.ok()) {
    session.damage.emplace_back(view.blob.status().message());
  }
  ValueViewer viewer(session.store, session.registry, Attention::kFull);
  std::set<std::string> types;
  for (const BlobUse& use : view.uses) {
    if (!types.insert(use.type).second) continue;
    view.values.push_back(viewer.Look(use.type, digest, view.blob));
    const ValueView& value = view.values.back();
    if (view.blob.ok() && value.state == ValueView::State::kDamaged) {
      session.damage.push_back(
          absl::StrCat(digest.ToString(), ": ", value.why.message()));
    }
  }
  if (view.uses.empty() && view.blob.ok()) {
    const std::string type = GuessNpyType(session.registry, *view.blob);
    view.guessed = !type.empty();
    if (view.guessed)
      view.values.push_back(viewer.Look(type, digest, view.blob));
  }
  session.out.Write(session.json
                        ? ToJsonText(ToJson(view, session))
                        : ToText(view, session.store, session.out.width()));
  return absl::OkStatus();
}

}  // namespace ireneo::tools

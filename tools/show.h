#ifndef IRENEO_TOOLS_SHOW_H_
#define IRENEO_TOOLS_SHOW_H_

// The halves of `ireneo show`, a call and a blob, and what they share.

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/store/digest.h"
#include "ireneo/tools/session.h"
#include "ireneo/tools/table.h"

namespace ireneo::tools {

// Errors: NotFound; those of the store. Damage is no error but goes to
// `session.damage`.
absl::Status ShowCall(const Digest& key, Session& session);
absl::Status ShowBlob(const Digest& digest, Session& session);

// The file of a blob; empty if it has none of its own, being small or gone.
std::string BlobFile(const MemoStore& store, const Digest& digest);

// Adds what there is to see of a value: preview and statistics, or why not and
// its bytes. Matrices that would be wider than the sheet lose columns.
void AddValue(const ValueView& view, std::size_t max_width, Sheet& sheet);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_SHOW_H_

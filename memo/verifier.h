#ifndef IRENEO_MEMO_VERIFIER_H_
#define IRENEO_MEMO_VERIFIER_H_

// Reads all of a store (memo/verification.h). Internal to Ireneo.

#include "absl/status/statusor.h"
#include "ireneo/memo/verification.h"

namespace ireneo::internal {

class StoreState;

// Errors: those of the index, if it cannot even be listed.
absl::StatusOr<VerifyReport> VerifyStore(StoreState& store,
                                         const VerifyOptions& options);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_VERIFIER_H_

#ifndef IRENEO_IRENEO_H_
#define IRENEO_IRENEO_H_

// Everything that a program needs: memoized functions, the store, and the
// serializers that come with Ireneo. Programs that want to compile faster
// include the parts that they use.

#include "ireneo/memo/archive.h"                // IWYU pragma: export
#include "ireneo/memo/bind.h"                   // IWYU pragma: export
#include "ireneo/memo/build_id.h"               // IWYU pragma: export
#include "ireneo/memo/call_table.h"             // IWYU pragma: export
#include "ireneo/memo/collection.h"             // IWYU pragma: export
#include "ireneo/memo/environment.h"            // IWYU pragma: export
#include "ireneo/memo/explain.h"                // IWYU pragma: export
#include "ireneo/memo/hashed.h"                 // IWYU pragma: export
#include "ireneo/memo/lineage.h"                // IWYU pragma: export
#include "ireneo/memo/memo_store.h"             // IWYU pragma: export
#include "ireneo/memo/memoize.h"                // IWYU pragma: export
#include "ireneo/memo/memoize_options.h"        // IWYU pragma: export
#include "ireneo/memo/observer.h"               // IWYU pragma: export
#include "ireneo/memo/print_calls.h"            // IWYU pragma: export
#include "ireneo/memo/random.h"                 // IWYU pragma: export
#include "ireneo/memo/recompression.h"          // IWYU pragma: export
#include "ireneo/memo/record.h"                 // IWYU pragma: export
#include "ireneo/memo/remembered.h"             // IWYU pragma: export
#include "ireneo/memo/source_text.h"            // IWYU pragma: export
#include "ireneo/serializers/abseil.h"          // IWYU pragma: export
#include "ireneo/serializers/eigen_dense.h"     // IWYU pragma: export
#include "ireneo/serializers/eigen_diagonal.h"  // IWYU pragma: export
#include "ireneo/serializers/eigen_geometry.h"  // IWYU pragma: export
#include "ireneo/serializers/eigen_scalars.h"   // IWYU pragma: export
#include "ireneo/serializers/eigen_sparse.h"    // IWYU pragma: export
#include "ireneo/serializers/eigen_tensor.h"    // IWYU pragma: export
#include "ireneo/serializers/fields.h"          // IWYU pragma: export
#include "ireneo/serializers/json.h"            // IWYU pragma: export
#include "ireneo/serializers/plugin.h"          // IWYU pragma: export
#include "ireneo/serializers/raw_bytes.h"       // IWYU pragma: export
#include "ireneo/serializers/registry.h"        // IWYU pragma: export
#include "ireneo/serializers/scalars.h"         // IWYU pragma: export
#include "ireneo/serializers/serializer.h"      // IWYU pragma: export
#include "ireneo/serializers/standard.h"        // IWYU pragma: export
#include "ireneo/serializers/upgrade.h"         // IWYU pragma: export
#include "ireneo/store/blob.h"                  // IWYU pragma: export
#include "ireneo/store/blob_store.h"            // IWYU pragma: export
#include "ireneo/store/compression.h"           // IWYU pragma: export
#include "ireneo/store/digest.h"                // IWYU pragma: export
#include "ireneo/store/sink.h"                  // IWYU pragma: export
#include "ireneo/store/source.h"                // IWYU pragma: export

#endif  // IRENEO_IRENEO_H_

#include "tests/linking/count_keys.h"

extern "C" ireneo::testing::CountKeysFunction CountKeys;

int CountKeys(const absl::flat_hash_set<int>& keys, int count) {
  int found = 0;
  for (int key = 0; key < count; ++key) found += keys.contains(key) ? 1 : 0;
  return found;
}

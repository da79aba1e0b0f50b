#ifndef IRENEO_MEMO_INDEX_ENGINE_H_
#define IRENEO_MEMO_INDEX_ENGINE_H_

// What keeps the records of a store: chosen when it is created, for ever.

namespace ireneo {

enum class IndexEngine {
  // What the store has; for a new one kDirectory on a network file system, else
  // kSqlite.
  kAuto,
  // A database, whose log needs memory that all processes share: not on a
  // network file system.
  kSqlite,
  // A file for each record. Needs nothing but that rename and link are atomic.
  // Slower: a query reads all records, and hit counts are approximate.
  kDirectory,
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_INDEX_ENGINE_H_

#ifndef IRENEO_STORE_DURABILITY_H_
#define IRENEO_STORE_DURABILITY_H_

// What is left of finished work when the machine, and not only the program,
// stops. Killing programs loses nothing at either level.

namespace ireneo {

enum class Durability {
  // Nothing is synced to the disk. After a power cut recent work may be gone,
  // which reading finds out: it is never wrong.
  kCache,
  // What a call has acknowledged is on the disk: some syncs for each.
  kDurable,
};

}  // namespace ireneo

#endif  // IRENEO_STORE_DURABILITY_H_

#ifndef IRENEO_VERSION_H_
#define IRENEO_VERSION_H_

// The release that this tree is. The one place where it stands.

namespace ireneo {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace ireneo

#endif  // IRENEO_VERSION_H_

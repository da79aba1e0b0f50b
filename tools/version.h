#ifndef IRENEO_TOOLS_VERSION_H_
#define IRENEO_TOOLS_VERSION_H_

// The release that this tree is. The one place where it stands.

namespace ireneo::tools {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_VERSION_H_

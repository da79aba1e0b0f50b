#ifndef ACME_CONSTANTS_H_
#define ACME_CONSTANTS_H_

namespace acme {

inline constexpr double kOffset = 0.25;

}  // namespace acme

#endif  // ACME_CONSTANTS_H_

#ifndef ACME_SCALE_H_
#define ACME_SCALE_H_

namespace acme {

double Scale(double x);

}  // namespace acme

#endif  // ACME_SCALE_H_

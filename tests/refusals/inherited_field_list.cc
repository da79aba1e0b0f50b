// refused: does not list all members
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"

struct Params {
  double tolerance = 1e-9;
  std::string method = "qr";

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.method);
  };
};
struct MoreParams : Params {
  double damping = 0;
};
std::string Use() { return ireneo::TypeName<MoreParams>(); }

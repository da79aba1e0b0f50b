// refused: and the number of the format, as acme.Params/1
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"

struct Params {
  double tolerance = 1e-9;

  static constexpr char kIreneoType[] = "acme::Params";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance);
  };
};
std::string Use() { return ireneo::TypeName<Params>(); }

// refused: ireneo: a type with JsonBytes needs Boost.JSON's conversions
#include <string>

#include "ireneo/serializers/json.h"

namespace acme {
struct Config {
  double tolerance = 1e-9;
};
}  // namespace acme

template <>
struct ireneo::JsonBytes<acme::Config> : ireneo::Json<"acme.Config/1"> {};

std::string Name() { return ireneo::TypeName<acme::Config>(); }

auto Ref() { return ireneo::RefOf(acme::Config()); }

auto Read(ireneo::Source& source) { return ireneo::Read<acme::Config>(source); }

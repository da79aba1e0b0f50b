// refused: ireneo: the name in ireneo::Json must be letters, digits
#include <map>
#include <string>

#include "ireneo/serializers/json.h"

namespace acme {
struct Config : std::map<std::string, double> {};
}  // namespace acme

template <>
struct ireneo::JsonBytes<acme::Config> : ireneo::Json<"acme.Config"> {};

std::string Name() { return ireneo::TypeName<acme::Config>(); }

auto Ref() { return ireneo::RefOf(acme::Config()); }

// Canonical JSON of each line of the input, for json_python_test.py. Lines are
// in percent-encoding, as in URLs; a line that is not JSON gives "error: " and
// why.

#include <iostream>
#include <string>

#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json_text.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '%') {
        text += static_cast<char>(std::stoi(line.substr(i + 1, 2), {}, 16));
        i += 2;
      } else {
        text += line[i];
      }
    }
    const absl::StatusOr<boost::json::value> value = ireneo::ParseJson(text);
    if (value.ok()) {
      std::cout << *ireneo::CanonicalJson(*value) << '\n';
    } else {
      std::cout << "error: " << value.status().message() << '\n';
    }
  }
}

// Prints the BuildId of a function of this program, which is linked without
// one. Given a file, it first moves that over itself, as whoever installs a new
// version does while the old one runs.

#include <filesystem>
#include <iostream>

#include "ireneo/memo/build_id.h"

namespace {

double Half(double x) { return x / 2; }

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    std::filesystem::rename(argv[1],
                            std::filesystem::read_symlink("/proc/self/exe"));
  }
  std::cout << ireneo::BuildId(&Half);
}

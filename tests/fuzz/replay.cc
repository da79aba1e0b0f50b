// Runs a fuzz target on each file of a corpus and on a fixed number of
// mutations of it, the same on every run and machine: a test that needs no
// fuzzing engine.
//
// usage: replay CORPUS
//
// Every input is first written to a file, so that one which crashes is left
// behind: `input` in the test's outputs.zip, or here.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

constexpr int kMutations = 300;

// What sizes, text and padding are made of.
constexpr unsigned char kBytes[] = {0,   1,   2,   8,   64,  127, 128, 255,
                                    ' ', '"', ',', '0', '<', '[', '{', '\n'};

class Mutator {
 public:
  std::string Mutated(std::string input) {
    for (std::size_t i = Below(3) + 1; i > 0; --i) Mutate(input);
    return input;
  }

 private:
  // Not a std distribution, which differs between libraries.
  std::size_t Below(std::size_t limit) { return random_() % limit; }

  void Mutate(std::string& input) {
    if (input.empty()) return;
    const std::size_t at = Below(input.size());
    const std::size_t size = std::min(input.size() - at, Below(16) + 1);
    switch (Below(6)) {
      case 0:
        input.resize(at);
        break;
      case 1:
        input.erase(at, size);
        break;
      case 2:
        input.insert(at, input.substr(at, size));
        break;
      case 3:
        input[at] = static_cast<char>(kBytes[Below(std::size(kBytes))]);
        break;
      default:
        input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
    }
  }

  std::mt19937 random_{20240229};
};

void Run(const std::string& input, const std::filesystem::path& copy) {
  std::ofstream(copy, std::ios::binary) << input;
  // Without the zero behind a string, so that AddressSanitizer guards the end.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: replay CORPUS\n";
    return 2;
  }
  std::vector<std::filesystem::path> files(
      std::filesystem::directory_iterator(argv[1]), {});
  std::sort(files.begin(), files.end());
  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  const auto copy = std::filesystem::path(outputs ? outputs : ".") / "input";

  Mutator mutator;
  Run("", copy);
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    std::cout << path.filename().native() << ", " << input.size()
              << " bytes, and " << kMutations << " mutations" << std::endl;
    Run(input, copy);
    for (int i = 0; i < kMutations; ++i) Run(mutator.Mutated(input), copy);
  }
  std::filesystem::remove(copy);
  if (files.empty()) {
    std::cerr << argv[1] << ": no files\n";
    return 1;
  }
}

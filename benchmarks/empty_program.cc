// What starting and ending a C++ program takes: benchmarks/first_hit_benchmark.
// Reads a stream so that it is linked with the C++ library as others are.

#include <iostream>

int main() { return std::cin.good() ? 0 : 1; }

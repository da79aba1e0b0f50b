#ifndef IRENEO_TESTS_VERSIONS_TWO_H_
#define IRENEO_TESTS_VERSIONS_TWO_H_

// Two functions of a shared object.

extern "C" double Twice(double x);
extern "C" double Thrice(double x);

#endif  // IRENEO_TESTS_VERSIONS_TWO_H_

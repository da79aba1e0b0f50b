extern "C" double Twice(double x) { return 2 * x; }
extern "C" double Thrice(double x) { return 3 * x; }

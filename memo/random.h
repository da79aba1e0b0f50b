#ifndef IRENEO_MEMO_RANDOM_H_
#define IRENEO_MEMO_RANDOM_H_

// Random numbers in memoized functions. A function that is memoized draws them
// from a seed, which is part of the key:
//
//     double Estimate(std::int64_t n) {
//       std::uniform_real_distribution<double> uniform;
//       double sum = 0;
//       for (std::int64_t i = 0; i < n; ++i) sum += uniform(ireneo::Random());
//       return sum / n;
//     }
//
//     auto estimate = ireneo::Memoize(*store, {...}, Estimate);
//     double x = estimate.Seeded(42)(1'000'000);
//
// `std::srand` is called with the seed as well, for `Eigen::MatrixXd::Random`.
// It takes the low 32 bits, and glibc's takes 0 for 1. It has one state for the
// process: functions that use it must not be computed in several threads at
// once. `Random` has one for each call. std::mt19937_64 gives the same numbers
// everywhere; the distributions of <random> are those of the standard library.

#include <cstdint>
#include <memory>
#include <optional>
#include <random>

namespace ireneo {

// The engine of the memoized call that this thread computes, seeded with its
// seed. What a call computes without a seed that used this is not remembered,
// nor what calls around it make of that, and the store's observer is told.
// Outside of memoized calls, an engine of the thread with a seed from
// std::random_device.
std::mt19937_64& Random();

namespace internal {

// The random numbers of one memoized call while it computes, on this thread.
// Nested ones do not touch each other's: whether an inner call hits or is
// computed makes no difference to the outer one.
class RandomScope {
 public:
  explicit RandomScope(std::optional<std::uint64_t> seed);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

  // Whether `Random` was used without a seed, here or in a call inside.
  bool misused() const { return misused_; }

  // A memoized call inside this one ended, by computing or not. Whatever it did
  // to the state of std::rand is undone by seeding it anew, in a way that
  // depends on nothing but the seed and the number of calls so far.
  void EndOfInnerCall();

 private:
  friend std::mt19937_64& ::ireneo::Random();

  const std::optional<std::uint64_t> seed_;
  RandomScope* const outer_;
  // Made when it is first used: its state is 2.5 KB.
  std::unique_ptr<std::mt19937_64> engine_;
  bool misused_ = false;
  std::uint64_t inner_calls_ = 0;
};

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_MEMO_RANDOM_H_

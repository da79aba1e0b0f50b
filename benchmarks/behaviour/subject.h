#ifndef IRENEO_BENCHMARKS_BEHAVIOUR_SUBJECT_H_
#define IRENEO_BENCHMARKS_BEHAVIOUR_SUBJECT_H_

namespace ireneo::behaviour {

// A function that calls a helper, both of which BUILD edits.
int F(int x);

}  // namespace ireneo::behaviour

#endif  // IRENEO_BENCHMARKS_BEHAVIOUR_SUBJECT_H_

// refused: IRENEO_MEMOIZE needs the function itself, written in place

#include "ireneo/memo/source_text.h"
#include "ireneo/serializers/scalars.h"

double Half(double x) { return x / 2; }

double Call(const ireneo::MemoStore& store) {
  return IRENEO_MEMOIZE(store, "test.Half", Half)(1);
}

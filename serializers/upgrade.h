#ifndef IRENEO_SERIALIZERS_UPGRADE_H_
#define IRENEO_SERIALIZERS_UPGRADE_H_

// New formats of a type that go on reading what was stored in the old one.
//
// A type that gains a member gets a new name, and results under the old name
// would be computed again. Keep the old struct, and say how it becomes the new
// one:
//
//     struct ParamsV1 { double tolerance; ... };  // "acme.Params/1"
//     struct Params { double tolerance; int steps; ... };  // "acme.Params/2"
//
//     template <>
//     struct ireneo::Upgrade<acme::Params> {
//       using Old = acme::ParamsV1;
//       static acme::Params From(acme::ParamsV1 old) {
//         return {.tolerance = old.tolerance, .steps = 100};
//       }
//     };
//
// Results that a function of the same name and version stored as an
// "acme.Params/1", alone or inside of containers and structs, are then hits.
// Nothing is rewritten: they are upgraded each time that they are read. `From`
// may return absl::StatusOr<acme::Params>; its error makes the call a miss. The
// old type may have an `Upgrade` too.
//
// It is for results. An argument of a new format is another key. It is not for
// types with RawBytes, whose arrays are read in one piece.

#include <cstddef>
#include <string_view>

namespace ireneo {

// Specialize it, with `Old` and `From`, for a type that replaced another.
template <typename T>
struct Upgrade {};

namespace internal {

template <typename T>
concept HasUpgrade = requires {
  typename Upgrade<T>::Old;
};

// The name under which the value was stored that this thread is reading; null
// if that is the type's own. Set by `StoredAs`.
inline thread_local const std::string_view* stored_as = nullptr;

// While it lives, names and reads are those of a value stored under the name
// `type`, which must outlive it; of the types' own if it is null.
class StoredAs {
 public:
  explicit StoredAs(const std::string_view* type) : before_(stored_as) {
    stored_as = type;
  }
  ~StoredAs() { stored_as = before_; }
  StoredAs(const StoredAs&) = delete;
  StoredAs& operator=(const StoredAs&) = delete;

  // What it was before.
  const std::string_view* before() const { return before_; }

 private:
  const std::string_view* const before_;
};

// Whether `word` ("acme.Params/1", of "acme.Params/1{f64}") is the name of a
// type in `type`, and not a part of one, as of "acme.Params/12".
inline bool NamesType(std::string_view type, std::string_view word) {
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
  };
  for (std::size_t at = type.find(word); at != std::string_view::npos;
       at = type.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_part(type[at - 1])) &&
        (end == type.size() || !is_part(type[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_UPGRADE_H_

#ifndef IRENEO_MEMO_BUILD_ID_H_
#define IRENEO_MEMO_BUILD_ID_H_

// A version that changes whenever a program is linked anew with other code:
//
//     auto solve = ireneo::Memoize(
//         *store,
//         {.name = "acme.Solve", .version = ireneo::BuildId(&Solve)}, Solve);
//
// Prefer it where nothing else can be known: without Bazel, or for a function
// whose sources you do not have. It notices every change of code in the program
// or shared object that contains the function, of the compiler and its flags,
// and so computes far too often: a change anywhere else in it is one, too. With
// debug information even a comment can be.
//
// It does not see other shared objects, those that the function calls into; nor
// data that the program reads; nor anything, if the linker was given an id
// (-Wl,--build-id=0x...). An inline function or a template that several objects
// have a copy of is taken from any one of them.

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace ireneo {

namespace internal {

// As `BuildId` below; `address` is that of code.
std::string BuildIdOfCode(const void* address);

// The GNU build id in the notes of an ELF segment, empty if there is none or
// the notes are damaged. `alignment` is the segment's.
std::span<const std::byte> BuildIdInNotes(std::span<const std::byte> notes,
                                          std::size_t alignment);

}  // namespace internal

// The version of the executable or shared object that contains `function`, a
// function or a lambda without captures:
//
//   build:<hex>    its GNU build id, which the linkers of Debian put into all
//                  that they link (others: -Wl,--build-id)
//   file:<hex>     if it has none: the digest of its file
//   unknown:<hex>  if that cannot be read, or is not what was loaded: a random
//                  number, another one each time, so that no result of other
//                  code is ever hit
//
// The last also if the program was linked with -no-pie and the function is in a
// shared object: its address is then one in the program.
//
// Thread-safe. Takes about a microsecond for a build id; for a file the time to
// read and hash it, a tenth of a millisecond and more, each time.
template <typename F>
requires std::is_function_v<
    std::remove_pointer_t<decltype(+std::declval<const F&>())>>
    std::string BuildId(const F& function) {
  return internal::BuildIdOfCode(reinterpret_cast<const void*>(+function));
}

}  // namespace ireneo

#endif  // IRENEO_MEMO_BUILD_ID_H_

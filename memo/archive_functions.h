#ifndef IRENEO_MEMO_ARCHIVE_FUNCTIONS_H_
#define IRENEO_MEMO_ARCHIVE_FUNCTIONS_H_

// Of which functions the calls of an archive are. Internal to Ireneo.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ireneo/memo/archive_contents.h"

namespace ireneo::internal {

// Counts calls by function. Not thread-safe.
class ArchiveFunctions {
 public:
  // Counts a call. Returns whether that version of the function is new.
  bool Add(const std::string& name, const std::string& version) {
    Function& function = functions_[name];
    ++function.calls;
    return function.versions.insert(version).second;
  }

  // As the description of an archive has them.
  std::vector<ArchiveContents::Function> Sorted() const {
    std::vector<ArchiveContents::Function> sorted;
    for (const auto& [name, function] : functions_) {
      sorted.push_back(
          {.name = name,
           .versions = {function.versions.begin(), function.versions.end()},
           .calls = function.calls});
    }
    return sorted;
  }

 private:
  struct Function {
    std::set<std::string> versions;
    std::int64_t calls = 0;
  };

  std::map<std::string, Function> functions_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_FUNCTIONS_H_

#ifndef IRENEO_TOOLS_ARCHIVE_VIEW_H_
#define IRENEO_TOOLS_ARCHIVE_VIEW_H_

// What `ireneo export` and `ireneo import` show of an archive, and of how far
// they have come with it.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "boost/json/object.hpp"
#include "ireneo/memo/archive_contents.h"
#include "ireneo/tools/progress.h"

namespace ireneo::tools {

// "calls", "blobs", "blob_bytes", "functions" and "as_of".
boost::json::object ContentsToJson(const ArchiveContents& contents);

// Functions, versions, calls; empty if there are none.
std::string FunctionTable(const ArchiveContents& contents,
                          std::size_t max_width);

// One line for each thing that is done, one after the other. Not thread-safe.
class ArchiveProgressLine {
 public:
  // `object`: what it is done with.
  explicit ArchiveProgressLine(std::string object)
      : object_(std::move(object)) {}

  void Show(const ArchiveProgress& now);

  // What was done last: "importing".
  const std::string& what() const { return what_; }

 private:
  const std::string object_;
  std::string what_;
  std::optional<Progress> progress_;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_ARCHIVE_VIEW_H_

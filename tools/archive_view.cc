#include "ireneo/tools/archive_view.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "ireneo/tools/table.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {

namespace json = boost::json;

json::object ContentsToJson(const ArchiveContents& contents) {
  json::array functions;
  for (const ArchiveContents::Function& function : contents.functions) {
    functions.push_back(json::object{
        {"name", function.name},
        {"versions",
         json::array(function.versions.begin(), function.versions.end())},
        {"calls", function.calls}});
  }
  return {{"calls", contents.calls},
          {"blobs", contents.blobs},
          {"blob_bytes", contents.blob_bytes},
          {"functions", std::move(functions)},
          {"as_of", json::array(contents.as_of.begin(), contents.as_of.end())}};
}

std::string FunctionTable(const ArchiveContents& contents,
                          std::size_t max_width) {
  if (contents.functions.empty()) return "";
  Table table({{.header = "function", .flexible = true, .keep_end = true},
               {.header = "versions", .flexible = true},
               {.header = "calls", .right = true}});
  for (const ArchiveContents::Function& function : contents.functions) {
    table.Add({function.name, absl::StrJoin(function.versions, ", "),
               absl::StrCat(function.calls)});
  }
  return table.ToString(max_width);
}

void ArchiveProgressLine::Show(const ArchiveProgress& now) {
  if (now.what != what_ || !progress_.has_value()) {
    what_ = now.what;
    progress_.reset();
    progress_.emplace(absl::StrCat(what_, " ", Escape(object_)),
                      Progress::Unit::kBytes);
  }
  progress_->Show(now.bytes, now.total);
}

}  // namespace ireneo::tools

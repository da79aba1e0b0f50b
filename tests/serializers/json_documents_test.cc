// Some 370 small documents, each with its canonical text or its error.

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "boost/json/value.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/json_text.h"

namespace ireneo {
namespace {

using ::testing::HasSubstr;

struct Document {
  std::string name = {};
  std::string text = {};
  std::string expected = {};
};

std::string PercentDecoded(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      decoded += static_cast<char>(std::stoi(text.substr(i + 1, 2), {}, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::vector<Document> ReadDocuments() {
  std::ifstream file("tests/serializers/json_documents.txt");
  std::vector<Document> documents;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> columns = absl::StrSplit(line, '\t');
    if (columns.size() != 3) {
      ADD_FAILURE() << "not three columns: " << line;
      continue;
    }
    documents.push_back({.name = columns[0],
                         .text = PercentDecoded(columns[1]),
                         .expected = PercentDecoded(columns[2])});
  }
  return documents;
}

bool IsValid(const Document& document) {
  return document.name[document.name[0] == 'i' ? 1 : 0] == 'y';
}

TEST(JsonDocumentsTest, ValidOnesHaveTheirCanonicalText) {
  int count = 0;
  for (const Document& document : ReadDocuments()) {
    if (!IsValid(document)) continue;
    SCOPED_TRACE(document.name);
    ++count;
    const absl::StatusOr<boost::json::value> value = ParseJson(document.text);
    ASSERT_TRUE(value.ok()) << value.status();
    const absl::StatusOr<std::string> text = CanonicalJson(*value);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, document.expected);

    const absl::StatusOr<boost::json::value> again = ParseJson(*text);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, *value);
    EXPECT_EQ(*CanonicalJson(*again), *text);
  }
  EXPECT_GE(count, 120);
}

TEST(JsonDocumentsTest, OthersHaveTheirErrorAndPlace) {
  int count = 0;
  for (const Document& document : ReadDocuments()) {
    if (IsValid(document)) continue;
    SCOPED_TRACE(document.name);
    ++count;
    const absl::Status status = ParseJson(document.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const std::size_t colon = document.expected.find(": ");
    EXPECT_THAT(
        std::string(status.message()),
        HasSubstr(absl::StrCat("(byte ", document.expected.substr(0, colon),
                               ")", document.expected.substr(colon))));
  }
  EXPECT_GE(count, 240);
}

// No part of a document is taken for all of it, save a number's digits.
TEST(JsonDocumentsTest, StartsOfArraysObjectsAndStringsAreNotJson) {
  for (const Document& document : ReadDocuments()) {
    const std::string& text = document.expected;
    if (!IsValid(document) ||
        std::string_view("[{\"").find(text[0]) == std::string_view::npos) {
      continue;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      EXPECT_FALSE(ParseJson(text.substr(0, size)).ok())
          << document.name << ", " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace ireneo

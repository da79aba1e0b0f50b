#include "ireneo/serializers/npy.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ireneo {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kHeaderAlignment = 64;
constexpr std::int64_t kMaxExtent = std::numeric_limits<std::int64_t>::max();

// Not std::isprint and its like: they depend on the locale.
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
bool IsDigit(char c) { return '0' <= c && c <= '9'; }
bool IsPlain(char c) {
  return ' ' <= c && c <= '~' && c != '\'' && c != '"' && c != '\\';
}

bool IsDescr(std::string_view text) {
  return 3 <= text.size() && text.size() <= 32 &&
         std::all_of(text.begin(), text.end(), IsPlain);
}

std::string ShapeText(const NpyHeader& header) {
  return absl::StrCat("(", absl::StrJoin(header.shape, ", "),
                      header.shape.size() == 1 ? ",)" : ")");
}

// Reads the dictionary, a tiny part of Python's grammar:
//
//     header = "{" entry ("," entry)* [","] "}"
//     entry  = "'descr'" ":" string
//            | "'fortran_order'" ":" ("True" | "False")
//            | "'shape'" ":" "(" ")" | "(" int "," ")"
//                          | "(" int ("," int)+ [","] ")"
//
// with white space between any two tokens. Keeps the first error; after it,
// every function returns at once.
class HeaderScanner {
 public:
  explicit HeaderScanner(std::string_view text) : text_(text) {}

  absl::StatusOr<NpyHeader> Scan() {
    Expect('{');
    while (error_.ok() && !Accept('}')) {
      ScanEntry();
      if (!Accept(',') && !At('}')) Unexpected("',' or '}'");
    }
    SkipSpace();
    if (position_ != text_.size()) Unexpected("the end of the header");
    if (!error_.ok()) return error_;
    const char* missing = !descr_.has_value()           ? "descr"
                          : !fortran_order_.has_value() ? "fortran_order"
                          : !shape_.has_value()         ? "shape"
                                                        : nullptr;
    if (missing != nullptr) {
      return absl::DataLossError(
          absl::StrCat("npy: expected the key '", missing, "', found none"));
    }
    return NpyHeader{.descr = *std::move(descr_),
                     .fortran_order = *fortran_order_,
                     .shape = *std::move(shape_)};
  }

 private:
  void ScanEntry() {
    const std::string key = ScanString("a key");
    Expect(':');
    if (!error_.ok()) return;
    if (key == "descr" && !descr_.has_value()) {
      descr_ = ScanString("the string of a plain element type");
      if (error_.ok() && !IsDescr(*descr_)) {
        Fail("an element type such as '<f8'", absl::StrCat("'", *descr_, "'"));
      }
    } else if (key == "fortran_order" && !fortran_order_.has_value()) {
      fortran_order_ = ScanBool();
    } else if (key == "shape" && !shape_.has_value()) {
      shape_ = ScanShape();
    } else {
      Fail("each of 'descr', 'fortran_order' and 'shape' once",
           absl::StrCat("another '", key, "'"));
    }
  }

  std::string ScanString(std::string_view what) {
    const char quote = At('"') ? '"' : '\'';
    if (!Accept(quote)) {
      Unexpected(what);
      return "";
    }
    const std::size_t start = position_;
    while (position_ < text_.size() && IsPlain(text_[position_]) &&
           position_ - start < 32) {
      ++position_;
    }
    const std::size_t end = position_;
    if (position_ == text_.size() || text_[position_] != quote) {
      Unexpected("a string of up to 32 plain characters");
      return "";
    }
    ++position_;
    return std::string(text_.substr(start, end - start));
  }

  bool ScanBool() {
    SkipSpace();
    const bool value = text_.substr(position_).starts_with("True");
    const std::string_view word = value ? "True" : "False";
    if (!text_.substr(position_).starts_with(word)) {
      Unexpected("True or False");
    } else {
      position_ += word.size();
    }
    return value;
  }

  std::vector<std::int64_t> ScanShape() {
    std::vector<std::int64_t> shape;
    Expect('(');
    bool comma = true;  // As if "()" had had its comma.
    while (error_.ok() && !Accept(')')) {
      if (!comma) {
        Unexpected("',' or ')'");
      } else if (shape.size() == NpyHeader::kMaxDimensions) {
        Unexpected(absl::StrCat("at most ", shape.size(), " extents"));
      } else {
        shape.push_back(ScanExtent());
        comma = Accept(',');
      }
    }
    if (shape.size() == 1 && !comma) {
      Fail("a tuple", "a number in parentheses");
    }
    return shape;
  }

  std::int64_t ScanExtent() {
    SkipSpace();
    const std::size_t start = position_;
    std::int64_t value = 0;
    while (position_ < text_.size() && IsDigit(text_[position_])) {
      const std::int64_t digit = text_[position_] - '0';
      if (value > (kMaxExtent - digit) / 10) {
        Unexpected("an extent below 2^63");
        return 0;
      }
      value = 10 * value + digit;
      ++position_;
    }
    const std::size_t digits = position_ - start;
    if (digits == 0) Unexpected("an extent of digits");
    if (digits > 1 && text_[start] == '0') {
      Fail("an extent without leading zeros", text_.substr(start, digits));
    }
    return value;
  }

  void SkipSpace() {
    while (position_ < text_.size() && IsSpace(text_[position_])) ++position_;
  }

  bool At(char c) {
    SkipSpace();
    return position_ < text_.size() && text_[position_] == c;
  }

  bool Accept(char c) {
    if (!error_.ok() || !At(c)) return false;
    ++position_;
    return true;
  }

  void Expect(char c) {
    if (!Accept(c)) Unexpected(absl::StrCat("'", std::string(1, c), "'"));
  }

  // Records that something other than `expected` is at the position.
  void Unexpected(std::string_view expected) {
    if (position_ == text_.size()) {
      Fail(expected, "the end of the header");
    } else if (const char c = text_[position_]; ' ' <= c && c <= '~') {
      Fail(expected, absl::StrCat("'", std::string(1, c), "'"));
    } else {
      Fail(expected,
           absl::StrCat("byte 0x", absl::Hex(static_cast<unsigned char>(c))));
    }
  }

  void Fail(std::string_view expected, std::string_view found) {
    if (!error_.ok()) return;
    error_ = absl::DataLossError(absl::StrCat(
        "npy: expected ", absl::string_view(expected.data(), expected.size()),
        " at character ", position_, " of the header, found ",
        absl::string_view(found.data(), found.size())));
  }

  std::string_view text_;
  std::size_t position_ = 0;
  absl::Status error_;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<std::int64_t>> shape_;
};

// The text of the dictionary, which `source` then has behind it; valid as long
// as the blob.
std::string_view ReadHeaderText(Source& source) {
  const std::span<const std::byte> magic = source.ReadBytes(kMagic.size());
  const std::uint8_t major = source.ReadU8();
  const std::uint8_t minor = source.ReadU8();
  if (!source.ok()) return {};
  if (!std::equal(magic.begin(), magic.end(),
                  std::as_bytes(std::span(kMagic)).begin())) {
    source.Fail(
        absl::DataLossError("npy: expected \\x93NUMPY, found another format"));
    return {};
  }
  if (major < 1 || major > 3 || minor != 0) {
    source.Fail(absl::DataLossError(absl::StrCat(
        "npy: expected version 1.0, 2.0 or 3.0, found ", major, ".", minor)));
    return {};
  }
  const std::uint32_t size =
      major == 1 ? source.ReadScalar<std::uint16_t>() : source.ReadU32();
  const std::span<const std::byte> text = source.ReadBytes(size);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

}  // namespace

std::string NpyHeader::ToString() const {
  return absl::StrCat(descr, " ", ShapeText(*this),
                      fortran_order ? " F order" : " C order");
}

void WriteNpyHeader(const NpyHeader& header, Sink& sink) {
  if (!IsDescr(header.descr) ||
      header.shape.size() > NpyHeader::kMaxDimensions ||
      std::any_of(header.shape.begin(), header.shape.end(),
                  [](std::int64_t extent) { return extent < 0; })) {
    sink.Fail(absl::InvalidArgumentError(absl::StrCat(
        "npy: expected a plain element type and up to ",
        NpyHeader::kMaxDimensions, " extents >= 0, got ", header.ToString())));
    return;
  }
  std::string text = absl::StrCat(
      "{'descr': '", header.descr,
      "', 'fortran_order': ", header.fortran_order ? "True" : "False",
      ", 'shape': ", ShapeText(header), ", }");
  // Magic, version and length take ten bytes, the newline one.
  constexpr std::size_t kFraming = kMagic.size() + 4;
  text.append(-(kFraming + text.size() + 1) % kHeaderAlignment, ' ');
  text.push_back('\n');
  sink.Write(std::as_bytes(std::span(kMagic)));
  sink.WriteU8(1);
  sink.WriteU8(0);
  sink.WriteU8(static_cast<std::uint8_t>(text.size() & 0xff));
  sink.WriteU8(static_cast<std::uint8_t>(text.size() >> 8));
  sink.Write(std::as_bytes(std::span(text)));
}

absl::StatusOr<NpyHeader> ReadNpyHeader(Source& source) {
  const std::string_view text = ReadHeaderText(source);
  if (!source.ok()) return source.status();
  absl::StatusOr<NpyHeader> header = HeaderScanner(text).Scan();
  if (!header.ok()) source.Fail(header.status());
  return header;
}

absl::StatusOr<std::uint64_t> NpyDataSize(const NpyHeader& header,
                                          std::size_t item_size) {
  if (std::find(header.shape.begin(), header.shape.end(), 0) !=
      header.shape.end()) {
    return 0;
  }
  std::uint64_t size = item_size;
  for (const std::int64_t extent : header.shape) {
    if (__builtin_mul_overflow(size, extent, &size) ||
        size > static_cast<std::uint64_t>(kMaxExtent)) {
      return absl::DataLossError(
          absl::StrCat("npy: expected at most 2^63 - 1 bytes of data, found ",
                       header.ToString()));
    }
  }
  return size;
}

}  // namespace ireneo

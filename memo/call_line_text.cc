#include "ireneo/memo/call_line_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {
namespace {

// Which bytes stand for themselves in a JSON string.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// How many of them `text` starts with.
std::size_t PlainPrefix(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && kPlain[static_cast<unsigned char>(text[size])]) {
    ++size;
  }
  return size;
}

// Goes through a text of which it knows what must come next. The first thing
// that is something else ends it: `ok` is false from then on.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  void Fail() { ok_ = false; }

  // Whether `text` comes next, which is skipped then.
  bool Skip(std::string_view text) {
    if (!ok_ || !rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void Expect(std::string_view text) { ok_ = Skip(text); }

  std::string_view String() {
    Expect("\"");
    const std::string_view text = rest_.substr(0, PlainPrefix(rest_));
    rest_.remove_prefix(text.size());
    Expect("\"");
    return ok_ ? text : std::string_view();
  }

  template <typename T>
  T Number() {
    T number = 0;
    const char* const begin = rest_.data();
    const auto [end, error] =
        std::from_chars(begin, begin + rest_.size(), number);
    const std::string_view text(begin, end - begin);
    // Not as it is written: 007, -0.
    if (error != std::errc() || text == "-0" ||
        (text.size() > 1 && (text[0] == '0' || text.starts_with("-0")))) {
      ok_ = false;
    }
    if (ok_) rest_.remove_prefix(text.size());
    return number;
  }

  Digest ReadDigest() {
    const std::string_view text = String();
    if (!ok_) return Digest();
    const absl::StatusOr<Digest> digest = Digest::Parse(text);
    ok_ = digest.ok();
    return ok_ ? *digest : Digest();
  }

  // Calls `read` for each element, up to the end of the array.
  template <typename F>
  void Array(F read) {
    Expect("[");
    if (Skip("]")) return;
    do {
      read();
    } while (ok_ && Skip(","));
    Expect("]");
  }

  // Of strings, sorted by their names.
  template <typename F>
  void Object(F read) {
    Expect("{");
    if (Skip("}")) return;
    std::string_view last;
    bool first = true;
    do {
      const std::string_view name = String();
      Expect(":");
      const std::string_view value = String();
      if (!first && name <= last) ok_ = false;
      first = false;
      last = name;
      if (ok_) read(name, value);
    } while (ok_ && Skip(","));
    Expect("}");
  }

  std::map<std::string, std::string> Map() {
    std::map<std::string, std::string> map;
    Object([&](std::string_view name, std::string_view value) {
      map.emplace_hint(map.end(), name, value);
    });
    return map;
  }

  std::vector<std::string> Strings() {
    std::vector<std::string> strings;
    Array([&] { strings.emplace_back(String()); });
    return strings;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Bytes in base64, of that size and digest.
std::string ReadValue(Cursor& cursor, std::uint64_t size,
                      const Digest& digest) {
  const std::string_view text = cursor.String();
  std::string value;
  if (!cursor.ok() ||
      !absl::Base64Unescape({text.data(), text.size()}, &value) ||
      value.size() != size || Digest::Of(value) != digest) {
    cursor.Fail();
  }
  return value;
}

void ReadArgument(Cursor& cursor, CallLine& line) {
  ArgumentRecord& argument = line.call.arguments.emplace_back();
  std::uint64_t& size = line.kept_sizes.emplace_back(0);
  cursor.Expect("{\"digest\":");
  argument.digest = cursor.ReadDigest();
  cursor.Expect(",\"name\":");
  argument.name = cursor.String();
  argument.kept = cursor.Skip(",\"size\":");
  if (argument.kept) size = cursor.Number<std::uint64_t>();
  cursor.Expect(",\"type\":");
  argument.type = cursor.String();
  if (cursor.Skip(",\"value\":")) {
    argument.small_value = ReadValue(cursor, size, argument.digest);
  }
  cursor.Expect("}");
}

}  // namespace

bool IsPlainString(std::string_view text) {
  return PlainPrefix(text) == text.size();
}

bool IsPlainObject(std::string_view text) {
  Cursor cursor(text);
  cursor.Object([](std::string_view, std::string_view) {});
  return cursor.ok() && cursor.at_end();
}

std::optional<CallLine> ReadPlainCallLine(std::string_view text) {
  CallLine line;
  CallRecord& call = line.call;
  Cursor cursor(text);
  cursor.Expect("{\"arguments\":");
  cursor.Array([&] { ReadArgument(cursor, line); });
  cursor.Expect(",\"callees\":");
  cursor.Array([&] { call.callees.push_back(cursor.ReadDigest()); });
  cursor.Expect(",");
  // The checksum is of the text without it.
  if (!cursor.ok()) return std::nullopt;
  const std::string_view before =
      text.substr(0, text.size() - cursor.rest().size());
  cursor.Expect("\"checksum\":");
  const Digest checksum = cursor.ReadDigest();
  cursor.Expect(",");
  if (!cursor.ok()) return std::nullopt;
  std::string_view after = cursor.rest();
  cursor.Expect("\"created_us\":");
  call.created_at = absl::FromUnixMicros(cursor.Number<std::int64_t>());
  call.last_used_at = call.created_at;
  cursor.Expect(",\"elapsed_ns\":");
  call.elapsed = absl::Nanoseconds(cursor.Number<std::int64_t>());
  cursor.Expect(",\"environment\":");
  const std::string_view environment = cursor.rest();
  cursor.Object([](std::string_view, std::string_view) {});
  call.environment =
      environment.substr(0, environment.size() - cursor.rest().size());
  line.first_created = cursor.Skip(",\"first_created_us\":")
                           ? absl::FromUnixMicros(cursor.Number<std::int64_t>())
                           : call.created_at;
  cursor.Expect(",\"format\":1,\"function\":{\"callees\":");
  call.callee_versions = cursor.Strings();
  cursor.Expect(",\"environment\":");
  call.environment_in_key = cursor.Map();
  cursor.Expect(",\"name\":");
  call.function = cursor.String();
  cursor.Expect(",\"salts\":");
  call.salts = cursor.Map();
  cursor.Expect(",\"version\":");
  call.version = cursor.String();
  cursor.Expect("},\"key\":");
  call.key = cursor.ReadDigest();
  cursor.Expect(",\"result\":{\"digest\":");
  call.result = cursor.ReadDigest();
  cursor.Expect(",\"size\":");
  call.result_size = cursor.Number<std::uint64_t>();
  cursor.Expect(",\"type\":");
  call.result_type = cursor.String();
  if (cursor.Skip(",\"value\":")) {
    call.small_result = ReadValue(cursor, call.result_size, call.result);
  }
  cursor.Expect("}");
  if (cursor.Skip(",\"seed\":")) call.seed = cursor.Number<std::uint64_t>();
  cursor.Expect(",\"spent_ns\":");
  call.spent = absl::Nanoseconds(cursor.Number<std::int64_t>());
  cursor.Expect("}\n");
  if (!cursor.ok() || !cursor.at_end()) return std::nullopt;
  after.remove_suffix(1);
  Hasher hasher;
  hasher.Update(std::as_bytes(std::span(before)));
  hasher.Update(std::as_bytes(std::span(after)));
  if (hasher.digest() != checksum) return std::nullopt;
  return line;
}

}  // namespace ireneo::internal

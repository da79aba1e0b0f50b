#include "ireneo/memo/explain.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

namespace json = boost::json;

constexpr char kNone[] = "none";
constexpr std::size_t kLongestText = 100;
// Larger arguments of a call are not written out to be shown.
constexpr std::uint64_t kLargestShown = 1 << 20;

// As people write it: 1e-6, not 1e-06.
std::string NumberText(double number) {
  char buffer[32];
  const auto [end, error] =
      std::to_chars(std::begin(buffer), std::end(buffer), number);
  std::string text(buffer, end);
  const std::size_t exponent = text.find('e');
  if (exponent != text.npos && exponent + 3 < text.size() &&
      text[exponent + 2] == '0') {
    text.erase(exponent + 2, 1);
  }
  return text;
}

std::string OneLine(const json::value& value) {
  if (value.is_double()) return NumberText(value.get_double());
  if (value == kEllipsis) return kEllipsis;  // Parts that were left out.
  std::string text;
  if (const json::array* const array = value.if_array()) {
    for (const json::value& element : *array) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", OneLine(element));
    }
    return absl::StrCat("[", text, "]");
  }
  if (const json::object* const object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      absl::StrAppend(&text, text.empty() ? "" : ", ",
                      json::serialize(json::value(key)), ": ", OneLine(member));
    }
    return absl::StrCat("{", text, "}");
  }
  return json::serialize(value);
}

std::string ValueText(const Registry& registry, const ArgumentRecord& argument,
                      const absl::StatusOr<Blob>& bytes) {
  const std::string& type = argument.type;
  const Digest& digest = argument.digest;
  const std::string name = absl::StrCat(type, " ", digest.ToString());
  if (absl::IsNotFound(bytes.status())) {
    return absl::StrCat(name, argument.kept ? " (gone)" : " (not kept)");
  }
  if (absl::IsOutOfRange(bytes.status())) return name;
  if (!bytes.ok()) return absl::StrCat(name, " (damaged)");
  const absl::StatusOr<Description> description =
      registry.Describe(type, *bytes, {.statistics = false});
  if (!description.ok()) return name;
  std::string text = OneLine(description->preview);
  if (text.size() <= kLongestText) return text;
  return description->shape.empty()
             ? name
             : absl::StrCat(type, " of ", description->shape, ", ",
                            digest.ToString());
}

// One of the two calls that are compared.
struct Side {
  const CallRecord& record;
  // The bytes of its i-th argument.
  absl::FunctionRef<absl::StatusOr<Blob>(std::size_t)> bytes;
};

// Calls `differ(part, before, now)` for each part that differs; `before` and
// `now` are functions that make the texts.
template <typename Differ>
void Compare(const CallRecord& before, const CallRecord& now, Differ differ) {
  // No text: the part is only in the other call.
  using Text = std::optional<std::string>;
  const auto texts = [&](const std::string& part, const Text& first,
                         const Text& second) {
    if (first != second) {
      differ(
          part, [&] { return first.value_or(kNone); },
          [&] { return second.value_or(kNone); });
    }
  };
  const auto maps = [&](const char* kind,
                        const std::map<std::string, std::string>& first,
                        const std::map<std::string, std::string>& second) {
    std::map<std::string, std::pair<Text, Text>> both;
    for (const auto& [name, value] : first) both[name].first = value;
    for (const auto& [name, value] : second) both[name].second = value;
    for (const auto& [name, values] : both) {
      texts(absl::StrCat(kind, " `", name, "`"), values.first, values.second);
    }
  };
  texts("function", before.function, now.function);
  texts("version", before.version, now.version);
  const std::size_t callees =
      std::max(before.callee_versions.size(), now.callee_versions.size());
  for (std::size_t i = 0; i < callees; ++i) {
    const auto version = [i](const CallRecord& record) -> Text {
      const std::vector<std::string>& versions = record.callee_versions;
      return i < versions.size() ? Text(versions[i]) : std::nullopt;
    };
    texts(absl::StrCat("callee ", i + 1), version(before), version(now));
  }
  maps("salt", before.salts, now.salts);
  maps("environment", before.environment_in_key, now.environment_in_key);
  const auto seed = [](const CallRecord& record) -> Text {
    return record.seed.has_value() ? Text(absl::StrCat(*record.seed))
                                   : std::nullopt;
  };
  texts("seed", seed(before), seed(now));
  texts("result type", before.result_type, now.result_type);
  texts("number of arguments", absl::StrCat(before.arguments.size()),
        absl::StrCat(now.arguments.size()));
  const std::size_t arguments =
      std::min(before.arguments.size(), now.arguments.size());
  for (std::size_t i = 0; i < arguments; ++i) {
    const ArgumentRecord& first = before.arguments[i];
    const ArgumentRecord& second = now.arguments[i];
    const std::string& name = second.name.empty() ? first.name : second.name;
    const std::string part = name.empty()
                                 ? absl::StrCat("argument ", i + 1)
                                 : absl::StrCat("argument `", name, "`");
    texts(absl::StrCat("type of ", part), first.type, second.type);
    if (first.digest != second.digest) differ(part, i);
  }
}

// For counting only.
struct Counter {
  int count = 0;

  template <typename Before, typename Now>
  void operator()(const std::string&, Before, Now) {
    ++count;
  }
  void operator()(const std::string&, std::size_t) { ++count; }
};

int CountDifferences(const CallRecord& before, const CallRecord& now) {
  Counter counter;
  Compare(before, now, std::ref(counter));
  return counter.count;
}

struct Collector {
  const Registry& registry;
  const Side& before;
  const Side& now;
  std::vector<Difference> differences = {};

  template <typename Before, typename Now>
  void operator()(const std::string& part, Before first, Now second) {
    differences.push_back({.part = part, .before = first(), .now = second()});
  }

  void operator()(const std::string& part, std::size_t i) {
    const auto text = [&](const Side& side, const std::string& suffix) {
      const ArgumentRecord& argument = side.record.arguments[i];
      return ValueText(registry, argument, side.bytes(i)) + suffix;
    };
    Difference difference{
        .part = part, .before = text(before, ""), .now = text(now, "")};
    if (difference.before == difference.now) {
      // Where they differ was left out of the texts.
      const auto digest = [&](const Side& side) {
        return absl::StrCat(" (", side.record.arguments[i].digest.ToString(),
                            ")");
      };
      difference.before += digest(before);
      difference.now += digest(now);
    }
    differences.push_back(std::move(difference));
  }
};

std::vector<Difference> FindDifferences(const Registry& registry,
                                        const Side& before, const Side& now) {
  Collector collector{.registry = registry, .before = before, .now = now};
  Compare(before.record, now.record, std::ref(collector));
  return std::move(collector.differences);
}

}  // namespace

std::string Difference::ToString() const {
  return absl::StrCat(part, ": ", before, " before, ", now, " now");
}

std::string Explanation::ToString() const {
  const std::string call =
      absl::StrCat("call ", key.ToString(), " of ", function);
  std::string text;
  if (hit) {
    text = absl::StrCat(call, " hits: it is remembered");
  } else if (!nearest.has_value()) {
    text =
        absl::StrCat(call, " misses: no call of that function is remembered");
  } else if (nearest->key == key) {
    text = absl::StrCat(call, " misses: it was remembered");
  } else {
    text =
        absl::StrCat(call, " misses; the nearest remembered call is ",
                     nearest->key.ToString(), " of ",
                     absl::FormatTime("%Y-%m-%d %H:%M:%S", nearest->created_at,
                                      absl::UTCTimeZone()),
                     " UTC");
  }
  if (!note.empty()) absl::StrAppend(&text, ", ", note);
  for (const Difference& difference : differences) {
    absl::StrAppend(&text, "\n  ", difference.ToString());
  }
  return text;
}

std::vector<Difference> FindDifferences(const MemoStore& store,
                                        const Registry& registry,
                                        const CallRecord& before,
                                        const CallRecord& now) {
  const auto bytes_before = [&](std::size_t i) {
    return store.ArgumentBytes(before.arguments[i]);
  };
  const auto bytes_now = [&](std::size_t i) {
    return store.ArgumentBytes(now.arguments[i]);
  };
  return FindDifferences(registry, {.record = before, .bytes = bytes_before},
                         {.record = now, .bytes = bytes_now});
}

absl::StatusOr<std::optional<CallRecord>> FindNearestCall(
    const MemoStore& store, const CallRecord& call) {
  store.state().FlushAll();
  std::optional<CallRecord> nearest;
  int fewest = std::numeric_limits<int>::max();
  IRENEO_RETURN_IF_ERROR(store.state().index().ForEachRecord(
      {.function = call.function, .exact = true}, [&](CallRecord&& record) {
        if (record.key == call.key) return true;
        const int count = CountDifferences(record, call);
        if (count < fewest) {
          fewest = count;
          nearest = std::move(record);
        }
        return true;
      }));
  return nearest;
}

namespace internal {

absl::StatusOr<Explanation> ExplainCall(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed,
    std::span<const absl::FunctionRef<absl::StatusOr<Blob>()>> bytes) {
  Explanation explanation{.key = function.KeyOf(arguments, seed),
                          .function = function.identity().name};
  IRENEO_ASSIGN_OR_RETURN(
      const std::optional<FoundCall> found,
      FindResult(function, arguments, seed, /*load=*/false));
  absl::StatusOr<CallRecord> own =
      FindRecord(function, found.has_value() ? found->key : explanation.key);
  if (!own.ok() && !absl::IsNotFound(own.status())) return own.status();
  if (own.ok()) {
    explanation.hit = found.has_value();
    if (explanation.hit && found->old_type != nullptr) {
      explanation.note = absl::StrCat("as a ", *found->old_type);
    } else if (!explanation.hit) {
      explanation.note = absl::StrCat(
          "but at ", absl::FormatTime(own->created_at, absl::UTCTimeZone()),
          ", longer ago than max_age = ",
          absl::FormatDuration(function.options().max_age));
    }
    explanation.nearest = *std::move(own);
    return explanation;
  }
  const CallRecord now = function.RecordOf(explanation.key, arguments, seed);
  IRENEO_ASSIGN_OR_RETURN(explanation.nearest,
                          FindNearestCall(function.store(), now));
  if (const absl::Duration least = function.options().min_compute_time;
      least > absl::ZeroDuration()) {
    explanation.note =
        absl::StrCat("and what takes less than ", absl::FormatDuration(least),
                     " to compute is not stored");
  }
  if (!explanation.nearest.has_value()) return explanation;
  Registry registry;
  IRENEO_RETURN_IF_ERROR(AddBuiltinCodecs(registry));
  const auto bytes_before = [&](std::size_t i) {
    return function.store().ArgumentBytes(explanation.nearest->arguments[i]);
  };
  const auto bytes_now = [&](std::size_t i) -> absl::StatusOr<Blob> {
    if (arguments[i].size > kLargestShown) {
      return absl::OutOfRangeError("too large to be shown");
    }
    return bytes[i]();
  };
  explanation.differences = FindDifferences(
      registry, {.record = *explanation.nearest, .bytes = bytes_before},
      {.record = now, .bytes = bytes_now});
  return explanation;
}

}  // namespace internal
}  // namespace ireneo

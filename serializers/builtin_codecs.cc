#include "ireneo/serializers/builtin_codecs.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace internal {

bool IsBare(const ParsedTypeName& type) {
  return !type.has_arguments && type.format == 0 && !type.has_fields;
}

absl::Status ExpectArguments(const ParsedTypeName& type, std::size_t count) {
  if (type.arguments.size() == count && !type.has_fields) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a type name '", type.head, "' takes ", count,
                   " arguments and no fields, found ", type.arguments.size(),
                   " and ", type.fields.size()));
}

absl::Status BadName(const ParsedTypeName& type, std::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("the arguments of a type name '", type.head, "' are ",
                   absl::string_view(expected.data(), expected.size()),
                   "; found '", type.ToString(), "'"));
}

std::optional<std::uint64_t> ParseNumber(const ParsedTypeName& type) {
  std::uint64_t number = 0;
  const char* const end = type.head.data() + type.head.size();
  const auto [rest, error] = std::from_chars(type.head.data(), end, number);
  if (!IsBare(type) || error != std::errc{} || rest != end) {
    return std::nullopt;
  }
  return number;
}

std::span<const std::byte> ReadElements(const ScalarType& type,
                                        std::uint64_t size, Source& source) {
  const std::uint64_t start = source.position();
  const std::span<const std::byte> bytes = source.ReadBytes(size);
  if (type.kind == ScalarType::Kind::kBool) {
    const auto bad = std::find_if(bytes.begin(), bytes.end(),
                                  [](std::byte b) { return b > std::byte{1}; });
    if (bad != bytes.end()) {
      source.Fail(absl::DataLossError(
          absl::StrCat("a bool is 0 or 1, found ", std::to_integer<int>(*bad),
                       " at offset ", start + (bad - bytes.begin()))));
      return {};
    }
  }
  return bytes;
}

}  // namespace internal

std::optional<ElementLayout> ValueWalk::LayoutOf(
    const ParsedTypeName& type) const {
  const auto of_scalar =
      [](const ScalarType* scalar) -> std::optional<ElementLayout> {
    if (scalar == nullptr) return std::nullopt;
    return ElementLayout{
        .size = scalar->size, .alignment = scalar->alignment, .scalar = scalar};
  };
  if (internal::IsBare(type)) return of_scalar(FindScalar(type.head));
  if (type.format != 0) {
    const Codec* const codec = registry_.Find(type);
    if (codec == nullptr || codec->raw_size == 0 || type.has_arguments ||
        type.has_fields) {
      return std::nullopt;
    }
    return ElementLayout{.size = codec->raw_size,
                         .alignment = codec->raw_alignment};
  }
  if (type.head == "enum") return of_scalar(internal::UnderlyingScalar(type));
  if (type.head == "duration") {
    return of_scalar(internal::ParseDuration(type).scalar);
  }
  if (internal::IsTimePoint(type)) {
    std::optional<ElementLayout> layout = LayoutOf(type.arguments[1]);
    if (layout.has_value()) layout->scalar = nullptr;  // Shown one by one.
    return layout;
  }
  if (type.head == "array" && type.arguments.size() == 2 && !type.has_fields) {
    const std::optional<std::uint64_t> count =
        internal::ParseNumber(type.arguments[1]);
    std::optional<ElementLayout> layout = LayoutOf(type.arguments[0]);
    if (!layout.has_value() || count.value_or(0) == 0 ||
        __builtin_mul_overflow(layout->size, *count, &layout->size)) {
      return std::nullopt;
    }
    layout->extents.insert(layout->extents.begin(), *count);
    return layout;
  }
  return std::nullopt;
}

absl::Status AddBuiltinCodecs(Registry& registry) {
  for (const std::span<const Codec> family :
       {internal::ScalarCodecs(), internal::ContainerCodecs(),
        internal::TimeCodecs(), internal::JsonCodecs(),
        internal::DenseEigenCodecs(), internal::SparseEigenCodecs()}) {
    for (const Codec& codec : family) {
      IRENEO_RETURN_IF_ERROR(registry.Add(codec));
    }
  }
  return absl::OkStatus();
}

}  // namespace ireneo

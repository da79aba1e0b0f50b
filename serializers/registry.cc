#include "ireneo/serializers/registry.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/csv_writer.h"
#include "ireneo/serializers/json_writer.h"
#include "ireneo/serializers/npy_writer.h"
#include "ireneo/serializers/preview_visitor.h"
#include "ireneo/store/source.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

std::string CodecName(const ParsedTypeName& type) {
  return type.format == 0 ? type.head
                          : absl::StrCat(type.head, "/", type.format);
}

// A name for a message: names may have 64 KiB.
std::string Shortened(const ParsedTypeName& type) {
  constexpr std::size_t kMax = 200;
  std::string name = type.ToString();
  if (name.size() > kMax) name.replace(kMax, std::string::npos, "...");
  return name;
}

absl::Status WithMessage(const absl::Status& status, absl::string_view before) {
  return absl::Status(status.code(), absl::StrCat(before, status.message()));
}

bool IsBare(const ParsedTypeName& type) {
  return !type.has_arguments && !type.has_fields;
}

}  // namespace

namespace internal {

absl::StatusOr<std::string> CodecNameOfType(std::string_view type_name) {
  IRENEO_ASSIGN_OR_RETURN(const ParsedTypeName type, ParseTypeName(type_name));
  if (type.has_arguments) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", Shortened(type), "' cannot be added as a type: a codec '",
        CodecName(type), "' is for all types of that head, whatever their ",
        "arguments. Add the types that it is composed of"));
  }
  if (type.format == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", Shortened(type), "' cannot be added as a type: names of types ",
        "that are not built in end with a format, as acme.Mesh/1"));
  }
  return CodecName(type);
}

bool IsType(const ParsedTypeName& type, std::string_view type_name) {
  return type.ToString() == type_name;
}

}  // namespace internal

absl::Status ValueWalk::Visit(const ParsedTypeName& type) {
  // A name of a few characters can claim billions of parts without bytes.
  constexpr std::uint64_t kFreeVisits = 1 << 13;
  constexpr std::uint64_t kVisitsPerByte = 2 * kMaxTypeNameDepth;
  if (++visits_ / kVisitsPerByte > source_.position() + kFreeVisits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the type name claims more parts than a value of ",
        source_.blob().size(), " bytes can have, at '", Shortened(type), "'"));
  }
  // A number inside of all others does not count.
  if (depth_ > kMaxValueDepth) {
    return absl::DataLossError(absl::StrCat("values nested deeper than ",
                                            kMaxValueDepth, " at offset ",
                                            source_.position()));
  }
  ++depth_;
  const Scope* const scope = scope_;
  const ParsedTypeName* resolved = &type;
  if (IsBare(type)) {
    for (const Scope* outer = scope_; outer != nullptr; outer = outer->outer) {
      if (outer->type.format == type.format && outer->type.head == type.head) {
        resolved = &outer->type;
        scope_ = outer->outer;
        break;
      }
    }
  }
  absl::Status status = VisitResolved(*resolved);
  if (status.ok()) status = source_.status();
  scope_ = scope;
  --depth_;
  return status;
}

absl::Status ValueWalk::VisitResolved(const ParsedTypeName& type) {
  if (const Codec* codec = registry_.Find(type)) {
    return codec->visit(type, *this);
  }
  if (type.has_fields) return VisitFields(type);
  return registry_.NoCodec(type);
}

absl::Status ValueWalk::VisitFields(const ParsedTypeName& type) {
  const Scope scope{.type = type, .outer = scope_};
  scope_ = &scope;
  absl::Status status = VisitMembers(type.fields);
  scope_ = scope.outer;
  return status;
}

absl::Status ValueWalk::VisitMembers(const std::vector<ParsedTypeName>& types) {
  visitor_.BeginList(types.size(), ListKind::kTuple);
  for (const ParsedTypeName& type : types) {
    IRENEO_RETURN_IF_ERROR(Visit(type));
  }
  visitor_.EndList();
  return absl::OkStatus();
}

absl::Status Registry::Add(Codec codec) {
  IRENEO_ASSIGN_OR_RETURN(const ParsedTypeName name, ParseTypeName(codec.name));
  if (CodecName(name) != codec.name) {
    return absl::InvalidArgumentError(
        absl::StrCat("codec '", codec.name, "' must be named for all its ",
                     "types: '", CodecName(name), "'"));
  }
  if (codec.visit == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("codec '", codec.name, "' has no function `visit`"));
  }
  std::string key = codec.name;
  const auto [it, added] = codecs_.try_emplace(
      std::move(key), Entry{.codec = std::move(codec), .origin = origin_});
  if (!added) {
    return absl::AlreadyExistsError(absl::StrCat(
        origin_, " adds a codec '", it->first, "' that ",
        it->second.origin == origin_ ? "it" : it->second.origin,
        " has added already: give one of the types another name or format"));
  }
  return absl::OkStatus();
}

const Codec* Registry::Find(const ParsedTypeName& type) const {
  const auto it = codecs_.find(CodecName(type));
  return it == codecs_.end() ? nullptr : &it->second.codec;
}

absl::Status Registry::NoCodec(const ParsedTypeName& type) const {
  std::string others;
  const std::string stem = absl::StrCat(type.head, "/");
  for (auto it = codecs_.lower_bound(stem);
       it != codecs_.end() && it->first.starts_with(stem); ++it) {
    absl::StrAppend(&others, others.empty() ? ", only for " : ", ", it->first);
  }
  return absl::NotFoundError(
      absl::StrCat("there is no codec for '", Shortened(type), "'", others,
                   "; a plugin of the program that stored it can add one"));
}

absl::Status Registry::Visit(std::string_view type_name, const Blob& blob,
                             ValueVisitor& visitor) const {
  IRENEO_ASSIGN_OR_RETURN(const ParsedTypeName type, ParseTypeName(type_name));
  Source source(blob);
  ValueWalk walk(*this, source, visitor);
  absl::Status status;
  try {
    status = walk.Visit(type);
  } catch (const std::exception& error) {  // Of the codec of a plugin.
    status = absl::InternalError(absl::StrCat("reading a '", Shortened(type),
                                              "' threw: ", error.what()));
  } catch (...) {
    status = absl::InternalError(
        absl::StrCat("reading a '", Shortened(type), "' threw"));
  }
  if (status.ok()) status = source.Finish();
  if (absl::IsDataLoss(status)) {
    return WithMessage(status, absl::StrCat(blob.size(), " bytes are not a '",
                                            Shortened(type), "': "));
  }
  if (absl::IsNotFound(status)) {
    return WithMessage(status,
                       absl::StrCat("cannot show a '", Shortened(type), "': "));
  }
  return status;
}

absl::StatusOr<Description> Registry::Describe(
    std::string_view type_name, const Blob& blob,
    const DescribeOptions& options) const {
  internal::PreviewVisitor visitor(options);
  IRENEO_RETURN_IF_ERROR(Visit(type_name, blob, visitor));
  return visitor.Take();
}

absl::Status Registry::Validate(std::string_view type_name,
                                const Blob& blob) const {
  ValueVisitor visitor;
  return Visit(type_name, blob, visitor);
}

absl::Status Registry::Export(std::string_view type_name, const Blob& blob,
                              ExportFormat format, Sink& sink) const {
  const auto write = [&]<typename Writer>(Writer writer) -> absl::Status {
    // First a look at all of it, so that nothing is written of half a value.
    if (absl::Status status = Validate(type_name, blob); !status.ok()) {
      if (format != ExportFormat::kJson || !absl::IsNotFound(status)) {
        return status;
      }
      writer.Opaque(type_name, blob.bytes());
    } else {
      IRENEO_RETURN_IF_ERROR(Visit(type_name, blob, writer));
    }
    return writer.Finish();
  };
  switch (format) {
    case ExportFormat::kJson:
      IRENEO_RETURN_IF_ERROR(write(internal::JsonWriter(sink)));
      break;
    case ExportFormat::kCsv:
      IRENEO_RETURN_IF_ERROR(write(internal::CsvWriter(sink)));
      break;
    case ExportFormat::kNpy:
      IRENEO_RETURN_IF_ERROR(write(internal::NpyWriter(sink)));
      break;
    case ExportFormat::kRaw:
      sink.Write(blob.bytes());
      break;
  }
  sink.Flush();
  return sink.status();
}

}  // namespace ireneo

#include "ireneo/memo/archive_manifest.h"

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;

constexpr char kArchiveType[] = "application/vnd.ireneo.archive.v1";
constexpr char kConfigType[] = "application/vnd.ireneo.config.v1+json";
constexpr char kLayerType[] = "application/vnd.ireneo.layer.v1.tar+zstd";
constexpr char kSignatureType[] = "application/vnd.ireneo.signature.v1+json";
constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
constexpr char kIndexType[] = "application/vnd.oci.image.index.v1+json";
constexpr char kLayoutVersion[] = "1.0.0";

constexpr char kContent[] = "vnd.ireneo.content";
constexpr char kSize[] = "vnd.ireneo.size";
constexpr char kCount[] = "vnd.ireneo.count";
constexpr char kFirst[] = "vnd.ireneo.first";
constexpr char kLast[] = "vnd.ireneo.last";

constexpr char kDomain[] = "ireneo.archive/1\n";

const char* Name(LayerContent content) {
  return content == LayerContent::kCalls ? "calls" : "blobs";
}

absl::StatusOr<std::string> ToText(json::object object, const char* what) {
  absl::StatusOr<std::string> text = CanonicalJson(json::value(object));
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ", what, " cannot be JSON: ", text.status().message()));
  }
  if (text->size() > kMaxArchiveJson) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the ", what, " has ", text->size(),
        " bytes, and registries take at "
        "most ",
        kMaxArchiveJson, ": export fewer calls or functions at once"));
  }
  return text;
}

json::object ToJson(const OciDescriptor& descriptor, const char* type) {
  return {{"digest", descriptor.digest.ToString()},
          {"mediaType", type},
          {"size", descriptor.size}};
}

json::object ToJson(const LayerDescriptor& layer) {
  json::object notes = {{kContent, Name(layer.content)},
                        {kCount, absl::StrCat(layer.count)},
                        {kSize, absl::StrCat(layer.size)}};
  if (layer.first.has_value()) notes[kFirst] = layer.first->ToString();
  if (layer.last.has_value()) notes[kLast] = layer.last->ToString();
  json::object object = ToJson(layer.blob, kLayerType);
  object["annotations"] = std::move(notes);
  return object;
}

// Reads the objects of one file; the first thing that is wrong is kept.
class Reader {
 public:
  Reader(std::string_view text, const char* what) : what_(what) {
    if (text.size() > kMaxArchiveJson) {
      status_ = absl::DataLossError(absl::StrCat("it has ", text.size(),
                                                 " bytes, and at most ",
                                                 kMaxArchiveJson, " are read"));
      return;
    }
    absl::StatusOr<json::value> value = ParseJson(text);
    if (!value.ok()) {
      status_ = absl::DataLossError(value.status().message());
    } else if (!value->is_object()) {
      status_ = absl::DataLossError("it is no JSON object");
    } else {
      object_ = std::move(value->get_object());
    }
  }

  JsonMembers members() { return JsonMembers(object_, status_); }
  absl::Status& status() { return status_; }

  // The error with the name of the file.
  absl::Status Error() const {
    if (status_.ok()) return status_;
    return absl::Status(status_.code(),
                        absl::StrCat(what_, ": ", status_.message()));
  }

 private:
  const char* const what_;
  json::object object_;
  absl::Status status_;
};

void Expect(const JsonMembers& members, const char* name,
            std::string_view expected, absl::Status& status) {
  const std::string text = members.Text(name);
  if (status.ok() && text != expected) {
    status = absl::FailedPreconditionError(
        absl::StrCat("member \"", name, "\" is '", text,
                     "', and this build of Ireneo reads "
                     "'",
                     std::string(expected),
                     "': it is no archive of Ireneo, or needs a "
                     "newer one"));
  }
}

OciDescriptor ReadDescriptor(const JsonMembers& members, const char* type,
                             absl::Status& status) {
  if (type != nullptr) Expect(members, "mediaType", type, status);
  OciDescriptor descriptor{.digest = {}, .size = members.Unsigned("size")};
  const absl::StatusOr<Sha256> digest = Sha256::Parse(members.Text("digest"));
  if (digest.ok()) {
    descriptor.digest = *digest;
  } else {
    members.Fail("digest", "\"sha256:\" and 64 lowercase hex digits");
  }
  return descriptor;
}

// Annotations are strings.
std::uint64_t NumberAt(const JsonMembers& members, const char* name) {
  const std::string text = members.Text(name);
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    members.Fail(name, "a number");
  }
  return number;
}

LayerDescriptor ReadLayer(const json::object& object, absl::Status& status) {
  const JsonMembers members(object, status);
  LayerDescriptor layer;
  layer.blob = ReadDescriptor(members, kLayerType, status);
  const JsonMembers notes(members.Object("annotations"), status);
  const std::string content = notes.Text(kContent);
  if (content == Name(LayerContent::kBlobs)) {
    layer.content = LayerContent::kBlobs;
  } else if (content != Name(LayerContent::kCalls)) {
    notes.Fail(kContent, "\"calls\" or \"blobs\"");
  }
  layer.count = NumberAt(notes, kCount);
  layer.size = NumberAt(notes, kSize);
  if (notes.Has(kFirst)) layer.first = notes.DigestAt(kFirst);
  if (notes.Has(kLast)) layer.last = notes.DigestAt(kLast);
  return layer;
}

}  // namespace

absl::StatusOr<std::string> WriteManifest(const ArchiveManifest& manifest) {
  json::array layers;
  for (const LayerDescriptor& layer : manifest.layers) {
    layers.push_back(ToJson(layer));
  }
  if (manifest.signature.has_value()) {
    layers.push_back(ToJson(*manifest.signature, kSignatureType));
  }
  return ToText({{"artifactType", kArchiveType},
                 {"config", ToJson(manifest.config, kConfigType)},
                 {"layers", std::move(layers)},
                 {"mediaType", kManifestType},
                 {"schemaVersion", 2}},
                "manifest of the archive");
}

absl::StatusOr<ArchiveManifest> ReadManifest(std::string_view text) {
  Reader reader(text, "its manifest");
  absl::Status& status = reader.status();
  const JsonMembers members = reader.members();
  Expect(members, "artifactType", kArchiveType, status);
  Expect(members, "mediaType", kManifestType, status);
  ArchiveManifest manifest;
  manifest.config = ReadDescriptor(
      JsonMembers(members.Object("config"), status), kConfigType, status);
  for (const json::value& value : members.Array("layers")) {
    const json::object* const layer = value.if_object();
    if (layer == nullptr || manifest.signature.has_value()) {
      members.Fail("layers", "an array of objects, the signature at its end");
      break;
    }
    if (const json::value* const type = layer->if_contains("mediaType");
        type != nullptr && *type == kSignatureType) {
      manifest.signature =
          ReadDescriptor(JsonMembers(*layer, status), kSignatureType, status);
    } else {
      manifest.layers.push_back(ReadLayer(*layer, status));
    }
    if (!status.ok()) break;
  }
  IRENEO_RETURN_IF_ERROR(reader.Error());
  // So that nothing is in it that was not signed, or not understood.
  if (const absl::StatusOr<std::string> canonical = WriteManifest(manifest);
      !canonical.ok() || *canonical != text) {
    return absl::DataLossError(
        "its manifest: not as Ireneo writes it: something was added or moved");
  }
  return manifest;
}

absl::StatusOr<std::string> SignedText(ArchiveManifest manifest) {
  manifest.signature.reset();
  IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteManifest(manifest));
  return absl::StrCat(kDomain, text);
}

absl::StatusOr<std::string> WriteConfig(const ArchiveContents& contents) {
  json::array functions;
  for (const ArchiveContents::Function& function : contents.functions) {
    functions.push_back({{"calls", function.calls},
                         {"name", function.name},
                         {"versions", json::array(function.versions.begin(),
                                                  function.versions.end())}});
  }
  json::object object = {{"counts",
                          {{"blob_bytes", contents.blob_bytes},
                           {"blobs", contents.blobs},
                           {"calls", contents.calls}}},
                         {"digest", "xxh3-128"},
                         {"format", kFormat},
                         {"functions", std::move(functions)}};
  if (!contents.as_of.empty()) {
    object["as_of"] = json::array(contents.as_of.begin(), contents.as_of.end());
  }
  return ToText(std::move(object), "description of the archive");
}

absl::StatusOr<ArchiveContents> ReadConfig(std::string_view text) {
  Reader reader(text, "its description");
  absl::Status& status = reader.status();
  const JsonMembers members = reader.members();
  if (const std::int64_t format = members.Int("format");
      status.ok() && format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is an archive of format ", format,
                     ", and this build of Ireneo reads format ", kFormat,
                     ": use a newer Ireneo"));
  }
  Expect(members, "digest", "xxh3-128", status);
  const JsonMembers counts(members.Object("counts"), status);
  ArchiveContents contents;
  contents.calls = counts.Int("calls");
  contents.blobs = counts.Int("blobs");
  contents.blob_bytes = counts.Unsigned("blob_bytes");
  for (const json::value& value : members.Array("functions")) {
    const json::object* const object = value.if_object();
    if (object == nullptr) {
      members.Fail("functions", "an array of objects");
      break;
    }
    const JsonMembers function(*object, status);
    contents.functions.push_back({.name = function.Text("name"),
                                  .versions = function.Strings("versions"),
                                  .calls = function.Int("calls")});
    if (!status.ok()) break;
  }
  if (members.Has("as_of")) contents.as_of = members.Strings("as_of");
  IRENEO_RETURN_IF_ERROR(reader.Error());
  return contents;
}

std::string WriteOciLayout() {
  return absl::StrCat(R"({"imageLayoutVersion":")", kLayoutVersion, R"("})");
}

absl::Status CheckOciLayout(std::string_view text) {
  Reader reader(text, kOciLayout);
  Expect(reader.members(), "imageLayoutVersion", kLayoutVersion,
         reader.status());
  return reader.Error();
}

std::string WriteOciIndex(const OciDescriptor& manifest) {
  json::object descriptor = ToJson(manifest, kManifestType);
  descriptor["artifactType"] = kArchiveType;
  return *CanonicalJson({{"manifests", {std::move(descriptor)}},
                         {"mediaType", kIndexType},
                         {"schemaVersion", 2}});
}

absl::StatusOr<OciDescriptor> ReadOciIndex(std::string_view text) {
  Reader reader(text, kOciIndex);
  absl::Status& status = reader.status();
  const JsonMembers members = reader.members();
  // Others write this file: registries' tools add what they like.
  const json::array& manifests = members.Array("manifests");
  const json::object* const only =
      manifests.size() == 1 ? manifests[0].if_object() : nullptr;
  if (status.ok() && only == nullptr) {
    status = absl::FailedPreconditionError(
        absl::StrCat("it has ", manifests.size(),
                     " images, and an archive of Ireneo is one"));
  }
  if (only == nullptr) return reader.Error();
  const OciDescriptor manifest =
      ReadDescriptor(JsonMembers(*only, status), kManifestType, status);
  IRENEO_RETURN_IF_ERROR(reader.Error());
  return manifest;
}

std::string WriteSignature(const SignatureFile& signature) {
  return *CanonicalJson(
      {{"algorithm", "ed25519"},
       {"public_key", absl::Base64Escape(signature.public_key)},
       {"signature", absl::Base64Escape(signature.signature)}});
}

absl::StatusOr<SignatureFile> ReadSignature(std::string_view text) {
  Reader reader(text, "its signature");
  absl::Status& status = reader.status();
  const JsonMembers members = reader.members();
  Expect(members, "algorithm", "ed25519", status);
  SignatureFile signature;
  if (!absl::Base64Unescape(members.Text("public_key"),
                            &signature.public_key)) {
    members.Fail("public_key", "in base64");
  }
  if (!absl::Base64Unescape(members.Text("signature"), &signature.signature)) {
    members.Fail("signature", "in base64");
  }
  IRENEO_RETURN_IF_ERROR(reader.Error());
  return signature;
}

}  // namespace ireneo::internal

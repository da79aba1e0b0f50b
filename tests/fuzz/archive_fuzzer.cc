// Imports arbitrary archives. One that is not refused, with an error that names
// it, leaves a store in which all is as it should be and which can be exported.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/value.hpp"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_reading.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/memo/verification.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/digest.h"
#include "ireneo/tests/fuzz/archive_pieces.h"
#include "ireneo/tests/fuzz/check.h"
#include "tests/memo/hostile_archive.h"

namespace ireneo::fuzz {
namespace {

using internal::LayerContent;
using testing::ArchiveParts;
using testing::TarEntry;

constexpr char kName[] = "from_mallory";

LayerContent ContentOf(std::string_view bytes) {
  return bytes.empty() || bytes[0] != '\0' ? LayerContent::kBlobs
                                           : LayerContent::kCalls;
}

std::string_view Behind(std::string_view bytes) {
  return bytes.substr(std::min<std::size_t>(1, bytes.size()));
}

std::uint64_t NumberOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes.substr(0, 8)) {
    number = number << 8 | static_cast<unsigned char>(c);
  }
  return number;
}

TarEntry EntryOf(std::string_view bytes) {
  TarEntry entry;
  if (bytes.empty()) return entry;
  entry.type = bytes[0];
  bytes.remove_prefix(1);
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  entry.name = bytes.substr(0, end);
  entry.bytes = bytes.substr(std::min(end + 1, bytes.size()));
  // To somewhere, if it is a link.
  entry.link = entry.bytes;
  return entry;
}

class Builder {
 public:
  std::string Build(std::string_view input) {
    while (input.size() >= 3) {
      const auto piece =
          static_cast<Piece>(static_cast<unsigned char>(input[0]) % kPieces);
      const std::size_t size = static_cast<unsigned char>(input[1]) |
                               static_cast<unsigned char>(input[2]) << 8;
      input.remove_prefix(3);
      Add(piece, input.substr(0, size));
      input.remove_prefix(std::min(size, input.size()));
    }
    EndCalls();
    EndBlobs();
    return testing::ToBytes(parts_);
  }

 private:
  void Add(Piece piece, std::string_view bytes) {
    switch (piece) {
      case Piece::kLine:
      case Piece::kWrongKey:
        AddLine(bytes, piece == Piece::kLine);
        break;
      case Piece::kRawLine:
        lines_.push_back({Digest(), absl::StrCat(std::string(bytes), "\n")});
        break;
      case Piece::kEndCalls:
        EndCalls();
        break;
      case Piece::kBlob:
        blobs_.emplace_back(bytes);
        break;
      case Piece::kEndBlobs:
        EndBlobs();
        break;
      case Piece::kFile:
        files_.push_back(EntryOf(bytes));
        break;
      case Piece::kEndFiles:
        AddLayer(testing::MakeLayer(ContentOf(bytes), testing::ToTar(files_)));
        files_.clear();
        break;
      case Piece::kLayer: {
        ArchiveParts::Layer layer;
        layer.description.content = ContentOf(bytes);
        layer.bytes = Behind(bytes);
        testing::Describe(layer);
        AddLayer(std::move(layer));
        break;
      }
      case Piece::kTarLayer:
        AddLayer(
            testing::MakeLayer(ContentOf(bytes), WithZeros(Behind(bytes))));
        break;
      case Piece::kLie:
        Lie(bytes);
        break;
      case Piece::kBefore:
        parts_.before += testing::TarFile(EntryOf(bytes));
        break;
      case Piece::kBehind:
        parts_.behind += testing::TarFile(EntryOf(bytes));
        break;
      case Piece::kManifest:
        parts_.manifest = bytes;
        break;
      case Piece::kDescription:
        parts_.config = bytes;
        break;
      case Piece::kIndex:
        parts_.index = bytes;
        break;
      case Piece::kLayout:
        parts_.layout = bytes;
        break;
      case Piece::kCount:
        if (bytes.empty()) break;
        const std::uint64_t number = NumberOf(Behind(bytes));
        if (bytes[0] == 0) {
          parts_.contents.calls = static_cast<std::int64_t>(number);
        } else if (bytes[0] == 1) {
          parts_.contents.blobs = static_cast<std::int64_t>(number);
        } else {
          parts_.contents.blob_bytes = number;
        }
        break;
    }
  }

  void AddLine(std::string_view text, bool set_key) {
    absl::StatusOr<boost::json::value> value = ParseJson(text);
    if (!value.ok() || !value->is_object()) return;
    boost::json::object& object = value->get_object();
    object.erase("checksum");
    if (set_key) testing::SetKey(object);
    Digest key;
    if (const boost::json::value* const member = object.if_contains("key");
        member != nullptr && member->is_string()) {
      key = Digest::Parse(std::string(member->get_string())).value_or(key);
    }
    lines_.push_back({key, testing::Sealed(std::move(object))});
  }

  void EndCalls() {
    if (lines_.empty()) return;
    std::stable_sort(
        lines_.begin(), lines_.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> texts;
    for (const auto& [key, text] : lines_) texts.push_back(text);
    parts_.contents.calls += static_cast<std::int64_t>(lines_.size());
    testing::AddFunctions(texts, parts_.contents);
    // Files are counted through all layers.
    ArchiveParts::Layer layer = testing::CallsLayer(
        texts, lines_.front().first, lines_.back().first, ++calls_files_);
    lines_.clear();
    AddLayer(std::move(layer));
  }

  void EndBlobs() {
    if (blobs_.empty()) return;
    parts_.contents.blobs += static_cast<std::int64_t>(blobs_.size());
    for (const std::string& blob : blobs_) {
      parts_.contents.blob_bytes += blob.size();
    }
    AddLayer(testing::BlobsLayer(std::exchange(blobs_, {})));
  }

  void AddLayer(ArchiveParts::Layer layer) {
    // What is there twice is refused before it is looked at.
    for (const ArchiveParts::Layer& other : parts_.layers) {
      if (other.bytes == layer.bytes) return;
    }
    parts_.layers.push_back(std::move(layer));
  }

  void Lie(std::string_view bytes) {
    if (parts_.layers.empty() || bytes.empty()) return;
    internal::LayerDescriptor& layer = parts_.layers.back().description;
    const std::uint64_t number = NumberOf(Behind(bytes));
    switch (bytes[0] % 6) {
      case 0:
        layer.count = number;
        break;
      case 1:
        layer.size = number;
        break;
      case 2:
        layer.blob.size = number;
        break;
      case 3:
        layer.first = Digest::Of(Behind(bytes));
        break;
      case 4:
        layer.last.reset();
        break;
      default:
        layer.content = layer.content == LayerContent::kCalls
                            ? LayerContent::kBlobs
                            : LayerContent::kCalls;
    }
  }

  ArchiveParts parts_;
  std::vector<std::pair<Digest, std::string>> lines_;
  std::vector<std::string> blobs_;
  std::vector<TarEntry> files_;
  std::int64_t calls_files_ = 0;
};

// A folder in memory, removed when the next one is made, or at the end.
const std::filesystem::path& EmptyFolder() {
  struct Folder {
    Folder() {
      std::string name =
          std::filesystem::is_directory("/dev/shm")
              ? "/dev/shm/ireneo_fuzz_XXXXXX"
              : std::filesystem::temp_directory_path() / "ireneo_fuzz_XXXXXX";
      Check(::mkdtemp(name.data()) != nullptr, "a folder can be made");
      path = name;
    }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
  };
  static const Folder folder;
  std::filesystem::remove_all(folder.path);
  std::filesystem::create_directory(folder.path);
  return folder.path;
}

std::unique_ptr<internal::OpenFd> FileOf(std::string_view bytes) {
  auto file = std::make_unique<internal::OpenFd>(
      ::memfd_create("archive", MFD_CLOEXEC));
  Check(internal::WriteAll(file->get(), std::as_bytes(std::span(bytes))).ok(),
        "the archive can be written");
  Check(::lseek(file->get(), 0, SEEK_SET) == 0, "it can be read again");
  return file;
}

absl::Status Read(std::string_view bytes) {
  absl::StatusOr<std::unique_ptr<internal::ArchiveFile>> archive =
      internal::ArchiveFile::Open(FileOf(bytes), kName);
  if (!archive.ok()) return archive.status();
  return internal::ReadArchive(
      **archive, nullptr,
      [](internal::CallLine&&, std::uint64_t) { return absl::OkStatus(); },
      [](const Digest&, std::uint64_t) { return absl::OkStatus(); });
}

void CheckImport(std::string_view bytes, IndexEngine index) {
  const std::filesystem::path& folder = EmptyFolder();
  const absl::StatusOr<MemoStore> store =
      MemoStore::Open(folder / "store", {.memory_bytes = 0, .index = index});
  Check(store.ok(), "a store can be made");
  const auto import = [&] {
    absl::StatusOr<ImportReport> in =
        ImportArchive(FileOf(bytes)->get(), *store,
                      {.name = kName, .max_bytes = std::uint64_t{1} << 40});
    Check(in.ok(),
          "what can be read can be imported; found " + in.status().ToString());
    return *std::move(in);
  };
  const ImportReport first = import();
  Check(first.calls_added + first.calls_incomplete == first.contents.calls,
        "all calls are counted");
  Check(first.blobs_added == first.contents.blobs, "all blobs are new");
  const ImportReport second = import();
  Check(second.calls_added == 0 && second.blobs_added == 0 &&
            second.conflicts == 0 && second.calls_known == first.calls_added,
        "a second import adds nothing");
  const absl::StatusOr<std::vector<CallRecord>> calls = store->Calls({});
  Check(calls.ok() &&
            static_cast<std::int64_t>(calls->size()) == first.calls_added,
        "all calls can be read");
  for (const CallRecord& call : *calls) {
    Check(store->ResultBytes(call).ok(), "every call has its result");
    for (const ArgumentRecord& argument : call.arguments) {
      Check(!argument.kept || store->ArgumentBytes(argument).ok(),
            "what is kept is there");
    }
  }
  Check(store->Stats().ok() && store->Functions().ok(), "they are counted");
  const absl::StatusOr<VerifyReport> report = store->Verify();
  Check(report.ok() && !report->found_damage(), "nothing is damaged");
  const absl::StatusOr<ExportReport> out =
      ExportArchive(*store, folder / "out.tar");
  if (first.calls_added == 0) {
    Check(absl::IsNotFound(out.status()), "there is nothing to be exported");
    return;
  }
  Check(out.ok(),
        "what was imported can be exported; found " + out.status().ToString());
  Check(out->contents.calls == first.calls_added && out->lost.empty(),
        "all of it");
  Check(CheckArchive(folder / "out.tar").ok(), "and be read again");
}

}  // namespace
}  // namespace ireneo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace ireneo::fuzz;  // NOLINT: as it is one function.
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1),
                               size - 1);
  const auto mode = static_cast<ArchiveMode>(data[0] % 3);
  const std::string bytes =
      mode == ArchiveMode::kRaw ? WithZeros(input) : Builder().Build(input);
  const absl::Status status = Read(bytes);
  if (status.ok()) {
    CheckImport(bytes, mode == ArchiveMode::kPiecesDirectory
                           ? ireneo::IndexEngine::kDirectory
                           : ireneo::IndexEngine::kSqlite);
    return 0;
  }
  Check(absl::IsDataLoss(status) || absl::IsInvalidArgument(status) ||
            absl::IsFailedPrecondition(status) ||
            absl::IsResourceExhausted(status),
        "a bad archive is no other error; found " + status.ToString());
  Check(status.message().find(kName) != std::string_view::npos,
        "the error names the archive; found " + status.ToString());
  return 0;
}

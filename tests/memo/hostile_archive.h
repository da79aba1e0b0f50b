#ifndef IRENEO_TESTS_MEMO_HOSTILE_ARCHIVE_H_
#define IRENEO_TESTS_MEMO_HOSTILE_ARCHIVE_H_

// Makes archives of any content, by hand: tar headers that TarWriter refuses to
// write, layers that are not what they say. All SHA-256s are right unless a
// test makes them wrong, so that a reader gets to see the rest.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json/object.hpp"
#include "ireneo/memo/archive_contents.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"

namespace ireneo::testing {

// ----------------------------------------------------------------- Tar files

struct TarEntry {
  std::string name;
  std::string bytes = {};
  char type = '0';        // As in ustar: '1' hard link, '2' symlink, ...
  std::string link = {};  // Where to.
  // What the header says instead of how many bytes there are.
  std::optional<std::uint64_t> size = std::nullopt;
};

// A header of 512 bytes with a right checksum.
std::string TarHeader(const TarEntry& entry);
// Header, bytes, padding.
std::string TarFile(const TarEntry& entry);
// All of these and the end of a tar file.
std::string ToTar(const std::vector<TarEntry>& entries);
std::string TarEnd();
// The body of a pax header: "LENGTH NAME=VALUE\n".
std::string PaxRecord(const std::string& name, const std::string& value);

// ---------------------------------------------------------------------- Zstd

std::string Zstd(std::string_view bytes);

// A frame that unpacks to at least that many zeros behind `head`, of 4 bytes
// for each 128 KiB.
std::string ZstdBomb(std::string_view head, std::uint64_t zeros);

// --------------------------------------------------------------------- Calls

// A call of f64 `function`(i64): what it returned is in the line if it is
// small.
internal::CallLine MakeLine(const std::string& function, int argument,
                            const std::string& result);
// The key that its function and arguments have.
Digest KeyOf(const internal::CallLine& line);
// As it stands in an archive.
std::string TextOf(const internal::CallLine& line);
boost::json::object ObjectOf(const internal::CallLine& line);
// The object with the checksum that it should have.
std::string Sealed(boost::json::object object);
// With the key that its function and arguments have, as far as they can be
// read.
void SetKey(boost::json::object& object);

// ------------------------------------------------------------------ Archives

struct ArchiveParts {
  struct Layer {
    internal::LayerDescriptor description;
    std::string bytes;  // Compressed.
  };
  std::vector<Layer> layers = {};
  ArchiveContents contents = {};

  // Texts instead of those that follow from the others.
  std::optional<std::string> layout = std::nullopt;
  std::optional<std::string> index = std::nullopt;
  std::optional<std::string> manifest = std::nullopt;
  std::optional<std::string> config = std::nullopt;

  // Pieces of a tar file, before and behind the others.
  std::string before = {};
  std::string behind = {};
};

// Names the bytes of the layer by their SHA-256 and size.
void Describe(ArchiveParts::Layer& layer);

// A layer of a tar file. `size` is that of the tar file.
ArchiveParts::Layer MakeLayer(internal::LayerContent content,
                              const std::string& tar);

// In the order of their keys, in one file; all that is said of them is true.
ArchiveParts::Layer CallsLayer(std::vector<internal::CallLine> lines);
// Lines as they are, in the file of that number. The keys of the first and the
// last one are told apart.
ArchiveParts::Layer CallsLayer(const std::vector<std::string>& lines,
                               const Digest& first, const Digest& last,
                               std::int64_t file = 1);
// In the order of their digests.
ArchiveParts::Layer BlobsLayer(std::vector<std::string> blobs);

// Lets a description say of which functions the calls are. Of lines, those that
// can be read.
void AddFunctions(const std::vector<internal::CallLine>& lines,
                  ArchiveContents& contents);
void AddFunctions(const std::vector<std::string>& lines,
                  ArchiveContents& contents);

// Of these calls, and blobs; all is as it should be.
ArchiveParts MakeArchive(const std::vector<internal::CallLine>& lines,
                         const std::vector<std::string>& blobs);

// Calls whose results have all sizes: in the record, in the database, in a
// file.
std::vector<internal::CallLine> SomeCalls();
// The results of those that are not in the record.
std::vector<std::string> SomeBlobs();
inline ArchiveParts SomeArchive() {
  return MakeArchive(SomeCalls(), SomeBlobs());
}

std::string ManifestOf(const ArchiveParts& parts);
std::string ToBytes(const ArchiveParts& parts);

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_MEMO_HOSTILE_ARCHIVE_H_

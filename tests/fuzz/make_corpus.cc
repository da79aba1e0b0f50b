// Writes the corpora from which fuzzing starts, small files in a directory for
// each target:
//
//     bazel run //tests/fuzz:make_corpus $PWD/tests/fuzz/corpus

#include <Eigen/Core>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "boost/json/value.hpp"
#include "ireneo/serializers/json.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/codec.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/encoder.h"
#include "ireneo/tests/fuzz/archive_pieces.h"
#include "ireneo/tests/fuzz/check.h"
#include "ireneo/tests/fuzz/types.h"
#include "tests/memo/hostile_archive.h"

namespace ireneo::fuzz {
namespace {

class Corpus {
 public:
  explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}

  void AddFile(std::string_view target, const std::string& name,
               std::string_view bytes) {
    const std::filesystem::path directory = root_ / target;
    std::filesystem::create_directories(directory);
    std::ofstream file(directory / name, std::ios::binary);
    file << bytes;
    Check(file.good(), "the directory can be written");
  }

  // A value of one of the types in `list`, which `target` reads.
  template <typename List, typename T>
  void Add(List list, std::string_view target, const std::string& name,
           const T& value) {
    AddFile(target, name, static_cast<char>(IndexIn<T>(list)) + BytesOf(value));
  }

  // A value behind the name of its type.
  template <typename T>
  void AddNamed(const std::string& name, const T& value) {
    AddFile("type_name", name, TypeName<T>() + "\n" + BytesOf(value));
  }

 private:
  std::filesystem::path root_;
};

Record ARecord() {
  return {.id = -7, .name = "r", .values = {1, 2.5}, .flag = true};
}

Eigen::MatrixXd AMatrix() {
  Eigen::MatrixXd a(2, 3);
  a << 1, 2, 3, 4, 5, 6;
  return a;
}

void AddBinary(Corpus& corpus) {
  const auto add = [&](const std::string& name, const auto& value) {
    corpus.Add(BinaryTypes(), "binary", name, value);
  };
  add("bool", true);
  add("i32", std::int32_t{-2});
  add("c128", std::complex<double>(1, -0.0));
  add("string", std::string("a\0\xc3\xa4", 4));
  add("vector_f64", std::vector<double>{1, 0.1});
  add("vector_f64_aligned", std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
  add("vector_f64_empty", std::vector<double>());
  add("vector_char", std::vector<char>{'a', 'b'});
  add("vector_bool", std::vector<bool>{true, false});
  add("vector_string", std::vector<std::string>{"a", "", "bc"});
  add("vector_vector_i16",
      std::vector<std::vector<std::int16_t>>{{1, 2}, {}, {-3}});
  add("tuple", std::tuple(true, std::vector<double>{1}, std::string("x")));
  add("pair", std::pair(std::string("key"), std::int64_t{1} << 40));
  add("optional", std::optional(std::vector<std::string>{"x"}));
  add("optional_none", std::optional<std::vector<std::string>>());
  add("record", ARecord());
  add("vector_record", std::vector<Record>{ARecord(), {}});
  add("tree", Tree{1, {Tree{2, {}}, Tree{3, {Tree{}}}}});
  add("vector_raw", std::vector<Rgb>{{1, 2, 3}, {4, 5, 6}});
  add("array", std::array<std::string, 2>{"a", "bc"});
  add("list_array", std::list<std::array<float, 3>>(2, {1, 2, 3}));
  add("set", std::set<std::string>{"", "a", "b"});
  add("multimap", std::multimap<std::int8_t, bool>{{1, true}, {1, false}});
  add("map", std::map<std::string, std::vector<double>>{{"a", {1}}, {"b", {}}});
  add("unordered_map",
      std::unordered_map<std::string, std::int16_t>{{"a", 1}, {"b", 2}});
  add("unordered_multiset",
      std::unordered_multiset<std::int16_t>{1, 1, 256, -1});
  using Variant = std::variant<std::monostate, std::int32_t, std::string, Tree>;
  add("variant", Variant("a"));
  add("variant_tree", Variant(Tree{1, {Tree{}}}));
  add("unique_ptr", std::make_unique<std::string>("a"));
  add("vector_switch", std::vector<Switch>{Switch::kOn, Switch::kOff});
  add("tuple_time_path",
      std::tuple(std::chrono::milliseconds(5), std::filesystem::path("a/b")));
  add("vector_duration", std::vector<absl::Duration>{absl::Milliseconds(-1500),
                                                     absl::InfiniteDuration()});
  Eigen::SparseMatrix<double> sparse(3, 4);
  sparse.insert(0, 1) = 0.5;
  sparse.insert(2, 1) = 0;
  sparse.insert(1, 3) = -1;
  sparse.makeCompressed();
  add("sparse", sparse);
  add("sparse_rows", Eigen::SparseMatrix<float, Eigen::RowMajor, std::int64_t>(
                         sparse.cast<float>()));
  Eigen::SparseVector<std::complex<double>> vector(9);
  vector.insert(4) = {1, 2};
  add("sparse_vector", vector);
  add("vector_quaternion",
      std::vector<Eigen::Quaterniond>{Eigen::Quaterniond(1, 2, 3, 4)});
}

void AddNpy(Corpus& corpus) {
  const auto add = [&](const std::string& name, const auto& value) {
    corpus.Add(NpyTypes(), "npy", name, value);
  };
  const Eigen::MatrixXd a = AMatrix();
  add("matrix", a);
  add("matrix_empty", Eigen::MatrixXd(0, 3));
  add("matrix_float_rows",
      Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>(
          a.cast<float>()));
  add("vector_int", Eigen::VectorXi(a.row(0).cast<int>()));
  add("matrix_bool", Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>(
                         (a.array() > 2).matrix()));
  add("matrix_complex", Eigen::MatrixXcd(a * std::complex<double>(0.5, -1)));
  add("row_vector", Eigen::RowVectorXd(a.row(1)));
  add("matrix_fixed",
      Eigen::Matrix<std::int16_t, 2, 3>(a.cast<std::int16_t>()));
  add("vector_at_most_4",
      Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, 4, 1>(
          a.col(1)));
  add("array", Eigen::ArrayXXd(a.array()));
  Eigen::Tensor<double, 3> tensor(1, 2, 2);
  tensor.setValues({{{1, 2}, {3, 4}}});
  add("tensor", tensor);
  Eigen::TensorFixedSize<float, Eigen::Sizes<2, 3>, Eigen::RowMajor> fixed;
  fixed.setConstant(1.5f);
  add("tensor_fixed", fixed);
  add("matrix_bfloat16",
      Eigen::Matrix<Eigen::bfloat16, Eigen::Dynamic, Eigen::Dynamic>(
          a.cast<Eigen::bfloat16>()));
  add("vector_half", Eigen::Matrix<Eigen::half, Eigen::Dynamic, 1>(
                         a.col(0).cast<Eigen::half>()));
  add("diagonal",
      Eigen::DiagonalMatrix<double, Eigen::Dynamic>(Eigen::VectorXd(a.col(1))));
  add("affine", Eigen::Affine3d(Eigen::Translation3d(1, 2, 3)));

  // As others write it.
  std::string foreign(1, '\0');
  foreign += std::string_view("\x93NUMPY\x02\0\x45\0\0\0", 12);
  foreign += "{\"shape\": (1, 2), 'fortran_order':False,\n\t\"descr\": '>f8'}";
  foreign.resize(1 + 12 + 0x45, ' ');
  corpus.AddFile("npy", "foreign", foreign + std::string(16, '@'));
}

void AddJson(Corpus& corpus) {
  const boost::json::value value = {
      {"array", {1, -2, 0.5, 1e300, nullptr, true, false}},
      {"nested", {{"a", {{"b", {{"c", boost::json::array()}}}}}}},
      {"text", "a\n\"\\\x01\x7f \xc3\xa4 \xf0\x9d\x84\x9e"},
      {"", {18446744073709551615u, -9223372036854775807 - 1, -0.0}}};
  corpus.AddFile("json", "canonical", BytesOf(value));
  corpus.AddFile("json", "spaces",
                 "{ \"b\" :\t[ 1.0 , 2E-3 ] ,\r\n  \"a\" : { } }\n");
  corpus.AddFile("json", "escapes",
                 "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud834\\udd1e\"");
  corpus.AddFile("json", "numbers",
                 "[-0,0.0,-0e5,5e-324,1.7976931348623157e308,0.1,1E+2,"
                 "9007199254740993.0,18446744073709551615]");
  corpus.AddFile("json", "names", "{\"a\":0,\"\\u0062\":1,\"ab\":2,\"\":3}");
  corpus.AddFile("json", "deep", std::string(300, '['));
  corpus.AddFile("json", "literals", "[true,false,null,nul]");
}

void AddTypeNames(Corpus& corpus) {
  corpus.AddNamed("i32", std::int32_t{-2});
  corpus.AddNamed("char32", U'\x20ac');
  corpus.AddNamed("matrix", AMatrix());
  corpus.AddNamed("tuple", std::tuple(true, std::vector<double>{1},
                                      std::string("a\n\x80\xc3\xa4")));
  corpus.AddNamed("optional", std::optional(std::pair(1.5f, std::byte{7})));
  corpus.AddNamed("vector_record", std::vector<Record>{ARecord(), {}});
  for (const auto& [name, type] :
       {std::pair("all_parts", "a.B<c,<f8,?4,12,d<>>/3{e,f.G/1{}}"),
        std::pair("fields_only", "acme.Mesh/2{vector<f64>,optional<string>}"),
        std::pair("eigen_extents", "eigen<|u1,?3,4,C>/1")}) {
    corpus.AddFile("type_name", name, type);
  }
}

void AddFiles(Corpus& corpus) {
  std::string payload;
  for (int i = 0; i < 400; ++i) payload += std::to_string(i * i) + ",";
  const auto add = [&](const std::string& name, const Encoding& encoding) {
    std::string file(1, '\0');
    while (kBlobCodecs[static_cast<std::size_t>(file[0])] != encoding.codec) {
      ++file[0];
    }
    const auto encoder = NewEncoder(encoding, payload.size(), [&](auto bytes) {
      file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return absl::OkStatus();
    });
    Check(encoder->Append(std::as_bytes(std::span(payload))).ok() &&
              encoder->Finish().ok(),
          "a payload can be compressed");
    corpus.AddFile("codec", name, file);
  };
  using enum Compression::Inner;
  add("gzip", {.codec = BlobCodec::kZlib, .level = 6});
  add("gzip_stored", {.codec = BlobCodec::kZlib, .level = 0});
  add("zstd", {.codec = BlobCodec::kZstd, .level = 1});
  add("blosc_lz4", {BlobCodec::kBlosc, 5, kLz4, 1});
  add("blosc_lz4_shuffled", {BlobCodec::kBlosc, 5, kLz4, 8});
  add("blosc_zstd_shuffled", {BlobCodec::kBlosc, 1, kZstd, 4});
  payload = "short";
  add("blosc_copied", {BlobCodec::kBlosc, 1, kLz4, 1});
}

std::string Input(ArchiveMode mode, std::string_view rest) {
  return std::string(1, static_cast<char>(mode)).append(rest);
}

void AddArchives(Corpus& corpus) {
  std::string line = testing::TextOf(testing::MakeLine("acme.F", 1, "small"));
  line.pop_back();
  const std::string blob(300, 'm');
  std::string large = testing::TextOf(testing::MakeLine("acme.G", 2, blob));
  large.pop_back();
  const std::string calls =
      Encode(Piece::kLine, line) + Encode(Piece::kLine, large);
  const std::string good = calls + Encode(Piece::kBlob, blob);
  const auto add = [&](const std::string& name, const std::string& pieces) {
    corpus.AddFile("archive", name, Input(ArchiveMode::kPieces, pieces));
  };
  add("calls", good);
  corpus.AddFile("archive", "calls_directory",
                 Input(ArchiveMode::kPiecesDirectory, good));
  add("nothing", "");
  add("two_layers", Encode(Piece::kLine, line) + Encode(Piece::kEndCalls) +
                        Encode(Piece::kLine, large) +
                        Encode(Piece::kBlob, blob) + Encode(Piece::kEndBlobs));
  add("without_blobs", calls);
  add("wrong_key", Encode(Piece::kWrongKey, line));
  add("raw_line", Encode(Piece::kRawLine, line));
  add("files", Encode(Piece::kFile, "0calls-000001.jsonl\n") +
                   Encode(Piece::kFile, "2calls-000002.jsonl\n/etc/passwd") +
                   Encode(Piece::kEndFiles, std::string_view("\0", 1)));
  const std::string tar = testing::ToTar({{.name = "calls-000001.jsonl"}});
  add("layer", Encode(Piece::kLayer,
                      std::string(1, '\0') + testing::ZstdBomb("", 1 << 20)));
  add("tar_layer",
      Encode(Piece::kTarLayer, std::string(1, '\0') + CountZeros(tar)));
  add("lies", good + Encode(Piece::kEndBlobs) +
                  Encode(Piece::kLie, std::string_view("\1\0\1\2", 4)) +
                  Encode(Piece::kCount, std::string_view("\0\2", 2)));
  add("outer",
      Encode(Piece::kBefore, "0../x\nx") + Encode(Piece::kBehind, "5blobs/\n"));
  const testing::ArchiveParts parts;
  add("texts", Encode(Piece::kManifest, testing::ManifestOf(parts)) +
                   Encode(Piece::kDescription,
                          R"({"counts":{"blob_bytes":0,"blobs":0,"calls":0},)"
                          R"("digest":"xxh3-128","format":1,"functions":[]})") +
                   Encode(Piece::kLayout, R"({"imageLayoutVersion":"1.0.0"})"));
  add("index", Encode(Piece::kIndex, R"({"manifests":[]})"));
  corpus.AddFile("archive", "raw",
                 Input(ArchiveMode::kRaw,
                       CountZeros(testing::ToBytes(testing::ArchiveParts()))));
}

}  // namespace
}  // namespace ireneo::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus DIRECTORY\n";
    return 2;
  }
  ireneo::fuzz::Corpus corpus(argv[1]);
  ireneo::fuzz::AddBinary(corpus);
  ireneo::fuzz::AddNpy(corpus);
  ireneo::fuzz::AddJson(corpus);
  ireneo::fuzz::AddTypeNames(corpus);
  ireneo::fuzz::AddFiles(corpus);
  ireneo::fuzz::AddArchives(corpus);
}

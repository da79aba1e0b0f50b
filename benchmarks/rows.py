"""What the rows of the benchmarks mean, what they should reach, and why some
do not.

A target is a number (at most so many seconds or bytes, of a rate at least so
many per second) or names a peer: at least so many times as fast as that.
"""

import collections

# `limits` are peers that show what is physically possible.
Table = collections.namedtuple("Table", "title about limits rows")
Row = collections.namedtuple("Row", "what label kind targets")


def row(what, label, kind="time", **targets):
  return Row(what, label, kind, targets)


KB = 1 << 10
MB = 1 << 20

TABLES = (
    Table(
        "Calls of the smallest function",
        "An `int -> int` function that takes a nanosecond: what a call takes "
        "is the memory's. *SQLite* and *files* are caches that one would "
        "write by hand in C++: a table or a file for each result, by the hash "
        "of the argument, without checks, versions, or records. Peers in "
        "Python know one kind of hit, which stands in both rows.",
        ("SQLite", "files"),
        (row("MemoryHit", "hit, memory", most=500e-9,
             peers={"joblib": 80, "diskcache": 25}),
         row("MemoryHits", "10,000 hits, memory", "rate", least=1e6),
         row("IndexHit", "hit, index", most=8e-6),
         row("IndexHits", "10,000 hits, index", "rate", least=150e3),
         row("Miss", "miss", most=40e-6, peers={"joblib": 5}),
         row("Misses", "10,000 misses", "rate", least=25e3,
             peers={"joblib": 5}),
         row("GroupedMisses", "10,000 misses in a batch", "rate",
             least=100e3))),
    Table(
        "A matrix in, a matrix out: hits",
        "A function that takes a matrix of doubles and returns one of the "
        "same size. By value: the argument is hashed and the result copied. "
        "By view: the argument is hashed and the result mapped. By handle: "
        "both are handles. joblib with mmap hashes and maps.",
        ("XXH3", "XXH3, memcpy"),
        (row("HitByValue", "by value",
             peers_at={512 * MB: {"joblib": 5}}),
         row("HitByView", "by view"),
         row("HitByHandle", "by handle",
             peers_at={512 * MB: {"joblib mmap": 15}}))),
    Table(
        "A matrix in, a matrix out: misses",
        "The same function, which takes nothing itself: it returns what was "
        "made before.",
        ("files",),
        (row("MatrixMiss", "miss", peers={"joblib": 5}),)),
    Table(
        "Chains",
        "One of five calls, each of the result of the one before, a matrix of "
        "100 MB; handles are passed on. The cold ones compute.",
        (),
        (row("ChainStage", "remembered", most=100e-6),
         row("ColdChainStage", "computed"))),
    Table(
        "Throughput",
        "Calls with different arguments, by several threads of a process "
        "or several processes that share a store.",
        ("SQLite",),
        (row("ThreadMemoryHits", "hits, memory, threads", "rate"),
         row("ThreadHits", "hits, index, threads", "rate"),
         row("ThreadMisses", "misses, threads", "rate"),
         row("ProcessHits", "hits, index, processes", "rate"),
         row("ProcessMisses", "misses, processes", "rate"))),
    Table(
        "A fresh process",
        "From the start of a process to its end, with one hit in between.",
        ("empty program", "empty Python"),
        (row("FirstHit", "first hit", most=5e-3),)),
    Table(
        "Stores of many calls",
        "Opening a store of so many calls, to the end of the first hit; a look-up of a random one in the "
        "index; the sums over all of them; the bytes of disk for each.",
        ("SQLite",),
        (row("Open", "open", most=10e-3),
         row("LookUp", "look-up", ratio_to_smallest=1.5),
         row("Functions", "sum up functions", most=1),
         row("Stats", "statistics", most=1),
         row("RecordSize", "size of a call", "size"))),
    Table(
        "Room on the disk",
        "Twenty results of 8 MB that are equal; a thousand that are a number.",
        (),
        (row("EqualResults", "equal results", "size", most=1.1 * 8 * MB),
         row("TinyResults", "tiny results", "size", most=0.5e6))),
    Table(
        "Collection",
        "What it takes to forget one of many calls: half of 1,000 with "
        "results of 64 KB, half of 100,000 in the index.",
        ("unlink", "SQLite DELETE"),
        (row("CollectFiles", "with its file", "rate"),
         row("CollectRecords", "in the index", "rate"))),
    Table(
        "Blobs",
        "Bytes put and got by their digest. `Get` maps them; first, it reads "
        "them once to check them.",
        ("write", "read", "XXH3"),
        (row("PutNew", "put new", peers_at={8 * MB: {"write": 0.6}}),
         row("PutPresent", "put present"),
         row("FirstGet", "get first"),
         row("Get", "get again"))),
    Table(
        "Hashing",
        "The digests of matrices, of blocks of 16 MB of a larger one (bytes "
        "of a column, bytes between two), of a sparse matrix of 124 MB and of "
        "a call with a struct of five numbers.",
        ("XXH3", "memcpy", "XXH3 of each column", "XXH3 in one piece"),
        (row("HashMatrix", "matrix", peers={"XXH3": 0.9}),
         row("HashBlock", "block", peers={"XXH3 in one piece": 0.5}),
         row("HashSparse", "sparse matrix"),
         row("KeyOfStruct", "key of a struct", most=100e-9))),
    Table(
        "Serializers",
        "Writing values into memory and reading them from there.",
        ("memcpy",),
        (row("WriteVector", "write a vector"),
         row("ReadVector", "read a vector"),
         row("WriteMap", "write a map of vectors", peers={"cereal": 1}),
         row("ReadMap", "read a map of vectors", peers={"cereal": 1}),
         row("WriteStruct", "write nested structs", peers={"cereal": 1}),
         row("ReadStruct", "read nested structs", peers={"cereal": 1}),
         row("WriteSparse", "write a sparse matrix"),
         row("ViewSparse", "view a sparse matrix"))),
    Table(
        "Compression",
        "`Compression::kSmall` on a smooth field, noise, and an array of "
        "which one in twenty is not zero, and what else may be chosen; *raw* "
        "is a copy. In brackets: the size that is left.",
        ("raw",),
        (row("CompressField", "write a field", peers={"gzip-2": 10}),
         row("DecompressField", "read a field", peers={"gzip-2": 5}),
         row("CompressSparse", "write many zeros"),
         row("DecompressSparse", "read many zeros"),
         row("CompressNoise", "write noise"),
         row("DecompressNoise", "read noise"))),
    Table(
        "Archives",
        "Export and import of results of 8 MB each (random doubles, smooth "
        "fields, JSON), and of 100,000 calls that are in the index; then the "
        "sizes of archives, and the memory that making and reading them took.",
        ("plain lines",),
        (row("ExportRandom", "export random doubles",
             peers={"SHA-256, tar": 0.6}),
         row("ImportRandom", "import random doubles",
             peers={"SHA-256, tar -x": 0.6}),
         row("ExportField", "export fields"),
         row("ImportField", "import fields"),
         row("ExportJson", "export JSON"),
         row("ImportJson", "import JSON"),
         row("ExportTiny", "export tiny calls", "rate", least=100e3),
         row("ImportTiny", "import tiny calls", "rate", least=100e3),
         row("FieldArchive", "archive of fields", "size"),
         row("JsonArchive", "archive of JSON", "size"),
         row("ExportMemory", "memory of an export", "size", most=100e6),
         row("ImportMemory", "memory of an import", "size", most=100e6))),
    Table(
        "Compiling",
        "The first program of the README, and the same without Ireneo: "
        "seconds of g++.",
        ("without",),
        (row("Include", "with ireneo.h", over={"without": 2.0}),)),
)

# Why a peer is ahead, why a limit is not reached within a factor of two, or why
# a target is missed: by row, or by row and peer. Shown only where it is so.
REASONS = {
}

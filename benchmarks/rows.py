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
        "Python know one kind of hit, which stands in both rows; they make "
        "2,000 calls, files 1,000. A batch of Ireneo and of SQLite has all "
        "10,000 misses, one of diskcache 1,000; joblib has none.",
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
        "both are handles: what a stage of a chain costs. joblib with mmap "
        "hashes and maps, whatever it is given, and stands in both rows; its own "
        "handles stand under Chains. 8 KB "
        "by value come from Ireneo's memory, all else from files.",
        ("XXH3", "XXH3, memcpy"),
        (row("HitByValue", "by value",
             peers_at={512 * MB: {"joblib": 5}}),
         row("HitByView", "by view"),
         row("HitByHandle", "by handle",
             peers_at={512 * MB: {"joblib mmap": 15}}))),
    Table(
        "A matrix in, a matrix out: misses",
        "The same function, which takes nothing itself: it returns what was "
        "made before. No side keeps the argument, for which Ireneo is told "
        "so (`KeepArguments::kNone`): up to 64 KB it would.",
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
        "Opening a store of so many calls, to the end of the first hit; a "
        "look-up of a random one in the index; the sums over all of them; the "
        "bytes of disk for each.",
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
        "Bytes put and got by their digest. `Get` maps them, which *read* and "
        "SQLite copy; first, it reads them once to check them.",
        ("write", "read", "XXH3"),
        (row("PutNew", "put new", peers_at={64 * MB: {"write": 0.6}}),
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
        "seconds of CPU of g++.",
        ("without",),
        (row("IncludeO0", "with ireneo.h, -O0", over={"without": 2.0}),
         row("IncludeO2", "with ireneo.h, -O2", over={"without": 2.0}))),
)

# Why a peer is ahead, why a limit is not reached within a factor of two, or why
# a target is missed: by row, or by row and peer. Shown only where it is so.
LOOK_UP = ("Something is looked up in the index, and a file is opened, whatever "
           "its size: 10 to 20 µs, beside which bytes of this size take little.")
NEW_FILE = ("A file is created, and the file system is slow at that; the blob "
            "also gets a row in the index.")
RECORDS = ("A record says of each call who made it when, how long it took and "
           "with which arguments, in an index of functions, calls and blobs; "
           "the table has a key of 16 bytes and a number.")
MISS = ("A call has a record with its time, and the result a file of its own with "
        "a row in the index, which on small results takes longer than hashing "
        "and writing them.")
INDEX_HIT = ("A hit is searched in three trees, those of functions, calls and "
             "blobs, and is counted; the table has one.")
OPENING = ("SQLite reads a schema of many tables and not of one or two, which "
           "is most of the time; then directories, and what killed processes "
           "left, are looked at.")

LARGE_MISS = ("The result is hashed as well. A virtual machine gives memory that is "
              "free back to its host, and whoever takes it again may wait: so "
              "much is written at two speeds, by all.")
FIRST_HIT = ("SQLite, Blosc, Zstandard and xxHash are loaded, the index is "
             "opened, and what was counted is synced when it is closed.")

INCLUDE = ("Four fifths are the headers: Abseil's status and time, Boost.JSON's "
           "values, `<filesystem>`, and the serializers of the standard library "
           "and of Abseil's containers. Programs that include "
           "ireneo/memo/memoize.h and the serializers that they use, instead of "
           "ireneo.h, compile in less.")

REASONS = {
    "MemoryHits": "The calls that were hit are counted once a second.",
    ("IndexHit", "SQLite"): INDEX_HIT,
    "IndexHit": INDEX_HIT,
    ("IndexHits", "SQLite"): INDEX_HIT,
    "IndexHits": INDEX_HIT,
    "Miss": RECORDS,
    "GroupedMisses": RECORDS,
    "MatrixMiss": MISS,
    ("MatrixMiss", "", 512 << 20): LARGE_MISS,
    "FirstHit": FIRST_HIT,
    ("IndexHit", "files"): "Opening, reading and closing a file that the "
                           "kernel has just seen takes three system calls; "
                           "SQLite's locks take as many, and the rest is the "
                           "search in three trees.",
    ("Miss", "SQLite"): RECORDS,
    ("Misses", "SQLite"): RECORDS,
    ("Misses", "files"): RECORDS,
    ("Miss", "files"): RECORDS,
    ("GroupedMisses", "SQLite"): RECORDS,
    "Misses": "A miss writes a record with its time and arguments in a "
              "transaction of its own, and a checkpoint of the index falls "
              "into the time of every thousand.",
    ("HitByValue", "XXH3, memcpy", 8 << 10):
        "The call's key is made and looked up in memory: 1 µs.",
    ("HitByValue", "XXH3, memcpy", 1 << 20):
        "The file is opened and mapped, and the mapping is read and given "
        "back page by page, by the kernel.",
    ("HitByValue", "files", 1 << 20):
        "The same: reading into memory that is there already needs no "
        "mapping. From some megabytes on, mapping is faster.",
    ("HitByValue", "files"): "Mapped pages are given back by the kernel.",
    ("HitByValue", "SQLite"):
        "The table keeps small results beside their keys, and checks nothing.",
    ("HitByView", "XXH3", 8 << 10): LOOK_UP,
    ("HitByView", "XXH3", 1 << 20): LOOK_UP,
    ("MatrixMiss", "SQLite", 8 << 10): NEW_FILE,
    ("MatrixMiss", "files", 8 << 10): MISS,
    ("MatrixMiss", "files", 512 << 20): LARGE_MISS,
    ("MatrixMiss", "files"): "The result is hashed as well, so that equal "
                             "ones are kept once and damage is seen.",
    ("ThreadHits", "SQLite"): INDEX_HIT,
    ("ThreadMisses", "SQLite"): RECORDS,
    ("ProcessHits", "SQLite"): INDEX_HIT,
    ("ProcessMisses", "SQLite"): RECORDS,
    ("FirstHit", "empty program"): FIRST_HIT,
    ("ColdChainStage", "joblib shelved"):
        "joblib's handles are digests of where a result is stored: it hashes "
        "neither the argument nor the result.",
    ("Open", "joblib"): "joblib opens nothing: a result is a file.",
    ("Open", "diskcache"): OPENING,
    ("TinyResults", "diskcache"): "A record says more of a call than a key "
                                  "and a value, and 128 KB are kept in "
                                  "reserve for a disk that is full.",
    ("FirstGet", "XXH3"): "The mapping is filled first, so that a bad sector "
                          "is an error and does not kill the process.",
    ("Open", "SQLite"): OPENING,
    ("LookUp", "SQLite"): RECORDS,
    "LookUp": "Rows lie where they were written and not in the order of "
              "keys: among a million, nearly each look-up reads pages of two "
              "trees that are not in the processor's caches.",
    ("RecordSize", "SQLite"): RECORDS,
    ("CollectFiles", "unlink"):
        "A collection plans what goes, keeps a copy of the index, deletes the "
        "calls and blobs from it, and removes their files under the locks of "
        "their shards, with a look at who has put them again meanwhile.",
    ("CollectRecords", "SQLite DELETE"):
        "Calls go in order of their use, after a plan of what they share, "
        "with a copy of the index made before.",
    ("PutNew", "SQLite", 8 << 10): NEW_FILE,
    ("PutNew", "write", 8 << 10): "The file is written under another name, "
                                  "made read-only and linked, and the shard "
                                  "locked meanwhile, so that no crash and no "
                                  "collection can lose it.",
    ("PutNew", "write"): "The bytes are hashed while they are written, and "
                         "the file appears whole or not at all.",
    ("PutPresent", "XXH3", 8 << 10): LOOK_UP,
    ("PutPresent", "XXH3", 1 << 20): LOOK_UP,
    ("FirstGet", "XXH3", 8 << 10): LOOK_UP,
    ("FirstGet", "XXH3", 1 << 20): "The file is opened and its pages are "
                                   "mapped, 256 of them.",
    ("Get", "SQLite", 8 << 10): "The row is read where it is; a blob is a "
                                "file of its own from 4 KB on.",
    ("Get", "read", 8 << 10): "The file's size and times are compared with "
                              "what was checked before.",
    ("HashMatrix", "XXH3", 8 << 10):
        "The shape goes into the digest as well, from a header that is built "
        "for each matrix: 0.2 µs.",
    ("HashMatrix", "", 8 << 10): "The header with the shape takes 0.2 µs.",
    ("HashMatrix", "memcpy", 8 << 10): "Hashing is more work than copying "
                                       "what is in the first-level cache.",
    ("HashMatrix", "memcpy"): "Hashing does more than copying.",
    ("HashBlock", "XXH3 in one piece"):
        "What lies between the columns is fetched from memory as well, and "
        "XXH3 over each column where it lies takes as long.",
    "HashBlock":
        "What lies between the columns is fetched from memory as well, and "
        "XXH3 over each column where it lies takes as long.",
    ("HashBlock", "XXH3 of each column"):
        "The columns are gathered in pieces, as the digest is of one stream.",
    "HashSparse": "Each index is looked at, so that a broken matrix is not "
                  "stored.",
    ("HashSparse", "XXH3"): "Each index is looked at, so that a broken matrix "
                            "is not stored: 5 ms.",
    ("KeyOfStruct", "XXH3"): "Each field is written for itself, and the key "
                             "is a digest of digests.",
    ("WriteSparse", "memcpy"): "Each index is looked at before it is written.",
    ("CompressField", "raw"): "It compresses.",
    ("DecompressField", "raw"): "It decompresses.",
    ("CompressSparse", "raw"): "It compresses.",
    ("DecompressSparse", "raw"): "It decompresses.",
    "CompressField": "A better ratio takes longer; `kSmall` lies between.",
    "DecompressField": "A better ratio takes longer; `kSmall` lies between.",
    "CompressSparse": "What leaves more bytes is faster.",
    "DecompressSparse": "What leaves more bytes is faster.",
    "CompressNoise": "A sample is compressed before it is given up.",
    "DecompressNoise": "Nothing was compressed: the difference is noise.",
    ("ExportRandom", "SHA-256, tar"):
        "Both take the SHA-256 of all bytes, which is most of the time.",
    ("ImportRandom", "SHA-256, tar -x"):
        "All of an archive is checked before its first byte is written: it is "
        "read twice, and the digests of blobs are computed anew.",
    "ImportField": "An import reads the archive twice, checks before it "
                   "writes, and hashes what it unpacks.",
    "ImportJson": "An import reads the archive twice, checks before it "
                  "writes, and hashes what it unpacks.",
    "ExportField": "The SHA-256 of each layer is taken, which tar does not.",
    "ExportJson": "The SHA-256 of each layer is taken, which tar does not.",
    "FieldArchive": "zstd gains almost nothing on doubles: a layer of which "
                    "a sample says so is stored fast instead.",
    "JsonArchive": "The manifest and the calls come on top.",
    ("ExportTiny", "VACUUM INTO"):
        "Records become text that any tool can read; VACUUM copies pages.",
    ("ExportTiny", "plain lines"): "The lines are sorted, checked by SHA-256 "
                                   "and compressed.",
    ("ImportTiny", "VACUUM INTO"):
        "Each line is parsed, checked, and inserted by its key.",
    ("ImportTiny", "plain lines"):
        "Each line is parsed, checked, and inserted by its key.",
    "ImportTiny": "Each line is parsed, checked, and inserted by its key.",
    "IncludeO0": INCLUDE,
    "IncludeO2": INCLUDE,
}

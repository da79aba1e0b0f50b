"""Fuzz targets: a test that replays a corpus, and a program that fuzzes."""

def fuzz_target(name, deps):
    """Declares NAME_fuzzer of NAME_fuzzer.cc, with its corpus corpus/NAME.

    Args:
      name: the part of the input that is fuzzed.
      deps: what NAME_fuzzer.cc includes.
    """
    native.cc_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + "_fuzzer.cc"],
        deps = deps,
        alwayslink = True,
    )
    native.cc_test(
        name = name + "_replay_test",
        srcs = ["replay.cc"],
        args = ["tests/fuzz/corpus/" + name],
        data = native.glob(["corpus/" + name + "/*"]),
        deps = [":" + name + "_target"],
    )

    # Links only with --config=fuzz; tools/fuzz builds and runs it.
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":" + name + "_target"],
    )

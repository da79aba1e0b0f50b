"""Tests of what a store does whatever keeps its records."""

def with_directory_index(name, test, size = "small", args = [], shard_count = None):
    """Runs a test once more, for stores whose index is a directory.

    Args:
      name: of the test to be made.
      test: a cc_test that opens stores by tests/memo/open_store.h.
      size: as in sh_test.
      args: for `test`.
      shard_count: as in sh_test.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["with_directory_index.sh"],
        args = ["$(location %s)" % test] + args,
        data = [test],
        shard_count = shard_count,
    )

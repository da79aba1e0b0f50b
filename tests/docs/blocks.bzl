"""The blocks of code in docs/*.md, as files.

BLOCKS has a name for each block of a language, in the order of the page.
blocks_test checks that none is left out, and that each is used by a test.
"""

BLOCKS = {
    "guide.md": {
        "cpp": [
            "sweep.cc",
            "observer.inc",
            "trace.inc",
            "functions.inc",
            "volume.inc",
            "mass.inc",
            "source_version.inc",
            "build_id.inc",
            "callee.inc",
            "caller.inc",
            "fibonacci.inc",
            "lineage.inc",
            "estimate_pi.inc",
            "seeded.inc",
            "noise.inc",
            "parallel.inc",
            "chain.inc",
            "handle.inc",
            "hashed.inc",
            "model.inc",
            "bind.inc",
            "explain.inc",
            "audit.inc",
            "conflicts.inc",
            "threads.inc",
            "wait.inc",
            "batch.inc",
            "max_age.inc",
            "forget.inc",
            "all_versions.inc",
            "lookup.inc",
            "bounded.inc",
            "collect.inc",
            "pin.inc",
            "recompress.inc",
            "calls.inc",
            "tables.inc",
        ],
        "text": ["explanation.txt"],
    },
    "keys.md": {
        "cpp": [
            "key_of.inc",
            "key_by_hand.cc",
            "conversions.inc",
            "key_function.inc",
            "numbers.inc",
            "views.inc",
            "matrices.inc",
            "containers.inc",
            "optionals.inc",
            "results.inc",
            "handle_keys.inc",
            "bound_keys.inc",
            "seed_keys.inc",
            "callee_keys.inc",
            "environment.inc",
        ],
    },
    "sharing.md": {},
}

def extract_blocks():
    """Declares a file for each block, and blocks.json."""
    for page, languages in BLOCKS.items():
        for language, names in languages.items():
            for n, name in enumerate(names, 1):
                native.genrule(
                    name = "extract_" + name,
                    srcs = ["//docs:" + page],
                    outs = [name],
                    cmd = ("awk '/^```%s$$/ {n++; on = 1; next} " % language +
                           "/^```$$/ {on = 0} on && n == %d' $< > $@" % n),
                )
    native.genrule(
        name = "list_blocks",
        outs = ["blocks.json"],
        cmd = "echo '%s' > $@" % json.encode(BLOCKS),
    )

def blocks_of(page, suffix):
    """The files with that suffix."""
    return [
        ":" + name
        for names in BLOCKS[page].values()
        for name in names
        if name.endswith(suffix)
    ]

"""The libraries that Ireneo uses, taken from the system's packages.

Each one appears as a repository with the labels that the same library has in
the Bazel Central Registry (`@com_google_absl//absl/status:statusor`), so that
BUILD files stay as they are on the day the project moves to bzlmod. Nothing is
downloaded: `tools/setup` installs Debian's packages, and the overlays here say
how to link them. A workspace that uses Ireneo calls `ireneo_repositories()`.
"""

def _overlay_repository_impl(ctx):
    for build_file, path in ctx.attr.files.items():
        ctx.symlink(build_file, path)
    for system_path, name in ctx.attr.system_paths.items():
        if not ctx.path(system_path).exists:
            fail("%s is missing: run tools/setup, which installs it" %
                 system_path)
        ctx.symlink(system_path, name)
    for name, libraries in ctx.attr.scripts.items():
        # Scripts of the linker, which finds the libraries itself.
        shared = "INPUT(%s)\n" % " ".join(
            ["-l" + library for library in libraries],
        )
        ctx.file("lib%s.so" % name, shared)
        ctx.file("lib%s.pic.a" % name, shared)
        ctx.file("lib%s.a" % name, "GROUP(%s)\n" % " ".join(
            ["lib%s.a" % library for library in libraries],
        ))
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)

overlay_repository = repository_rule(
    implementation = _overlay_repository_impl,
    doc = "A repository made of our BUILD files over a system library.",
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "Our file -> its path in the repository.",
            allow_files = True,
        ),
        "scripts": attr.string_list_dict(
            doc = """Name -> libraries of the system that are linked together:
            statically into programs, which start in half the time without
            forty libraries to load; dynamically into tests and shared libraries
            (Debian's static ones have no position-independent code). A BUILD
            file says `srcs = ["libNAME.a", "libNAME.pic.a", "libNAME.so"]`.""",
        ),
        "system_paths": attr.string_dict(
            doc = "Absolute path on the system -> its name in the repository.",
        ),
    },
    local = True,
)

# What these packages consist of, and all that that needs.
_ABSL_LIBRARIES = ["absl_" + library for library in [
    "bad_optional_access",
    "bad_variant_access",
    "base",
    "city",
    "civil_time",
    "cord",
    "cord_internal",
    "cordz_functions",
    "cordz_handle",
    "cordz_info",
    "debugging_internal",
    "demangle_internal",
    "exponential_biased",
    "graphcycles_internal",
    "hash",
    "hashtablez_sampler",
    "int128",
    "log_severity",
    "low_level_hash",
    "malloc_internal",
    "raw_hash_set",
    "raw_logging_internal",
    "spinlock_wait",
    "stacktrace",
    "status",
    "statusor",
    "str_format_internal",
    "strerror",
    "strings",
    "strings_internal",
    "symbolize",
    "synchronization",
    "throw_delegate",
    "time",
    "time_zone",
]]

_ABSL_PACKAGES = [
    "container",
    "functional",
    "numeric",
    "status",
    "strings",
    "time",
    "types",
]

# buildifier: disable=unnamed-macro
def ireneo_repositories():
    """Declares every repository that Ireneo's BUILD files name."""
    _maybe(
        overlay_repository,
        name = "com_google_absl",
        files = dict([
            ("@ireneo//third_party:absl/%s.BUILD" % p, "absl/%s/BUILD" % p)
            for p in _ABSL_PACKAGES
        ] + [("@ireneo//third_party:absl/libraries.BUILD", "BUILD")]),
        scripts = {"absl": _ABSL_LIBRARIES},
    )
    _maybe(
        overlay_repository,
        name = "blosc",
        files = {"@ireneo//third_party:blosc/blosc.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "boost",
        files = {"@ireneo//third_party:boost/boost.BUILD": "BUILD"},
        scripts = {"json": ["boost_json"]},
    )
    _maybe(
        overlay_repository,
        name = "cereal",
        files = {"@ireneo//third_party:cereal/cereal.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "cli11",
        files = {"@ireneo//third_party:cli11/cli11.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "com_github_google_benchmark",
        files = {"@ireneo//third_party:benchmark/benchmark.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "com_google_googletest",
        files = {"@ireneo//third_party:googletest/googletest.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "eigen",
        files = {"@ireneo//third_party:eigen/eigen.BUILD": "BUILD"},
        system_paths = {
            "/usr/include/eigen3/Eigen": "Eigen",
            "/usr/include/eigen3/unsupported": "unsupported",
        },
    )
    _maybe(
        overlay_repository,
        name = "elfutils",
        files = {"@ireneo//third_party:elfutils/elfutils.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "libarchive",
        files = {"@ireneo//third_party:libarchive/libarchive.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "openssl",
        files = {"@ireneo//third_party:openssl/openssl.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "sqlite3",
        files = {"@ireneo//third_party:sqlite/sqlite.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "xxhash",
        files = {"@ireneo//third_party:xxhash/xxhash.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "zlib",
        files = {"@ireneo//third_party:zlib/zlib.BUILD": "BUILD"},
    )
    _maybe(
        overlay_repository,
        name = "zstd",
        files = {"@ireneo//third_party:zstd/zstd.BUILD": "BUILD"},
    )

    # What Bazel 4.2.3 itself would download.
    _maybe(
        overlay_repository,
        name = "rules_cc",
        files = {
            "@ireneo//third_party:rules_cc/rules_cc.BUILD": "cc/BUILD",
            "@ireneo//third_party:rules_cc/defs.bzl.overlay": "cc/defs.bzl",
        },
    )
    _maybe(
        overlay_repository,
        name = "remote_coverage_tools",
        files = {"@ireneo//third_party:coverage/coverage.BUILD": "BUILD"},
    )
    for name, path in {
        "platforms": "/usr/share/bazel/tools/platforms",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
    }.items():
        _maybe(native.local_repository, name = name, path = path)

def _maybe(repository_rule, name, **kwargs):
    if not native.existing_rule(name):
        repository_rule(name = name, **kwargs)

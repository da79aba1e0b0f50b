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
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)

overlay_repository = repository_rule(
    implementation = _overlay_repository_impl,
    doc = "A repository made of our BUILD files over a system library.",
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "Our file -> its path in the repository.",
            allow_files = True,
        ),
        "system_paths": attr.string_dict(
            doc = "Absolute path on the system -> its name in the repository.",
        ),
    },
    local = True,
)

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
        files = {
            "@ireneo//third_party:absl/%s.BUILD" % p: "absl/%s/BUILD" % p
            for p in _ABSL_PACKAGES
        },
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

"""A version made of the sources of a function: cc_source_version.

    load("@ireneo//tools:source_version.bzl", "cc_source_version")

    cc_source_version(
        name = "solver_version",
        dep = ":solver",
        header = "solver_version.h",
        symbol = "kSolverVersion",
    )

is a cc_library with one header, `#include "acme/solver_version.h"` if this is
in the package `acme`, which defines

    inline constexpr char kSolverVersion[] = "src:<64 hex digits>";

Memoize with it the functions of `:solver`. Prefer it for every function that is
more than its own text: whatever is edited in `:solver` or in something that it
depends on, however far away, the function is computed anew.

What counts, of `dep` and all that it depends on:

  - contents and paths of srcs, hdrs, textual_hdrs and of precompiled libraries;
    of generated files as of others. A comment is part of a file, and counts.
  - copts, defines, local_defines, linkopts, features and what says where
    headers are found (includes, include_prefix, strip_include_prefix);
  - options for all targets: --copt, --cxxopt and --conlyopt, on the command
    line or in .bazelrc. (Not default_copts of a package: rules cannot see it.)

What does not: the compiler, the compilation mode (-c opt), the platform; so
results computed by an optimised program are hit by the one in the debugger.
Where they may differ, say so in the options of `Memoize`, with a salt. Nor
--per_file_copt, nor what is no file of a target: libraries and headers of the
system. Dependencies are followed through the attributes of Bazel's rules and
those that rules of others call so (`_DEPS` below): a library that a rule passes
on by an attribute of another name is seen by its headers only.

Paths are those in the workspace of `dep`, and say nothing of where that
workspace, its output base and its generated files are: two checkouts agree. The
name of that workspace does not count, those of others do.

To see why two versions differ, compare what was hashed, line by line:

    bazel build //acme:solver_version_sources   # names the file
"""

# Attributes that name files that count, flags that count, and dependencies.
_FILES = [
    "hdrs",
    "interface_library",
    "pic_static_library",
    "shared_library",
    "srcs",
    "static_library",
    "textual_hdrs",
]
_FLAGS = [
    "copts",
    "defines",
    "features",
    "include_prefix",
    "includes",
    "linkopts",
    "local_defines",
    "nocopts",
    "strip_include_prefix",
]

# Not only of the rules of Bazel: of others that pass libraries on, too.
_DEPS = [
    "actual",
    "cc_deps",
    "dep",
    "deps",
    "embed",
    "exports",
    "implementation_deps",
    "lib",
    "libraries",
    "library",
    "libs",
]

_SourceInfo = provider(
    doc = "What a target and all that it depends on are made of.",
    fields = {
        "files": "depset of File",
        "targets": "depset of struct(label, kind, files, flags): `files` are " +
                   "pairs of an attribute and a tuple of File, `flags` pairs " +
                   "of an attribute and its value as JSON",
    },
)

# A path that starts with ../NAME/ is in another workspace than the main one.
def _short_path(file):
    return file.short_path

def _source_aspect_impl(target, ctx):
    files = []
    for name in _FILES:
        value = getattr(ctx.rule.files, name, [])
        if value:
            files.append((name, tuple(value)))
    if CcInfo in target and not hasattr(ctx.rule.attr, "hdrs"):
        # A rule that makes C++ of something else: what others include of it.
        # Bazel gives them in no order.
        headers = target[CcInfo].compilation_context.direct_headers
        files.append(("headers", tuple(sorted(headers, key = _short_path))))

    flags = []
    for name in _FLAGS:
        value = getattr(ctx.rule.attr, name, None)
        if value:
            flags.append((name, json.encode(value)))
    for name, value in sorted(ctx.var.items()):
        variable = "$(%s)" % name
        # These two say where the output base is.
        if name not in ["BINDIR", "GENDIR"] and variable in str(flags):
            flags.append((variable, json.encode(value)))

    deps = []
    for name in _DEPS:
        value = getattr(ctx.rule.attr, name, None) or []
        deps += [
            dep[_SourceInfo]
            for dep in (value if type(value) == "list" else [value])
            if type(dep) == "Target" and _SourceInfo in dep
        ]
    return [_SourceInfo(
        files = depset(
            [file for _, group in files for file in group],
            transitive = [dep.files for dep in deps],
        ),
        targets = depset(
            [struct(
                label = target.label,
                kind = ctx.rule.kind,
                files = tuple(files),
                flags = tuple(flags),
            )],
            transitive = [dep.targets for dep in deps],
        ),
    )]

_source_aspect = aspect(
    implementation = _source_aspect_impl,
    attr_aspects = _DEPS,
)

def _in_workspace(own, short_path):
    """The path of a file as it is in the workspace `own`."""
    if short_path.startswith("../"):
        workspace, _, path = short_path[3:].partition("/")
    else:
        workspace, path = "", short_path
    return path if workspace == own else "@%s/%s" % (workspace, path)

def _describe(own, target):
    """One target, in lines: names are free of line feeds, and so is JSON."""
    label = target.label
    lines = ["target %s//%s:%s" % (
        "" if label.workspace_name == own else "@" + label.workspace_name,
        label.package,
        label.name,
    ), "  kind " + json.encode(target.kind)]
    for name, group in target.files:
        paths = [_in_workspace(own, file.short_path) for file in group]
        lines.append("  %s %s" % (name, json.encode(paths)))
    for name, value in target.flags:
        lines.append("  %s %s" % (name, value))
    return "\n".join(lines) + "\n"

# Paths are made as by _in_workspace, but here: only an action knows the files
# in a generated folder. `before` and `after` are what is around the digest.
_COMMAND = """
set -euo pipefail
export LC_ALL=C
targets=$1 own=$2 listing=$3 header=$4 before=$5 after=$6 files=$7 names=$8

paths() {
  while IFS= read -r name; do
    case $name in
      "../$own/"*) echo "${name#"../$own/"}" ;;
      ../*) echo "@${name#../}" ;;
      *) echo "${own:+@/}$name" ;;
    esac
  done <"$names"
}

{
  cat "$targets"
  xargs -r -d '\\n' -a "$files" sha256sum -- | cut -c 1-64 |
    paste -d ' ' - <(paths) | sed 's/^/sha256 /' | sort -k 3 | uniq
} >"$listing"
digest=$(sha256sum <"$listing")
printf '%s%s%s' "$before" "${digest%% *}" "$after" >"$header"
"""

def _source_version_impl(ctx):
    info = ctx.attr.dep[_SourceInfo]
    own = ctx.attr.dep.label.workspace_name
    options = {
        "conlyopts": ctx.fragments.cpp.conlyopts,
        "copts": ctx.fragments.cpp.copts,
        "cxxopts": ctx.fragments.cpp.cxxopts,
    }
    targets = ctx.actions.declare_file(ctx.label.name + ".targets")
    ctx.actions.write(targets, "ireneo source version 1\noptions %s\n" %
                               json.encode(options) + "".join(sorted([
        _describe(own, target)
        for target in info.targets.to_list()
    ])))

    namespace, _, symbol = ctx.attr.symbol.rpartition("::")
    guard = "".join([
        c if c.isalnum() else "_"
        for c in _in_workspace(
            ctx.label.workspace_name,
            ctx.outputs.header.short_path,
        ).upper().elems()
    ]) + "_"
    before = [
        "#ifndef " + guard,
        "#define " + guard,
        "",
        "// Made by cc_source_version: a digest of the sources of",
        "// //%s:%s, and of all that it depends on." % (
            ctx.attr.dep.label.package,
            ctx.attr.dep.label.name,
        ),
        "",
    ]
    after = ["", "#endif  // " + guard, ""]
    if namespace:
        before += ["namespace %s {" % namespace, ""]
        after = ["", "}  // namespace " + namespace] + after
    before.append("inline constexpr char %s[] =" % symbol)

    listing = ctx.actions.declare_file(ctx.label.name + ".txt")
    arguments = ctx.actions.args()
    arguments.add_all([targets, own, listing, ctx.outputs.header])
    arguments.add("\n".join(before) + "\n    \"src:")
    arguments.add("\";\n" + "\n".join(after))
    files = ctx.actions.args()
    files.add_all(info.files)
    names = ctx.actions.args()
    names.add_all(info.files, map_each = _short_path)
    for lines in [files, names]:
        lines.use_param_file("%s", use_always = True)
        lines.set_param_file_format("multiline")
    ctx.actions.run_shell(
        command = _COMMAND,
        arguments = [arguments, files, names],
        inputs = depset([targets], transitive = [info.files]),
        outputs = [listing, ctx.outputs.header],
        mnemonic = "SourceVersion",
        progress_message = "Hashing the sources of %s" % ctx.attr.dep.label,
    )
    return [DefaultInfo(
        files = depset([listing]),
        runfiles = ctx.runfiles([listing]),
    )]

_source_version = rule(
    implementation = _source_version_impl,
    attrs = {
        "dep": attr.label(mandatory = True, aspects = [_source_aspect]),
        "header": attr.output(mandatory = True),
        "symbol": attr.string(mandatory = True),
    },
    fragments = ["cpp"],
)

def cc_source_version(name, dep, header, symbol, **kwargs):
    """Declares a cc_library with a version made of the sources of `dep`.

    Also NAME_sources, a text file with all that was hashed.

    Args:
      name: of the cc_library.
      dep: the target with the functions that get this version.
      header: the file that is made, in this package.
      symbol: the constant in it; may be in a namespace (acme::kVersion).
      **kwargs: visibility and other attributes, for the cc_library.
    """
    common = {
        key: kwargs[key]
        for key in ["tags", "testonly", "visibility"]
        if key in kwargs
    }
    _source_version(
        name = name + "_sources",
        dep = dep,
        header = header,
        symbol = symbol,
        **common
    )
    native.cc_library(name = name, hdrs = [header], **kwargs)

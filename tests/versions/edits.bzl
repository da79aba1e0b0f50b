"""Copies of the project in acme/, each with one edit, as repositories.

@version_base has none. That all these workspaces have different names and are
in different places is part of the test.
"""

# By name: what is replaced, as (file, old, new). `old` must be in the file
# exactly once.
_EDITS = {
    "base": [],
    "comment": [
        (file, "// The sum of the steps.", "// All steps together.\n\n    /**/")
        for file in ["solver.cc", "program.cc"]
    ],
    "white_space": [
        (file, "sum += Scale(Halve(x));", "\n\n  sum   +=Scale( Halve (x) )\t;")
        for file in ["solver.cc", "program.cc"]
    ],
    "local_renamed": [
        (file, old, old.replace("sum", "total"))
        for file in ["solver.cc", "program.cc"]
        for old in ["double sum = kOffset;", "sum += Scale", "return sum;"]
    ],
    "body": [
        (file, "Scale(Halve(x))", "Scale(Halve(x)) + x")
        for file in ["solver.cc", "program.cc"]
    ],
    "callee_in_the_same_file": [("solver.cc", "x / 2", "x / 4")],
    "callee_in_another_target": [("scale.cc", "3 * x", "5 * x")],
    "header_constant": [("constants.h", "0.25", "0.75")],
    "compile_flag": [("BUILD", "-DACME_STEPS=3", "-DACME_STEPS=4")],
    "unrelated_file": [("report.cc", "100 * x", "1000 * x")],
    "function_moved": [
        ("solver.cc", "double Halve(double x) { return x / 2; }\n\n", ""),
        (
            "solver.cc",
            "  return sum;\n}\n",
            "  return sum;\n}\n\ndouble Halve(double x) { return x / 2; }\n",
        ),
        (
            "program.cc",
            "bool IsSame(double a, double b) { return a == b; }\n\n",
            "",
        ),
        (
            "program.cc",
            "int Main(",
            "bool IsSame(double a, double b) { return a == b; }\n\nint Main(",
        ),
    ],
    "version_of_callee": [("program.cc", '.version = "1"', '.version = "2"')],
    "salt": [("program.cc", '"2026"', '"2027"')],
}

_FILES = [
    "BUILD",
    "constants.h",
    "program.cc",
    "report.cc",
    "scale.cc",
    "scale.h",
    "solver.cc",
    "solver.h",
]

def _edited_project_impl(ctx):
    texts = {
        file: ctx.read(Label("//tests/versions:acme/" +
                             ("acme.BUILD" if file == "BUILD" else file)))
        for file in _FILES
    }
    for file, old, new in _EDITS[ctx.attr.edit]:
        if texts[file].count(old) != 1:
            fail("the edit `%s` finds %d times in %s, not once: %s" %
                 (ctx.attr.edit, texts[file].count(old), file, old))
        texts[file] = texts[file].replace(old, new)
    for file, text in texts.items():
        ctx.file("acme/" + file, text, executable = False)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)

_edited_project = repository_rule(
    implementation = _edited_project_impl,
    attrs = {"edit": attr.string(mandatory = True, values = _EDITS.keys())},
)

def version_edits():
    """Declares @version_EDIT for each edit."""
    for edit in _EDITS:
        _edited_project(name = "version_" + edit, edit = edit)

def version_programs():
    """The programs of all edits."""
    return ["@version_%s//acme:program" % edit for edit in _EDITS]

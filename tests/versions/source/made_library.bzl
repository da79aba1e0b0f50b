"""A library that is made by no rule of Bazel's own."""

def _made_library_impl(ctx):
    header = ctx.actions.declare_file("made.h")
    ctx.actions.write(header, "inline int Made() { return 1; }\n")
    folder = ctx.actions.declare_directory("folder")
    ctx.actions.run_shell(
        command = "echo '// A' > $1/a.h; mkdir $1/b; echo '// B' > $1/b/b.h",
        arguments = [folder.path],
        outputs = [folder],
    )
    return [CcInfo(compilation_context = cc_common.create_compilation_context(
        headers = depset([header, folder]),
    ))]

made_library = rule(implementation = _made_library_impl)

"""Libraries that are built of edited sources: edited_library.

    edit(name = "edit", build_setting_default = "")

    genrule(
        name = "subject_source",
        ...
        cmd = "sed '$(EDIT)' $< >$@",
        toolchains = [":edit"],
    )

    edited_library(
        name = "subject_after",
        edit = "s/before/after/",
        deps = [":subject"],
    )

`:subject_after` is what `:subject` would be if its source were edited: the same
targets and paths. So what a version says of an edit, it says of the text.
"""

def _edit_impl(ctx):
    return [platform_common.TemplateVariableInfo({
        "EDIT": ctx.build_setting_value,
    })]

edit = rule(
    implementation = _edit_impl,
    build_setting = config.string(),
    doc = "A command for sed, as the variable $(EDIT).",
)

_SETTING = "//benchmarks/behaviour:edit"

def _edit_transition_impl(_settings, attr):
    return {_SETTING: attr.edit}

_edit_transition = transition(
    implementation = _edit_transition_impl,
    inputs = [],
    outputs = [_SETTING],
)

def _edited_library_impl(ctx):
    return [cc_common.merge_cc_infos(
        direct_cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    )]

edited_library = rule(
    implementation = _edited_library_impl,
    attrs = {
        "edit": attr.string(),
        "deps": attr.label_list(cfg = _edit_transition, providers = [CcInfo]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    doc = "What `deps` are with `edit` as //benchmarks/behaviour:edit.",
)

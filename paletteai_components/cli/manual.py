"""The manual: what the help of each command says besides its own description and its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SITE = "docs/"
"""Where the pages of the documentation are: in the repository, until the address of their site is known."""

ARGUMENTS = {
    "[STACK]...": "Stacks: their names, globs such as 'acme.*', or paths of their files. Without any, all stacks.",
    "ENV": "An environment: what follows the last dot of its stacks' names, or their `paletteai:environment`.",
    "TENANT": "The name of the tenant.",
    "PROJECT": "The name of a project.",
    "REF": "The ref of the pull request: refs/pull/NUMBER/head or refs/merge-requests/NUMBER/head.",
    "COMMIT": "The full id of its newest commit.",
    "K/N": "A slice: its number, and how many there are, for example 3/16.",
    "ENVIRONMENT": "An environment.",
    "github|gitlab": "The host on which the workflow runs.",
}
"""What the arguments mean that several commands take, by what stands in their usage."""

_EXIT_CODES = {
    0: "No errors. There may be warnings and notes.",
    1: "Errors were found.",
    2: "Something could not be read or written, or the command was called wrongly.",
}
_OR_CALLED_WRONGLY = "the command was called wrongly."
_DEPLOYED = {
    0: "Every stack succeeded.",
    1: "A stack failed, was refused, or did not run to its end.",
    2: f"A stack could not be read, or {_OR_CALLED_WRONGLY}",
}
_WRITTEN = {0: "It is written.", 2: f"Nothing could be written, or {_OR_CALLED_WRONGLY}"}
_PRINTED = {0: "It is printed.", 2: f"There is nothing to print, or {_OR_CALLED_WRONGLY}"}
_JOB = {0: "It is done.", 2: f"It could not be done, or {_OR_CALLED_WRONGLY}"}


@dataclass(frozen=True, slots=True)
class Page:
    """What the help of a command says besides."""

    address: str
    """Its page of the documentation, with the section."""
    examples: tuple[tuple[str, str], ...] = ()
    """Commands that can be pasted, each with what it is for."""
    also: tuple[str, ...] = ()
    """The names of other commands."""
    exit_codes: Mapping[int, str] = field(default_factory=lambda: _EXIT_CODES)
    arguments: tuple[tuple[str, str], ...] = ()
    """What the arguments mean that no other command takes."""


def _ci(examples: tuple[tuple[str, str], ...], also: tuple[str, ...], exit_codes: Mapping[int, str] = _JOB) -> Page:
    return Page("command.md#ci", examples, also, exit_codes)


_FILE = ("[FILE]", "The file with the text of the comment. On GitHub without it: the artifact of the check.")

PAGES = {
    "": Page(
        "README.md",
        (
            ("paletteai check", "Find every problem in the stack files:"),
            ("paletteai plan acme.dev", "See what a stack declares:"),
            ("paletteai up dev", "Preview the stacks of an environment, ask, and deploy them:"),
            ("paletteai check --help", "Read about a command:"),
        ),
    ),
    "init": Page(
        "command.md#init",
        (
            ("paletteai init fleet --ci github", "Make a repository with workflows for GitHub:"),
            ("paletteai init --keep", "Make one in the current folder, and keep the files that it has:"),
            ("paletteai init --upgrade", "See what this version would write differently:"),
        ),
        ("new", "check"),
        _WRITTEN,
        (("[DIR]", "The folder, which need not exist. Without it, the current one."),),
    ),
    "check": Page(
        "command.md#check",
        (
            ("paletteai check", "Check all stack files:"),
            ("paletteai check 'acme.*' --fail-on warning", "Check those of a tenant, and fail for warnings, too:"),
            ("paletteai check --select PAI003 --verbose", "Show every problem of one rule:"),
            ("paletteai check -o report.sarif", "Write a report for code scanning:"),
            ("kubectl get settings -A -o yaml | paletteai check --manifests -", "Check manifests from a cluster:"),
        ),
        ("explain", "plan", "doctor"),
    ),
    "plan": Page(
        "command.md#plan",
        (
            ("paletteai plan acme.dev", "Show what a stack declares:"),
            ("paletteai plan --env dev --table", "Show a line for each stack of an environment:"),
            ("paletteai plan --format json", "Print it for a script:"),
        ),
        ("explain", "preview", "graph"),
    ),
    "render": Page(
        "command.md#render",
        (
            ("paletteai render acme.dev | kubectl apply --server-side -f -", "Apply a stack without Pulumi:"),
            ("paletteai render --cluster dev -o dev.yaml", "Write the manifests of all stacks of a cluster:"),
            ("paletteai render acme.dev --crds crds.yaml", "Hold them against the CRDs of the cluster:"),
        ),
        ("crds", "check"),
    ),
    "crds": Page(
        "command.md#crds",
        (
            ("paletteai crds --context prod", "Compare with the CRDs of a cluster:"),
            ("paletteai crds crds.yaml", "Compare with a file:"),
            ("paletteai crds crds.yaml --write", "Write the paths that were found into Pulumi.yaml:"),
        ),
        ("render", "doctor"),
        {
            0: "Nothing is known to be wrong.",
            1: "A field does not fit, is not there or needs more, or a kind is not served.",
            2: "The CRDs could not be read, or nothing could be written.",
        },
        (("[FILE|DIR|-]...", "Files and folders with CRDs; - is standard input. Without any, the cluster is read."),),
    ),
    "diff": Page(
        "command.md#diff",
        (
            ("paletteai diff", "Show what this branch changes since it left the main branch:"),
            ("paletteai diff HEAD", "Show what is not committed yet:"),
            ("paletteai diff acme.dev acme.prod", "Show how a tenant differs between two environments:"),
            ("paletteai diff HEAD -o comment.md", "Write a comment for a pull request:"),
        ),
        ("plan", "stacks", "preview"),
        {
            0: "No errors were introduced. There may be differences.",
            1: "Errors were introduced, or `pulumi up` refuses a change.",
            2: f"A stack file could not be read, or {_OR_CALLED_WRONGLY}",
        },
        (("[BASE | STACK STACK]", "A git revision, or two stacks. Without any, where HEAD left the main branch."),),
    ),
    "explain": Page(
        "command.md#explain",
        (
            ("paletteai explain acme.dev lab", "Explain where a project gets its integrations:"),
            ("paletteai explain PAI004", "Explain a rule:"),
            ("paletteai explain", "List all rules:"),
        ),
        ("check", "plan"),
        arguments=(("[CODE | STACK PROJECT]", "The code of a rule, or a stack and one of its projects."),),
    ),
    "graph": Page(
        "command.md#graph",
        (
            ("paletteai graph -o fleet.html", "Write a page for a browser:"),
            ("paletteai graph acme.dev -o acme.mmd", "Write a flowchart for Markdown:"),
            ("paletteai graph --diff HEAD -o changes.html", "Mark what is not committed yet:"),
            ("paletteai graph --format json", "Print the whole fleet for another tool:"),
        ),
        ("plan", "diff"),
    ),
    "schema": Page(
        "command.md#schema",
        (
            ("paletteai schema > stack.schema.json", "Write the schema of stack files, for editors:"),
            ("paletteai schema check", "Print that of what `check --format json` prints:"),
        ),
        ("check", "new"),
        _PRINTED,
        (
            (
                "[COMMAND]",
                "A command that prints JSON, such as `check` or `ci jobs`. Without it, a stack file's schema.",
            ),
        ),
    ),
    "new": Page(
        "command.md#new",
        (
            ("paletteai new initech dev", "Write the first stack file of a tenant:"),
            ("paletteai new acme staging --from acme.dev", "Copy that of another environment, without its keys:"),
        ),
        ("fingerprint", "check", "adopt"),
        _WRITTEN,
    ),
    "fingerprint": Page(
        "command.md#fingerprint",
        (
            ("paletteai fingerprint acme.dev", "Write the fingerprints of a stack's keys:"),
            ("paletteai fingerprint --stdin < key.txt", "Print the fingerprint of one key:"),
        ),
        ("check",),
        {
            0: "Every key has its fingerprint.",
            1: "A key still has none; its line says why.",
            2: f"A stack failed, and its file is as it was, or {_OR_CALLED_WRONGLY}",
        },
    ),
    "doctor": Page(
        "command.md#doctor",
        (
            ("paletteai doctor --context dev", "Find what is wrong on a cluster, whoever made it:"),
            ("paletteai doctor --context dev --env dev", "Show how it differs from the stack files, too:"),
            ("paletteai doctor acme.dev -o drift.json", "Write that of one stack for a script:"),
        ),
        ("adopt", "check", "preview"),
        {
            0: "No errors, and no difference from the stacks that you chose.",
            1: "There are errors or differences; with `--fail-on`, also warnings or notes.",
            2: "The cluster or a stack file could not be read.",
        },
        (("[STACK]...", "Stacks to compare the cluster with. Without any, it is compared with none."),),
    ),
    "adopt": Page(
        "command.md#adopt",
        (
            ("paletteai adopt --context dev --env dev --dry-run", "Print the stack files of all Tenants:"),
            ("paletteai adopt --context dev --tenant acme", "Write the stack file of one:"),
            ("paletteai adopt --finish acme.dev", "Remove `importIds` once it is deployed:"),
        ),
        ("doctor", "new", "up"),
        {
            0: "No errors.",
            1: "There are errors, or a file exists and differs. With --finish: some `importIds` stay.",
            2: "Something could not be read, written or encrypted.",
        },
        (("[STACK]...", "With --finish: the stacks. Without any, all of them."),),
    ),
    "stacks": Page(
        "command.md#stacks",
        (
            ("paletteai stacks", "List all stacks:"),
            ("paletteai stacks --since HEAD", "List those that a change reaches, and why:"),
            ("paletteai stacks --env dev --format name", "Print the names of those of an environment:"),
        ),
        ("diff", "up"),
        {0: "They are listed.", 2: f"They could not be listed, or {_OR_CALLED_WRONGLY}"},
    ),
    "preview": Page(
        "command.md#preview",
        (
            ("paletteai preview dev", "Preview every stack of an environment:"),
            ("paletteai preview dev 'acme.*'", "Preview only those of a tenant:"),
            ("paletteai preview dev --since HEAD", "Preview only those that a change reaches:"),
        ),
        ("up", "diff", "stacks"),
        _DEPLOYED,
    ),
    "up": Page(
        "command.md#up",
        (
            ("paletteai up dev", "Preview every stack of an environment, ask once, and deploy:"),
            ("paletteai up dev acme.dev --yes", "Deploy one without asking, as in a pipeline:"),
            ("paletteai up dev --since HEAD --yes", "Deploy only those that a change reaches:"),
        ),
        ("preview", "refresh", "stacks"),
        _DEPLOYED,
    ),
    "refresh": Page(
        "command.md#refresh",
        (("paletteai refresh dev", "Update the state of every stack of an environment:"),),
        ("preview", "doctor"),
        _DEPLOYED,
    ),
    "operator": Page(
        "command.md#operator",
        (
            (
                "paletteai operator dev --repo https://git.example.com/fleet.git",
                "Print the objects that deploy an environment from a repository:",
            ),
            (
                "paletteai operator dev --secret PULUMI_CONFIG_PASSPHRASE=pulumi/passphrase",
                "Let them have the passphrase from a Secret:",
            ),
        ),
        ("up", "stacks"),
        _WRITTEN,
    ),
    "ci": Page("command.md#ci", also=("init", "up"), exit_codes=_JOB),
    "ci deployed": _ci((("paletteai ci deployed github", "Print the commit, for `--since`:"),), ("ci jobs",)),
    "ci jobs": Page(
        "command.md#ci",
        (
            ("paletteai ci jobs github", "Print the jobs that deploy all stacks:"),
            ("paletteai ci jobs github --since HEAD --env dev", "Print those for what a change reaches in dev:"),
        ),
        ("ci up", "ci preview", "stacks"),
        {
            0: "The jobs are printed.",
            1: "A stack that the pull request reaches has errors, so there are no jobs.",
            2: f"Something could not be read, or {_OR_CALLED_WRONGLY}",
        },
        (("[REF COMMIT]", "A pull request: its ref, and the full id of its newest commit."),),
    ),
    "ci checkout": _ci((), ("ci jobs", "ci preview")),
    "ci preview": _ci((("paletteai ci preview dev 3/16", "Preview a slice:"),), ("ci checkout", "preview"), _DEPLOYED),
    "ci up": _ci((("paletteai ci up dev 3/16", "Deploy a slice:"),), ("ci jobs", "up"), _DEPLOYED),
    "ci comment": Page(
        "command.md#ci",
        (("paletteai ci comment gitlab comment.md", "Post what `diff` has written:"),),
        ("diff",),
        _JOB,
        (_FILE,),
    ),
    "completion": Page(
        "command.md#completion",
        (
            ('eval "$(paletteai completion bash)"', "Complete in this bash; the page says how in every one:"),
            ("paletteai completion fish | source", "The same in fish:"),
        ),
        exit_codes=_PRINTED,
        arguments=(("bash|zsh|fish", "The shell."),),
    ),
}
"""The pages, by the names of the commands."""

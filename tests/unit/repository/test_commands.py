"""What we print can be pasted: every command that a page, a help text or a message names is one that works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest
from support import commands
from support.checkout import ROOT
from support.commands import Unusable, check, commands_in, commands_of, commands_on, hand_made, stacks_in
from support.mistakes import CASES, Case
from support.pasting import passed, segments
from support.projects import KEY, STACK, Project

from paletteai_components.cli import COMMANDS, main

PAGES = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted((ROOT / "paletteai_components").rglob("*.py"))
EXAMPLES = {path.name[len("Pulumi.") : -len(".yaml")] for path in (ROOT / "stacks").glob("Pulumi.*.yaml")}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_on_a_page_works_on_the_examples(page: Path) -> None:
    found = commands_on(page.read_text(encoding="utf-8"))
    made = {f"{tenant}.{environment}" for tenant, environment in re.findall(r"paletteai new (\w+) (\w+)", str(found))}
    made |= set(re.findall(r"# stacks/Pulumi\.(\S+)\.yaml", page.read_text(encoding="utf-8")))
    for line in found:
        check(line)
        assert stacks_in(line) <= EXAMPLES | made, line


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_every_command_in_the_texts_of_a_module_works(module: Path) -> None:
    for line in commands_of(module):
        check(line)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_name_is_put_into_a_command_by_hand(module: Path) -> None:
    assert list(hand_made(module)) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_a_help_text_works(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    texts = [command.help or "", *(getattr(each, "help", None) or "" for each in command.params)]
    for line in commands_in("\n".join(texts)):
        check(line)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_command_in_a_message_about_a_mistake_works(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(case.text, str) and len(case.text) > 1_000_000:
        pytest.skip("says what a smaller file says")
    project = Project(tmp_path, monkeypatch)
    project.stack(case.text)
    for name, text in case.others:
        project.stack(text, name)
    printed = project.run("check")
    monkeypatch.undo()
    for line in commands_in(printed.stdout + printed.stderr):
        check(line)
        assert "redacted" not in line
        assert KEY not in line


@pytest.mark.parametrize(
    "name", ["palette.corp.example", "it is", "(a) [b]", "a\\b.c", "名前", "-x", f"hf_{'aB3' * 9}", "it's", "`id`"]
)
def test_the_command_for_a_missing_key_is_made_for_the_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    project = Project(tmp_path, monkeypatch)
    quoted = "'" + name.replace("'", "''") + "'"
    text = STACK.replace("    shared:\n", f"    {quoted}:\n").replace("palette: shared", f"palette: {quoted}")
    project.stack(re.sub(r"      apiKey: .*\n", "", text))
    printed = project.run("check").stdout
    monkeypatch.undo()
    (line,) = [each for each in commands_in(printed) if each.startswith("pulumi config set")]
    ((*call, path),) = passed([line], tmp_path)
    assert call == ["pulumi", "config", "set", "--secret", "--path", "--stack", "acme.dev"]
    shown = name in printed
    assert segments(path) == ["paletteai:integrations", name if shown else "INTEGRATION", "apiKey"]


def test_enough_commands_are_found() -> None:
    pages = [line for page in PAGES for line in commands_on(page.read_text(encoding="utf-8"))]
    texts = [line for module in MODULES for line in commands_of(module)]
    assert (len(pages), len(texts)) > (200, 80), (len(pages), len(texts))


@pytest.mark.parametrize(
    "line",
    [
        "paletteai manifests",
        "paletteai check --nowhere",
        "paletteai new initech",
        "pulumi stak init acme.dev",
        "pulumi preview --stacks acme.dev",
        "pulumi config set --secret --path paletteai:integrations.shared.apiKey",
        "pulumi config set --secret --path --stack acme.dev",
        "pulumi destroy --cwd x",
        "git fetch --nowhere",
        "git nothing",
        "make nothing",
        "kubectl get crd --nowhere",
        "kubectl nothing",
        "paletteai check 'acme.dev",
    ],
)
def test_what_does_not_work_is_noticed(line: str) -> None:
    with pytest.raises(Unusable):
        check(line)


def test_the_commands_on_a_page_are_those_that_somebody_would_paste() -> None:
    page = (
        "Run `paletteai check` and `pulumi` or\n`git\nfetch`; a `pulumi: x` is none.\n\n"
        "```sh\nmake plan    # sets up\nexport A=b\n```\n\n```console\n$ paletteai plan\npulumi printed this\n"
        "  pulumi stack init x.y\n```\n\n```yaml\na: b   # kubectl get crd\n```\n"
    )
    assert commands_on(page) == [
        "paletteai check",
        "git fetch",
        "make plan    # sets up",
        "export A=b",
        "paletteai plan",
        "pulumi stack init x.y",
        "kubectl get crd",
    ]


def test_the_real_pulumi_knows_the_subcommands_and_flags_of_the_table() -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("needs pulumi on PATH")
    for subcommand, flags in commands.PULUMI.items():
        text = commands._printed("pulumi", *subcommand.split(), "--help")
        for flag in flags:
            assert flag.rstrip("=") in text, (subcommand, flag)

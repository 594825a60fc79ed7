"""The help of each command: what is in it, that it fits a terminal, and that its examples work when they are pasted."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from support import commands
from support.checkout import CRD_FOLDER, ROOT
from support.ci_scripts import CI
from support.projects import KEY
from support.wheel import Elsewhere

from paletteai_components.cli import main
from paletteai_components.cli.manual import PAGES, SITE

EXAMPLES = [example for page in PAGES.values() for example, _ in page.examples]
# What needs a cluster, the Pulumi CLI, a host's API or another shell; these are parsed only.
_NEEDS_MORE = re.compile(
    r"kubectl|--context|source|"
    r"paletteai (up|preview|refresh|doctor|adopt|fingerprint acme|ci (up|preview|deployed|comment))"
)


def names(group: click.Group = main, prefix: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        yield f"{prefix}{name}"
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from names(command, f"{name} ")


def test_every_command_has_a_page_in_the_manual_and_no_other() -> None:
    assert set(PAGES) == {"", *names()}


@pytest.mark.parametrize("name", PAGES)
def test_the_help_of_a_command_has_its_parts_in_order(name: str) -> None:
    printed = CliRunner().invoke(main, [*name.split(), "--help"]).stdout
    page = PAGES[name]
    parts = [
        "Usage: main",
        *(["\nArguments:\n"] if page.arguments else []),
        "\nOptions:\n",
        *(["\nExamples:\n"] if page.examples else []),
        *(f"\n  {example}\n" for example, _ in page.examples),
        "\nExit codes:\n",
        *(f"\n  {code}  {meaning[:40]}" for code, meaning in page.exit_codes.items()),
        "\nSee also:\n",
        *(f"\n  paletteai {also} --help\n" for also in page.also),
        f"\n  {SITE}{page.address}\n",
    ]
    places = [printed.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert printed.endswith(parts[-1])


@pytest.mark.parametrize("name", PAGES)
def test_the_page_of_a_command_and_its_section_exist(name: str) -> None:
    file, _, section = PAGES[name].address.partition("#")
    page = (ROOT / SITE / file).read_text(encoding="utf-8")
    assert not section or f"\n## {section}\n" in page
    assert set(PAGES[name].also) <= PAGES.keys()


def test_the_page_on_help_is_what_is_printed_and_fits_80_columns() -> None:
    page = runpy.run_path(str(CI / "help_page.py"))["page"]()
    assert (ROOT / "docs" / "help.md").read_text(encoding="utf-8") == page, "run `make docs`"
    blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == len(PAGES)
    assert [line for block in blocks for line in block.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {"COLUMNS": "200"}], ids=str)
def test_help_has_no_colours_and_never_more_than_80_columns(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    printed = CliRunner().invoke(main, ["check", "--help"]).stdout
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command_that_every_program_in_it_takes(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if example.startswith('eval "$('):
        example = example.removeprefix('eval "$(').removesuffix(')"')
    commands.check(example)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if not _NEEDS_MORE.search(each)])
def test_an_example_that_needs_no_cluster_works_on_the_example_stacks(example: str, elsewhere: Elsewhere) -> None:
    if example.startswith(("paletteai init fleet", "paletteai init --keep")):
        elsewhere.paletteai(*example.split()[1:])
        return
    (elsewhere.folder / "key.txt").write_text(KEY)
    elsewhere.paletteai("init", ".", "--ci", "none")
    for stack in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        shutil.copy(stack, elsewhere.folder / "stacks")
    crds = [file.read_text() for file in sorted(CRD_FOLDER.glob("*.yaml"))]
    (elsewhere.folder / "crds.yaml").write_text("---\n".join(crds))
    git = "git -c user.name=a -c user.email=a@example.com"
    remote = "git remote add origin https://git.example.com/fleet.git"
    committed = elsewhere.run("bash", "-c", f"git init -q -b main && {remote} && git add . && {git} commit -qm stacks")
    assert committed.code == 0, committed
    runnable = example.partition(" | ")[0]
    ran = elsewhere.run("bash", "-c", runnable)
    assert ran.code in (0, 1), ran
    assert "Traceback" not in ran.err
    assert not (ran.code and "error: " in ran.err), ran

"""What a terminal shows, whole: at 80 and 120 columns, with and without colours."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from support.checkout import ROOT
from support.commands import commands_on
from support.projects import STACK, changed
from support.recorded import is_as_recorded
from support.repository import Repository
from support.terminals import Terminal

from paletteai_components.cli import main

WIDTHS = (80, 120)
# A word of a stack file that 80 columns do not show whole.
CUT = {"v1:4DdLuoo5hxI=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegjp1Wfxj1pkg=="}


def nothing(repository: Repository) -> None:
    """The examples as they are."""


def copied(repository: Repository) -> None:
    shutil.copy(repository.stacks / "Pulumi.acme.dev.yaml", repository.stacks / "Pulumi.acme.test.yaml")


def wrong(repository: Repository) -> None:
    """Problems of many kinds in several stacks."""
    edit(repository, "acme.dev", "    edge:\n      hostUrl:", "    edge:\n      hostURL:")
    edit(repository, "acme.dev", "displayName: Lab\n", "displayName: L-1\n        settingsRef: egde\n")
    edit(repository, "acme.prod", "    name: acme\n", "    name: acne\n")
    edit(repository, "globex.dev", "- {name: pricing,", "- {name: Pricing_2,")
    repository.stack("config: [\n", "globex.prod")
    spares = "".join(f"    spare-{at}: {{existingSecret: spare-{at}}}\n" for at in range(12))
    repository.stack(changed("    shared:\n", f"{spares}    shared:\n").replace("acme", "umbrella"), "umbrella.dev")


def many(repository: Repository) -> None:
    for at in range(9):
        text = STACK.replace("acme", f"tenant-{at}").replace("vision", f"vision-{at}").replace("9012", f"902{at}")
        repository.stack(text.replace("v1:", f"v1:{at}"), f"tenant-{at}.dev")


def changes(repository: Repository) -> None:
    edit(repository, "acme.dev", "      - name: robotics\n", "      - {name: welding}\n      - name: robotics\n")
    edit(repository, "globex.dev", "    name: globex\n", "    name: initech\n")


def unread(repository: Repository) -> None:
    repository.stack("config: [\n", "globex.prod")


def edit(repository: Repository, stack: str, old: str, new: str) -> None:
    path = repository.stacks / f"Pulumi.{stack}.yaml"
    path.write_text(changed(old, new, path.read_text()))


CASES: dict[str, tuple[Callable[[Repository], None], str]] = {
    "check": (nothing, "check"),
    "check a copied file": (copied, "check"),
    "check many problems": (wrong, "check"),
    "check statistics": (wrong, "check --statistics"),
    "plan one": (nothing, "plan acme.dev"),
    "plan all": (nothing, "plan"),
    "plan many": (many, "plan"),
    "explain a project": (nothing, "explain acme.dev vision"),
    "explain a rule": (nothing, "explain PAI004"),
    "explain": (nothing, "explain"),
    "diff": (changes, "diff HEAD"),
    "diff two stacks": (nothing, "diff acme.dev acme.prod"),
    "new": (nothing, "new initech dev"),
    "new from": (nothing, "new acme staging --from acme.dev"),
    "render two clusters": (nothing, "render"),
    "render errors": (unread, "render globex.prod"),
    "render wrong": (wrong, "render acme.dev"),
    "a wrong call": (nothing, "check --sttacks fleet"),
}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the examples."""
    repository = Repository(tmp_path, monkeypatch)
    repository.declare((ROOT / "Pulumi.yaml").read_text())
    for file in (ROOT / "stacks").iterdir():
        shutil.copy(file, repository.stacks)
    repository.commit()
    return repository


def shown(monkeypatch: pytest.MonkeyPatch, width: int, *arguments: str) -> str:
    """What a terminal shows of a call, on both streams."""
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
    text = re.sub(r"\((`?)[0-9a-f]{12}(`?)\)", r"(\g<1>1a2b3c4d5e6f\2)", screen.getvalue())
    return f"{text}exit code {ended.value.code}\n"


@pytest.mark.parametrize("name", CASES)
def test_a_terminal_shows_what_is_recorded(name: str, examples: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, call = CASES[name]
    prepare(examples)
    before = examples.files()
    plain: dict[int, str] = {}
    for width, colour in itertools.product(WIDTHS, ("never", "always")):
        text = shown(monkeypatch, width, "--color", colour, *call.split())
        plain.setdefault(width, text)
        assert click.unstyle(text) == plain[width]
        is_as_recorded(f"terminal/{name.replace(' ', '-')}.{width}{'.colour' * (colour == 'always')}.txt", text)
        for file in examples.files().keys() - before.keys():
            (examples.folder / file).unlink()
    for width, text in plain.items():
        for line in text.splitlines():
            assert len(line) <= width or is_unbroken(line), line
    narrow, wide = (set(filter(is_word, plain[width].split())) for width in WIDTHS)
    assert narrow == wide


def is_unbroken(line: str) -> bool:
    """Whether a line is to be copied whole: a command on a line of its own, or one word."""
    return commands_on(f"```sh\n{line.strip()}\n```") != [] or " " not in line.strip(" ├─└│")


def is_word(text: str) -> bool:
    """Whether a text is no part of a mark, or of a line of a file that is cut."""
    return "^" not in text and "…" not in text and text not in CUT

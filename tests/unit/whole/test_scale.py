"""The commands grow in proportion to what they are given. Steps are counted, for a clock would tell of the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner
from support.bench.workspaces import many_stacks, stack_text

from paletteai_components.cli import main
from paletteai_components.diagnostics import Diagnostic, SourceLocation, folded

# A twentieth more than in proportion is rounding; the square would be four times as much.
MOST = 4 * 1.05
OURS = "paletteai_components"
T = TypeVar("T")


def sound(folder: Path, stacks: int) -> Path:
    """Stacks with nothing wrong with them."""
    return many_stacks(folder, stacks, 10)


def written(folder: Path, texts: dict[str, str]) -> Path:
    """A folder with a stack file of each tenant."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"Pulumi.{name}.dev.yaml").write_text(text)
    return folder


def clashing(folder: Path, stacks: int) -> Path:
    """Stacks with the same projects, Secrets and credential, every name invalid."""
    texts = {f"t{number}": stack_text(f"t{number}", 4, "Same") for number in range(stacks)}
    return written(folder, {name: text.replace(f"name: {name}", "name: other") for name, text in texts.items()})


def copied(folder: Path, stacks: int) -> Path:
    """Stacks of which every other one is a copy of the one before."""
    texts = {f"t{number}": stack_text(f"t{number // 2}", 4, f"p{number // 2}") for number in range(stacks)}
    salts = (
        f"encryptionsalt: v1:{number // 2:010}A=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegj" for number in range(stacks)
    )
    return written(folder, {name: text + salt + "\n" for (name, text), salt in zip(texts.items(), salts, strict=True)})


def unreadable(folder: Path, stacks: int) -> Path:
    """Stack files that are no YAML."""
    return written(folder, {f"t{number}": "config:\n  a: [\n" for number in range(stacks)})


def one_large(folder: Path, size: int) -> Path:
    """A stack of very many projects."""
    return written(folder, {"large": stack_text("large", 10 * size)})


def one_large_wrong(folder: Path, size: int) -> Path:
    """A stack of very many projects, of which every other one has no name and no other a right one."""
    text = stack_text("large", 10 * size, "Wrong").splitlines()
    for at in range(12, len(text), 4):
        text[at] = "      - labels: {}"
    return written(folder, {"large": "\n".join(text)})


def one_large_with_settings(folder: Path, size: int) -> Path:
    """A stack of very many Settings, each with a project of its own."""
    numbers = range(5 * size)
    lines = ["config:", "  kubernetes:context: dev", "  paletteai:integrations:"]
    lines += [f"    i{number}: {{existingSecret: secret-{number}, credential: c{number}}}" for number in numbers]
    lines += ["  paletteai:tenant:", "    name: large", "    computeConfigRef: {name: default}", "    settings:"]
    lines += [f"      s{number}: {{palette: i{number}}}" for number in numbers]
    lines += ["    projects:"]
    lines += [f"      - {{name: p{number}, settingsRef: s{number}}}" for number in numbers]
    return written(folder, {"large": "\n".join(lines)})


def steps(command: str, folder: Path, code: int) -> int:
    """How many lines of ours a command runs."""
    arguments = [*command.split(), "--stacks", str(folder)]
    count, result = counted(lambda: CliRunner().invoke(main, arguments))
    assert result.exit_code == code, result.output
    return count


def counted(run: Callable[[], T]) -> tuple[int, T]:
    """How many lines of ours a call runs, each time a loop comes by counted; and what it returns."""
    count = 0

    def told(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        nonlocal count
        count += event == "line"
        return told if OURS in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(told)
    try:
        result = run()
    finally:
        sys.settrace(before)
    return count, result


@pytest.mark.parametrize("command", ["check", "plan --tree", "plan --table", "render"])
@pytest.mark.parametrize(
    ("workspace", "code"),
    [
        *((sound, 0), (clashing, 1), (copied, 1), (unreadable, 2)),
        *((one_large, 0), (one_large_wrong, 1), (one_large_with_settings, 0)),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_four_times_as_much_takes_no_more_than_four_times_as_many_steps(
    tmp_path: Path, command: str, workspace: Callable[[Path, int], Path], code: int
) -> None:
    few, many = workspace(tmp_path / "few", 8), workspace(tmp_path / "many", 32)
    # What is imported and built on first use counts for neither.
    steps(command, few, code)
    before, after = steps(command, few, code), steps(command, many, code)
    assert after <= MOST * before


@pytest.mark.parametrize("original", ["0", "{}"], ids=["copies of one file", "copies of many files"])
def test_what_follows_from_other_problems_is_found_in_proportion_to_two_thousand_stacks(original: str) -> None:
    def told(stacks: int) -> list[Diagnostic]:
        places = [tuple(map(SourceLocation, (str(at), f"from {original.format(at)}"))) for at in range(stacks)]
        explains = frozenset({"PAI006"})
        causes = [Diagnostic("PAI014", "It is a copy.", "", where, explains=explains) for where in places]
        return [*causes, *(Diagnostic("PAI006", "It is claimed.", "", where) for where in places)]

    (before, _), (after, groups) = (counted(partial(folded, told(size))) for size in (500, 2_000))
    assert after <= MOST * before
    assert [len(consequences) for _, consequences in groups] == [1] * 2_000

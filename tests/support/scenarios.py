"""Pages that are scenarios: their commands are run, their edits made, and what they show is compared.

In a page, a block of `console` holds commands after `$ `, each followed by what it prints; `…` stands for
any lines, or for anything within a line. A block of `diff` changes the file that its first line names, and
a block of `yaml` whose first line is the comment `# <path>` is that file. Everything else is only read.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(console|diff|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What changes a stack file: without the CLI, nothing that comes after it can be compared.
_CHANGES_FILES = re.compile(r"pulumi (config set|stack (init|rm|change-secrets-provider))\b")


@dataclass(frozen=True)
class Command:
    """A command, and what the page says it prints."""

    text: str
    printed: str

    @property
    def needs_pulumi(self) -> bool:
        """Whether it runs the Pulumi CLI itself."""
        return self.text.startswith("pulumi ")


@dataclass(frozen=True)
class Edit:
    """A change of a file: of its parts, old and new, or of all of it, where the old is None."""

    path: str
    parts: tuple[tuple[str | None, str], ...]


Step = Command | Edit


def steps_of(page: str) -> list[Step]:
    """The steps of a page, in order."""
    steps: list[Step] = []
    for kind, text in _BLOCK.findall(page):
        first, _, rest = text.partition("\n")
        if kind == "console":
            steps += [Command(*each.split("\n", 1)) for each in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
        elif kind == "diff":
            parts = [part.splitlines(keepends=True) for part in re.split(r"^@@\n", rest, flags=re.MULTILINE)]
            steps.append(
                Edit(first.removeprefix("--- "), tuple((_side(part, "-"), _side(part, "+")) for part in parts))
            )
        elif first.startswith("# stacks/"):
            steps.append(Edit(first.removeprefix("# "), ((None, rest),)))
    return steps


def without_pulumi(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps that can be run where there is no Pulumi CLI, up to one that changes a file."""
    for step in steps:
        if isinstance(step, Command) and _CHANGES_FILES.match(step.text):
            return
        if isinstance(step, Edit) or not step.needs_pulumi:
            yield step


def run(steps: Iterable[Step], folder: Path, env: Mapping[str, str], typed: Mapping[str, str]) -> None:
    """Runs the steps in a folder.

    `typed` is what a person would type in, by the beginning of the command that asks for it. Raises
    AssertionError where a command prints something else than its page shows, or fails and shows no error.
    """
    env = dict(env)
    for step in steps:
        if isinstance(step, Edit):
            _edit(folder / step.path, step)
        elif exported := re.fullmatch(r"export (\w+)=(\S+)", step.text):
            env[exported[1]] = exported[2]
        else:
            _run(step, folder, env, typed)


def _run(step: Command, folder: Path, env: Mapping[str, str], typed: Mapping[str, str]) -> None:
    answer = next((said for begin, said in typed.items() if step.text.startswith(begin)), "")
    done = subprocess.run(
        ["bash", "-c", step.text],
        cwd=folder,
        env=env,
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
    said = f"$ {step.text}\nended with {done.returncode} and printed\n{printed}"
    assert re.fullmatch(_pattern(step.printed), printed), f"{said}where its page shows\n{step.printed}"
    assert (done.returncode != 0) == ("error" in step.printed), said


def _pattern(shown: str) -> str:
    lines = ("(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in shown.splitlines())
    return "".join(lines)


def _edit(path: Path, edit: Edit) -> None:
    for old, new in edit.parts:
        text = new if old is None else path.read_text()
        if old is not None:
            assert text.count(old) == 1, f"this is {text.count(old)} times in {path.name}:\n{old}\n{text}"
            text = text.replace(old, new)
        path.write_text(text)


def _side(lines: list[str], sign: str) -> str:
    return "".join(line[1:] for line in lines if line[0] in (sign, " "))

"""`paletteai diff` of the examples, changed in a dozen ways: every line that is printed, as text and as Markdown."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.projects import changed
from support.recorded import is_as_recorded
from support.repository import Repository

LINKS = (
    *("--source-url", "https://git.example/fleet/blob/1a2b3c4/{file}#L{line}"),
    *("--rules-url", "https://git.example/fleet/blob/main/docs/rules/{code}.md"),
)
LAB = """\
      - name: lab # overrides the default with its own Settings
        displayName: Lab
        settings: {palette: lab}
        deploymentNamespaces: {allow: [lab-jobs]}
"""
RETAINED = LAB.replace("        displayName", "        onRemoval: retain\n        displayName")
PRICING = "      - {name: pricing, displayName: Pricing}\n"
ROBOTICS = "      - name: robotics\n"
DEFAULT, EDGE = "default: {palette: shared, secretName: dev-palette-api-secret}", "edge: {palette: edge}"

TENANT, RETAINED_TENANT = "    name: globex\n", "    name: globex\n    onRemoval: retain\n"
DELETABLE_TENANT = RETAINED_TENANT.replace("retain", "delete")

Edits = dict[str, tuple[tuple[str, str], ...]]
CASES: dict[str, Edits] = {
    "a project is added": {"acme.dev": ((ROBOTICS, f"      - {{name: welding}}\n{ROBOTICS}"),)},
    "a protected project is removed": {"acme.dev": ((LAB, ""),)},
    "a retained project is removed": {"acme.dev": ((RETAINED, ""),)},
    "a host changes": {
        "acme.dev": (
            (
                "    shared:\n      hostUrl: https://api.spectrocloud.com",
                "    shared:\n      hostUrl: https://a.example",
            ),
        )
    },
    "a key is rotated": {"acme.dev": (("secure: v1:gnYT6TCXRTZ8IAR/", "secure: v1:AAAA6TCXRTZ8IAR/"),)},
    "two credentials are swapped": {
        "acme.dev": ((DEFAULT, DEFAULT.replace("shared", "edge")), (EDGE, "edge: {palette: shared}"))
    },
    "a stack file is removed": {"globex.prod": ()},
    "a tenant is renamed": {"globex.dev": (("    name: globex\n", "    name: initech\n"),)},
    "a retained tenant is renamed": {"globex.dev": (("    name: globex\n", "    name: initech\n"),)},
    "a deletable tenant is renamed": {"globex.dev": (("    name: globex\n", "    name: initech\n"),)},
    "a deletable tenant is renamed and imported": {
        "globex.dev": (
            ("    name: globex\n", "    name: initech\n"),
            (PRICING, PRICING.replace("}", ", importIds: [Namespace/pricing, Project/pricing/pricing]}")),
        )
    },
    "a retained project moves": {"globex.dev": ((PRICING, ""),), "acme.dev": ((ROBOTICS, PRICING + ROBOTICS),)},
    "the fallback changes": {
        "acme.dev": (
            (DEFAULT, DEFAULT.replace("default:", "main:")),
            (EDGE, f"{EDGE}\n      default: {{palette: lab}}"),
            ("        settings: {palette: lab}\n", ""),
        )
    },
    "a project moves": {"globex.dev": ((PRICING, ""),), "acme.dev": ((ROBOTICS, PRICING + ROBOTICS),)},
}

BEFORE: dict[str, Edits] = {
    "a retained project is removed": {"acme.dev": ((LAB, RETAINED),)},
    "a retained project moves": {"globex.dev": ((TENANT, RETAINED_TENANT),)},
    "a retained tenant is renamed": {"globex.dev": ((TENANT, RETAINED_TENANT),)},
    "a deletable tenant is renamed": {"globex.dev": ((TENANT, DELETABLE_TENANT),)},
    "a deletable tenant is renamed and imported": {"globex.dev": ((TENANT, DELETABLE_TENANT),)},
}
"""What is edited before the first commit."""


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the examples."""
    repository = Repository(tmp_path, monkeypatch)
    repository.declare((ROOT / "Pulumi.yaml").read_text())
    for file in (ROOT / "stacks").iterdir():
        shutil.copy(file, repository.stacks)
    return repository


def edit(repository: Repository, stack: str, edits: tuple[tuple[str, str], ...]) -> None:
    """Change a stack file, or delete it if there is nothing to change."""
    path = repository.stacks / f"Pulumi.{stack}.yaml"
    text = path.read_text()
    for old, new in edits:
        text = changed(old, new, text)
    path.write_text(text)
    if not edits:
        path.unlink()


def recorded(name: str, text: str) -> None:
    """Compare an output with its record; the commit is another one each time."""
    is_as_recorded(f"diff/{name}", re.sub(r"\(`?[0-9a-f]{12}`?\)", "(1a2b3c4d5e6f)", text))


@pytest.mark.parametrize("name", CASES)
def test_every_line_about_a_change_is_as_recorded(name: str, examples: Repository) -> None:
    for stack, edits in BEFORE.get(name, {}).items():
        edit(examples, stack, edits)
    examples.commit()
    for stack, edits in CASES[name].items():
        edit(examples, stack, edits)
    text, markdown, value = (
        examples.run("diff", "HEAD", *options)
        for options in ((), ("--format", "markdown", *LINKS), ("--format", "json"))
    )
    assert text.exit_code == markdown.exit_code == value.exit_code
    assert max(map(len, text.stdout.splitlines())) <= 80
    totals = {each: number for each, number in json.loads(value.stdout)["totals"].items() if number}
    file = name.replace(" ", "-")
    recorded(f"{file}.txt", f"{text.stdout}{json.dumps(totals)}\nexit code {text.exit_code}\n")
    recorded(f"{file}.md", markdown.stdout)


@pytest.mark.parametrize(("file", "options"), [("two-stacks.txt", ()), ("two-stacks.md", ("--format", "markdown"))])
def test_every_line_about_two_stacks_is_as_recorded(file: str, options: tuple[str, ...], examples: Repository) -> None:
    recorded(file, examples.printed("diff", "acme.dev", "acme.prod", *options))

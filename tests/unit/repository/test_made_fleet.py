"""A fleet in a repository that `paletteai init` has made, by the wheel: what a merge reaches, and what deploys it."""

from __future__ import annotations

import json

import yaml
from support.projects import STACK
from support.wheel import Elsewhere


def test_a_merge_reaches_what_it_changes_in_a_repository_of_ones_own(elsewhere: Elsewhere) -> None:
    fleet = elsewhere.folder / "fleet"

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
        ran = elsewhere.run("git", *who, *arguments, cwd=fleet)
        assert ran.code == 0, ran.err
        return ran.out.strip()

    def commit() -> str:
        git("add", "--all")
        git("commit", "--quiet", "--message", "change")
        return git("rev-parse", "HEAD")

    elsewhere.paletteai("init", "fleet", "--ci", "github")
    git("init", "--quiet")
    git("remote", "add", "origin", "https://git.example/fleet.git")
    beta = STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b").replace("Acme", "Beta")
    for name, text in (("acme", STACK), ("beta", beta)):
        (fleet / "stacks" / f"Pulumi.{name}.dev.yaml").write_text(text)
    base = commit()
    # What the workflow makes before it chooses is no part of the program.
    (fleet / ".venv").mkdir()
    (fleet / ".venv" / "x.py").touch()
    assert elsewhere.paletteai("ci", "jobs", "github", "--since", base, cwd=fleet) == "matrix=\n"

    (fleet / "stacks" / "Pulumi.beta.dev.yaml").write_text(beta.replace("Beta", "Better"))
    head = commit()
    (made,) = json.loads(
        elsewhere.paletteai("stacks", "--since", base, "--slices", "16", "--format", "json", cwd=fleet)
    )["slices"]
    assert made["stacks"] == ["beta.dev"]
    matrix = elsewhere.paletteai("ci", "jobs", "github", "--since", base, cwd=fleet)
    assert json.loads(matrix.removeprefix("matrix="))["include"] == [{"environment": "dev", "slice": made["slice"]}]
    (stack,) = yaml.safe_load_all(elsewhere.paletteai("operator", "dev", "--since", base, cwd=fleet))
    assert (stack["metadata"]["name"], stack["spec"]["commit"]) == ("beta--dev", head)

    # A newer version of the package reaches every stack.
    pins = fleet / "requirements.txt"
    pins.write_text(pins.read_text().replace("paletteai-components==", "paletteai-components==9"))
    names = elsewhere.paletteai("stacks", "--since", "HEAD", "--format", "name", cwd=fleet)
    assert names == "acme.dev\nbeta.dev\n"
    assert list(elsewhere.home.iterdir()) == []

"""A key that was pasted into any place of a stack file is told nowhere: not by a command, not by the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_api import FakeApi
from support.pasted import EVERYTHING, fields_of, keys, locations, pasted, text
from support.programs import credential, deployed
from support.projects import Project
from support.recording import recorded
from support.repository import Repository

from paletteai_components import DeclarationError, SettingsArgs, Tenant, TenantArgs
from paletteai_components.cli.output.source import source_lines
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.model.spec import StackSpec

# What they run is run by other tests, too.
pytestmark = pytest.mark.untraced

PLACES = dict(locations())
COMMANDS = (
    ["check"],
    ["plan"],
    ["plan", "--format", "json"],
    ["explain", "acme.dev"],
    ["explain", "acme.dev", "lab", "--format", "json"],
    ["graph"],
    ["graph", "--format", "json"],
    ["stacks"],
    ["stacks", "--format", "json", "--slices", "4"],
    ["diff", "acme.dev", "acme.prod"],
    ["diff", "acme.prod", "acme.dev", "--format", "markdown"],
    ["ci", "jobs", "github"],
)
# On a cluster that has nothing of what is declared.
DOCTOR = ["doctor", "acme.dev", "--context", "dev", "--kubeconfig"]
PROD = text({**EVERYTHING, "paletteai:environment": "prod", "paletteai:cluster": "prod"})


def test_the_file_says_everything_that_a_stack_file_can_say() -> None:
    said = {tuple("*" if isinstance(step, int) else str(step) for step in path) for path in PLACES}

    def is_said(path: tuple[str, ...]) -> bool:
        return any(
            len(each) >= len(path) and all(b in ("*", a) for a, b in zip(each, path, strict=False)) for each in said
        )

    wanted = {("paletteai:" + top, *rest) for top, *rest in fields_of(StackSpec)}
    assert {path for path in wanted if not is_said(path)} == set()


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with FakeApi() as api:
        yield api.kubeconfig(tmp_path_factory.mktemp("cluster"))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_no_command_tells_a_key_that_stands_where_anything_else_belongs(
    path: tuple[str, ...], project: Project, kubeconfig: str
) -> None:
    project.stack(PROD, "acme.prod")
    for kind, key in keys().items():
        file = project.stack(pasted(PLACES[path], key))
        # What is a valid name goes all the ways there are.
        for command in (*COMMANDS, [*DOCTOR, kubeconfig]) if kind == "lower case" else ():
            result = project.run(*command)
            assert key not in result.output, (kind, command)
            assert key not in repr(result.exception), (kind, command)
        checked = project.run("check", "--format", "json")
        assert key not in checked.output, kind
        assert key not in repr(checked.exception), kind
        line = file.read_text().splitlines()
        told = json.loads(checked.stdout)["problems"]
        for number in range(len(line)):
            assert key not in "".join(source_lines(SourceLocation(str(file), number + 1))), kind
        at = {number for number, each in enumerate(line, 1) if key in each}
        if path[-1] not in ("value", "ciphertext", "proof"):
            assert at & {location["line"] for diagnostic in told for location in diagnostic["where"]}, (kind, told)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_a_key_is_told_neither_beside_manifests_nor_by_who_opens_keys(path: tuple[str, ...], project: Project) -> None:
    key = keys()["lower case"]
    project.stack(pasted(PLACES[path], key))
    project.pulumi({})
    assert key not in project.run("fingerprint").output
    assert key not in project.run("adopt", "--finish").output
    rendered = project.run("render")
    # The objects themselves hold what is declared, and are printed only where nothing is wrong.
    assert key not in (rendered.stderr if rendered.exit_code == 0 else rendered.output)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("kind", ["lower case", "web token"])
def test_no_program_tells_a_key_that_stands_where_anything_else_belongs(
    path: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    key = keys()[kind]
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(pasted(PLACES[path], key))
    ran = deployed(tmp_path, "acme.dev")
    assert [message for _, message in ran.messages if key in message] == []
    assert key not in f"{ran.error!r} {ran.error}"


def test_no_component_tells_a_key_that_it_is_called_by() -> None:
    key = keys()["lower case"]
    ran = recorded(
        lambda: Tenant(key, TenantArgs(name=key, settings={key: SettingsArgs(palette=credential(key, host_url="?"))}))
    )
    assert isinstance(ran.error, DeclarationError)
    assert [each.code for each in ran.error.diagnostics] == ["PAI009"]
    assert key not in f"{ran.error!r} {ran.error} {ran.error.diagnostics!r}"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as monkeypatch:
        repository = Repository(tmp_path_factory.mktemp("repository"), monkeypatch)
        repository.declare()
        yield repository


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_no_comparison_with_the_past_tells_a_key(path: tuple[str, ...], repository: Repository) -> None:
    # One is no name and the other is one: each as what was there, and as what is there now.
    before, after = keys()["Palette"], keys()["lower case"]
    repository.stack(pasted(PLACES[path], before))
    repository.commit()
    repository.stack(pasted(PLACES[path], after))
    commands = [["diff", "HEAD", "--format", form] for form in ("text", "json", "markdown")]
    if len(path) < 3:
        # Why a stack is reached names no more than its keys.
        commands.append(["operator", "dev", "--repo", "https://git.example/x.git", "--since", "HEAD"])
    for command in commands:
        result = repository.run(*command)
        assert before not in result.output
        assert after not in result.output

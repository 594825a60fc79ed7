"""What `paletteai init` makes, on the real engine: its first stack from the wheel, and the template of `pulumi new`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.projects import KEY
from support.real import PULUMI, pulumi_home
from support.wheel import Elsewhere

pytestmark = [pytest.mark.engine, pytest.mark.skipif(PULUMI is None, reason="needs pulumi on PATH")]

SOURCE = ROOT / "paletteai_components" / "repository" / "files"


@pytest.fixture
def engine(elsewhere: Elsewhere, tmp_path: Path) -> Elsewhere:
    """An empty folder with the wheel, Pulumi and an empty state."""
    (tmp_path / "state").mkdir()
    elsewhere.environment |= {
        "PULUMI_HOME": str(pulumi_home(tmp_path)),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "made for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_OPTION_NON_INTERACTIVE": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return elsewhere


def pulumi(engine: Elsewhere, *arguments: str | Path, cwd: Path | None = None, input: str | None = None) -> str:
    """What `pulumi` prints. Raises AssertionError where it fails."""
    ran = engine.run("pulumi", *arguments, "--color=never", cwd=cwd, input=input)
    assert ran.code == 0, f"{ran.out}{ran.err}".replace(KEY, "KEY")
    return ran.out


def _commit(folder: Path) -> None:
    """Makes a folder a repository, whose one commit has everything in it."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "x")):
        subprocess.run([*git, *command], cwd=folder, check=True, capture_output=True)


@pytest.mark.timeout(900)
def test_the_first_stack_of_a_made_repository_is_previewed_and_deployed_as_its_workflows_do(
    engine: Elsewhere, fresh_cluster: ControlPlane
) -> None:
    engine.paletteai("init", "--ci", "github")
    project = engine.folder / "Pulumi.yaml"
    # Its own environment would be installed from an index; that of the tests has the same, and the wheel comes first.
    project.write_text(project.read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}"))
    _commit(engine.folder)
    engine.paletteai("new", "acme", "dev")
    pulumi(engine, "stack", "init", "acme.dev")
    file = engine.folder / "stacks" / "Pulumi.acme.dev.yaml"
    file.write_text(
        file.read_text().replace("# tenant:", "tenant:").replace("# defaultProjectID:", "defaultProjectID:")
    )
    path = "paletteai:integrations.default.apiKey"
    pulumi(engine, "config", "set", "--secret", "--path", path, "--stack", "acme.dev", input=KEY)
    engine.paletteai("fingerprint", "acme.dev")
    assert "1 stack, 1 project: no problems" in engine.paletteai("check")
    content = {"KUBECONFIG": "", "KUBECONFIG_CONTENT": fresh_cluster.kubeconfig.read_text()}
    printed = {}
    for operation in ("preview", "up", "preview"):
        # A preview is of what differs from the last commit: here that is the new stack.
        ran = engine.run("paletteai", "ci", operation, "dev", "1/1", env={**content, "GITHUB_ACTIONS": "true"})
        assert ran.code == 0, ran.out + ran.err
        assert KEY not in ran.out + ran.err
        assert ran.out.startswith("::stop-commands::")
        printed[operation] = ran.out
    assert "Tenant" in printed["up"]
    # Nothing is left to do.
    assert "+ " not in printed["preview"].split("Resources:")[1]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("made", [False, True], ids=["of the package", "of a made repository"])
@pytest.mark.parametrize("name", ["paletteai", "fleet"])
def test_it_is_a_template_for_a_project_of_any_name(made: bool, name: str, engine: Elsewhere) -> None:
    template = SOURCE
    if made:
        template = engine.folder / "made"
        engine.paletteai("init", template, "--ci", "github")
    new = engine.folder / "new"
    pulumi(engine, "new", template, "--generate-only", "--yes", "--name", name, "--dir", new)

    def files(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    theirs, ours = files(new), files(template)
    project = yaml.safe_load(theirs.pop("Pulumi.yaml"))
    expected = yaml.safe_load(ours.pop("Pulumi.yaml"))
    assert theirs == ours
    # Pulumi takes the section out, and notes where it is from.
    del expected["template"], project["config"]["pulumi:tags"]
    assert project == {**expected, "name": name}
    assert "There is no stack file yet" in engine.paletteai("check", cwd=new)
    engine.paletteai("new", "acme", "dev", cwd=new)


@pytest.mark.timeout(300)
def test_the_template_asks_for_the_context_of_its_first_stack(engine: Elsewhere) -> None:
    # What Pulumi installs then, it would ask an index for.
    engine.environment |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    context = "kubernetes:context=dev"
    ran = engine.run("pulumi", "new", SOURCE, "--yes", "--stack", "acme.dev", "--config", context, "--color=never")
    assert "Created stack 'acme.dev'" in ran.err
    stack = yaml.safe_load((engine.folder / "stacks" / "Pulumi.acme.dev.yaml").read_text())
    assert stack["config"] == {"kubernetes:context": "dev"}

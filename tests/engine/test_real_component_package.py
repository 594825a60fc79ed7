"""The component package on the real engine, from the programs of its page: in YAML and in TypeScript."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.watch import Watch
from support.component_package import KEY, PAGE, STACK, OtherProgram, Package, missing, package
from support.programs import leaks
from support.real import PULUMI, Outcome, Real

from paletteai_components.credentials import fingerprint_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

ROTATED = "Key-0f-the-2nd-in-other-languages"


@pytest.fixture(scope="session", autouse=True)
def pulumi() -> None:
    """The real CLI. Without it, no cluster is started."""
    if PULUMI is None:
        pytest.skip("needs pulumi on PATH")


@pytest.fixture(scope="module")
def package_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The component package, of which one environment is made for all tests."""
    return package(tmp_path_factory.mktemp("package"), wheel)


@pytest.fixture(scope="module", params=["yaml", "typescript"])
def deployed(
    request: pytest.FixtureRequest,
    package_folder: Package,
    fresh_cluster: ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OtherProgram]:
    """The program of the page, deployed as the page does."""
    lacking = missing(request.param)
    if lacking:
        pytest.skip(lacking)
    program = OtherProgram(request.param, tmp_path_factory.mktemp(request.param), fresh_cluster, package_folder)
    program.deploy()
    yield program
    empty(fresh_cluster)


@pytest.fixture(scope="module")
def in_yaml(
    package_folder: Package, fresh_cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> OtherProgram:
    """The program of the page in YAML, not deployed."""
    lacking = missing("yaml")
    if lacking:
        pytest.skip(lacking)
    return OtherProgram("yaml", tmp_path_factory.mktemp("own"), fresh_cluster, package_folder)


@pytest.fixture
def program(in_yaml: OtherProgram, fresh_cluster: ControlPlane) -> Iterator[OtherProgram]:
    """The same, with a stack of its own, and nothing on the cluster."""
    empty(fresh_cluster)
    shutil.rmtree(in_yaml.state)
    in_yaml.state.mkdir()
    (in_yaml.folder / "Pulumi.dev.yaml").unlink(missing_ok=True)
    in_yaml.change()
    in_yaml.run("stack", "init", STACK)
    in_yaml.set_its_key(KEY)
    for key, value in {"kubernetes:context": "dev", "kubernetes:enableSecretMutable": "true"}.items():
        in_yaml.run("config", "set", key, value, "--stack", STACK)
    yield in_yaml
    empty(fresh_cluster)


def refused(program: OtherProgram, *flags: str) -> str:
    """What a preview that is refused prints."""
    outcome: Outcome = program.preview(STACK, *flags, check=False)
    assert outcome.code != 0, outcome.printed
    assert "Traceback" not in outcome.printed
    assert "Unexpected <class" not in outcome.printed
    assert leaks([outcome.printed], KEY, ROTATED) == []
    return outcome.printed


def on_the_cluster(cluster: ControlPlane, kind: str, name: str, namespace: str) -> dict[str, Any]:
    """An object."""
    found = json.loads(cluster.kubectl("get", kind, name, f"--namespace={namespace}", "--output=json"))
    assert isinstance(found, dict)
    return found


def test_the_program_of_the_page_is_deployed(deployed: OtherProgram, cluster: ControlPlane) -> None:
    secret = on_the_cluster(cluster, "secrets", "default-palette", "tenant-acme")
    assert json.loads(base64.b64decode(secret["data"]["palette"]))["apiKey"] == KEY
    settings = on_the_cluster(cluster, "settings", "default", "tenant-acme")
    assert settings["metadata"]["annotations"][FINGERPRINT_ANNOTATION] == fingerprint_of(KEY)
    project = on_the_cluster(cluster, "projects", "vision", "vision")
    assert project["spec"]["displayName"] == "Vision"
    tenant = on_the_cluster(cluster, "tenants", "acme", "default")
    assert tenant["spec"]["displayName"] == "Acme"
    assert deployed.outputs(STACK) == {
        "namespaces": {"tenant": "tenant-acme", "projects": ["vision"]},
        "source": "fallback",
    }


def test_a_second_deployment_changes_nothing(deployed: OtherProgram) -> None:
    printed = deployed.up(STACK).stdout
    assert re.search(r"^Resources:\n +10 unchanged\n", printed, re.M), printed
    assert "warning: Tenant acme" not in deployed.printed


def test_the_key_is_a_secret_in_the_state_and_shown_nowhere(deployed: OtherProgram) -> None:
    state = deployed.run("stack", "export", "--stack", STACK).stdout
    assert leaks([state, deployed.printed, deployed.preview(STACK, "--diff").printed], KEY) == []
    (secret,) = (each for each in deployed.resources(STACK) if each["type"] == "kubernetes:core/v1:Secret")
    # The mark of a secret.
    assert "4dabf18193072939515e22adb298388d" in secret["inputs"]["data"]
    opened = deployed.run("stack", "export", "--show-secrets", "--stack", STACK).stdout
    assert leaks([opened], KEY) == [opened]


def test_an_error_is_shown_as_the_page_shows_it(deployed: OtherProgram) -> None:
    vision, lab = {
        "Pulumi.yaml": (
            "- {name: vision, displayName: Vision}\n",
            "          - {name: lab, settings: {palette: shared}}\n",
        ),
        "index.ts": ('{ name: "vision", displayName: "Vision" }', ', { name: "lab", settings: { palette: "shared" } }'),
    }[deployed.file.name]
    deployed.change((vision, vision + lab))
    printed = "\n".join(line.strip() for line in refused(deployed).splitlines())
    _, _, after = PAGE.read_text().partition("\n## Errors\n")
    assert "\n".join(line.strip() for line in after.split("```")[1].strip("\n").splitlines()) in printed
    deployed.change()


def test_a_change_is_an_update_in_place(deployed: OtherProgram, cluster: ControlPlane) -> None:
    deployed.change(("Vision", "Vision One"))
    with Watch(cluster) as watch:
        deployed.up(STACK)
    assert watch.recreated() == []
    assert set(watch.of("Project", "vision", "vision")) == {"MODIFIED"}


def test_a_rotation_changes_the_secret_in_place(deployed: OtherProgram, cluster: ControlPlane) -> None:
    deployed.set_its_key(ROTATED)
    with Watch(cluster) as watch:
        printed = deployed.up(STACK).printed
    assert watch.recreated() == []
    assert set(watch.of("Secret", "tenant-acme", "default-palette")) == {"MODIFIED"}
    assert leaks([printed], KEY, ROTATED) == []


def test_a_credential_that_moves_is_never_in_two_settings(program: OtherProgram, cluster: ControlPlane) -> None:
    program.up(STACK)
    program.change(
        ("        settings:\n          default: {palette: shared}\n", ""),
        ("displayName: Vision}", "displayName: Vision, settings: {palette: shared}}"),
    )
    with Watch(cluster) as watch:
        program.up(STACK)
    assert watch.shared(FINGERPRINT_ANNOTATION) == []
    assert watch.of("Settings", "tenant-acme", "default")[-1] == "DELETED"
    assert watch.of("Settings", "vision", "default")[0] == "ADDED"
    assert program.steps(STACK) == {}


def test_a_stack_file_becomes_a_program_without_a_change(
    real: Real, package_folder: Package, fresh_cluster: ControlPlane
) -> None:
    empty(fresh_cluster)
    project = real()
    declared = {
        "integrations": {"vaulted": {"existingSecret": "made-by-vault", "credential": "vault://acme"}},
        "tenant": {
            "name": "acme",
            "computeConfigRef": {"name": "default"},
            "settings": {"default": {"palette": "vaulted"}},
            "projects": [{"name": "vision", "displayName": "Vision"}],
        },
    }
    config = {"kubernetes:context": "dev", **{f"paletteai:{name}": value for name, value in declared.items()}}
    (project.stacks / "Pulumi.acme.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    project.init("acme.dev")
    project.up("acme.dev")
    program = {
        "name": "paletteai",
        "runtime": "yaml",
        "stackConfigDir": "stacks",
        "config": {"kubernetes:enableSecretMutable": {"value": True}},
        "resources": {"acme": {"type": "paletteai:Tenant", "properties": declared}},
    }
    (project.folder / "__main__.py").unlink()
    (project.folder / "Pulumi.yaml").write_text(yaml.safe_dump(program))
    project.env["PULUMI_HOME"] = str(package_folder.home)
    project.run("package", "add", str(package_folder.folder))
    assert project.steps("acme.dev") == {}
    assert [each["type"] for each in project.resources("acme.dev")].count("paletteai:index:Project") == 1


def test_two_components_with_one_key_are_refused(program: OtherProgram) -> None:
    _, _, rest = program.text.partition("  acme:\n")
    block, _, _ = rest.partition("outputs:\n")
    other = block.replace("name: acme", "name: globex").replace("name: vision", "name: pricing")
    program.change(("outputs:\n", f"  globex:\n{other}outputs:\n"))
    printed = refused(program)
    assert "integrations.shared: error PAI003: one credential (equal fingerprint) is claimed by Settings" in printed
    assert program.resources(STACK) == []


def test_a_value_that_only_the_deployment_knows_is_refused_by_its_path(program: OtherProgram) -> None:
    map_ = "  map:\n    type: kubernetes:core/v1:ConfigMap\n    properties: {data: {name: acme}}\n"
    program.change(
        ("resources:\n", f"resources:\n{map_}"),
        ("        displayName: Acme\n", "        displayName: ${map.id}\n"),
    )
    printed = refused(program)
    assert (
        "Tenant acme: tenant.displayName: error PAI012: `tenant.displayName` is an Output whose value is not known yet"
        in printed
    )


def test_a_provider_that_replaces_secrets_is_warned_of(program: OtherProgram) -> None:
    def warnings(properties: str) -> list[str]:
        provider = f"  own:\n    type: pulumi:providers:kubernetes\n    properties: {properties}\n"
        program.change(
            ("resources:\n", f"resources:\n{provider}"),
            ("    type: paletteai:Tenant\n", '    type: paletteai:Tenant\n    options: {providers: ["${own}"]}\n'),
        )
        printed = program.preview(STACK).printed.splitlines()
        return [line.partition("so for a moment")[2] for line in printed if "warning: Tenant acme: rotating" in line]

    told = " there is none. Set `enableSecretMutable` of the Kubernetes provider to true."
    assert warnings("{context: dev}")[-1] == told
    assert warnings("{context: dev, enableSecretMutable: true}") == []
    program.change()
    program.run("config", "rm", "kubernetes:enableSecretMutable", "--stack", STACK)
    told = f"Run `pulumi config set --stack {STACK} kubernetes:enableSecretMutable true`."
    assert told in program.preview(STACK).printed

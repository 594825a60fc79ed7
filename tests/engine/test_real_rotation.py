"""A rotation on the real CLI and a real API server: the Secret changes in place, whoever makes the provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.watch import ObjectRef, Watch
from support.programs import KEY
from support.real import RealProject
from support.real_stacks import changes, start
from support.samples import HOST, PROJECT_ID

from paletteai_components.credentials import fingerprint_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

NEW_KEY = f"{KEY}-rotated"
FIELDS = {"apiKey", "defaultProjectID", "hostUrl", "tenant"}

# A user's own program, which only names its provider.
PROGRAM = f"""
import pulumi
import pulumi_kubernetes
from paletteai_components import PaletteCredential, SettingsArgs, Tenant, TenantArgs, kubernetes_provider

config = pulumi.Config()
k8s = PROVIDER
options = {{"acme": pulumi.ResourceOptions(provider=k8s), "globex": pulumi.ResourceOptions(providers=[k8s])}}
for name, opts in options.items():
    palette = PaletteCredential(
        name,
        host_url="{HOST}",
        tenant=name,
        default_project_id="{PROJECT_ID}",
        api_key=config.require_secret(name),
    )
    settings = {{"default": SettingsArgs(palette=palette)}}
    Tenant(name, TenantArgs(name=name, settings=settings, on_removal="delete"), opts)
"""
OURS = 'kubernetes_provider("k8s", context="dev")'
ORDINARY = 'pulumi_kubernetes.Provider("k8s", context="dev")'


@pytest.fixture(autouse=True)
def emptied(cluster: ControlPlane) -> None:
    empty(cluster)


@pytest.mark.timeout(900)
def test_a_rotation_changes_the_secret_in_place_and_the_fingerprint_follows(
    real: Callable[..., RealProject], cluster: ControlPlane
) -> None:
    project, stack = real(), "acme.dev"
    start(project, stack)
    project.up(stack)

    path = "paletteai:integrations.shared.apiKey"
    project.run("config", "set", "--secret", "--path", path, "--stack", stack, input=NEW_KEY)
    with Watch(cluster) as untouched:
        refusals = [project.preview(stack, check=False), project.up(stack, check=False)]
    for refused in refusals:
        assert refused.code != 0
        assert "PAI003: the fingerprint of integration `shared` does not match its key" in refused.printed
    assert changes(untouched) == []

    project.paletteai("fingerprint", stack)
    secret, settings = ("Secret", "dev-tenant", "dev-palette-api-secret"), ("Settings", "dev-tenant", "default")
    assert {op: len(urns) for op, urns in project.steps(stack).items()} == {"update": 2}
    with Watch(cluster) as watch:
        project.up(stack)
    assert changes(watch) == [("MODIFIED", secret), ("MODIFIED", settings)]
    _assert_never_absent(watch, secret, NEW_KEY)
    assert _fingerprint(watch, settings) == fingerprint_of(NEW_KEY)
    project.preview(stack, "--refresh", "--expect-no-changes")


@pytest.mark.timeout(900)
def test_a_rotation_changes_the_secret_in_place_with_a_provider_of_ones_own(
    real: Callable[..., RealProject], cluster: ControlPlane
) -> None:
    project = _own_program(real, OURS)
    assert "provider()" not in project.up("dev").printed
    for tenant in ("acme", "globex"):
        _set_key(project, tenant, f"{NEW_KEY}-{tenant}")
    assert {op: len(urns) for op, urns in project.steps("dev").items()} == {"update": 4}
    with Watch(cluster) as watch:
        project.up("dev")
    assert watch.recreated() == []
    for tenant in ("acme", "globex"):
        namespace, key = f"tenant-{tenant}", f"{NEW_KEY}-{tenant}"
        _assert_never_absent(watch, ("Secret", namespace, "default-palette"), key)
        assert _fingerprint(watch, ("Settings", namespace, "default")) == fingerprint_of(key)


@pytest.mark.timeout(900)
def test_a_preview_tells_beforehand_that_an_ordinary_provider_replaces_the_secret(
    real: Callable[..., RealProject], cluster: ControlPlane
) -> None:
    project = _own_program(real, ORDINARY)
    project.up("dev")
    _set_key(project, "acme", f"{NEW_KEY}-acme")
    with Watch(cluster) as untouched:
        preview = project.preview("dev", "--show-replacement-steps")
    steps = [line.split()[0] for line in preview.stdout.splitlines() if "core/v1:Secret acme.default" in line]
    assert list(dict.fromkeys(steps)) == ["--", "+-", "++"]
    assert "provider()" in preview.printed
    assert changes(untouched) == []


def _own_program(real: Callable[..., RealProject], provider: str) -> RealProject:
    """A project with a program of its own, which has two tenants and their keys."""
    project = real(PROGRAM.replace("PROVIDER", provider))
    path = project.folder / "Pulumi.yaml"
    # Configuration of the provider stays: it does not reach one that the program makes.
    path.write_text(path.read_text().partition("  paletteai:tenant:")[0])
    project.init("dev")
    for tenant in ("acme", "globex"):
        _set_key(project, tenant, f"{KEY}-{tenant}")
    return project


def _set_key(project: RealProject, name: str, key: str) -> None:
    project.run("config", "set", "--secret", name, "--stack", "dev", input=key)


def _assert_never_absent(watch: Watch, secret: ObjectRef, key: str) -> None:
    """Only its value was changed, once, and whoever read it at any moment read a whole document."""
    assert set(watch.of(*secret)) == {"MODIFIED"}
    documents = [_document(state[secret]) for state in watch.states()]
    assert all(document.keys() == FIELDS for document in documents)
    assert list(dict.fromkeys(document["apiKey"] for document in documents)) == [documents[0]["apiKey"], key]
    assert documents[0]["apiKey"] != key
    assert secret not in watch.recreated()


def _document(secret: Mapping[str, Any]) -> dict[str, str]:
    document: dict[str, str] = json.loads(base64.b64decode(secret["data"]["palette"], validate=True))
    return document


def _fingerprint(watch: Watch, settings: ObjectRef) -> str:
    """The fingerprint on a Settings at the end of a watch."""
    *_, last = watch.states()
    return str(last[settings]["metadata"]["annotations"][FINGERPRINT_ANNOTATION])

"""The way there and back: a stack's own objects, read back, say what the stack declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from support.observations import EVERY_KIND, manifests_of, observed
from support.settings_layouts import LAYOUTS, SettingsLayout, crds_with
from support.topologies import sound_stacks, sound_workspaces, stack_of, workspace_of, workspaces

from paletteai_components.credentials import sent_host
from paletteai_components.diagnostics import Severity, errors_in
from paletteai_components.kube.crds import crds_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

EACH = settings.default.max_examples // 4 if settings.default else 0
CRDS = {layout.name: crds_of(crds_with(layout.spec), "crds.yaml") for layout in LAYOUTS}


def settings_of(settings: PlannedSettings) -> dict[str, Any]:
    return {
        "name": str(settings),
        "project": settings.project,
        "secrets": {(secret.type, secret.namespace, secret.name) for secret in settings.secrets},
        "has palette": settings.has_palette,
        "credential": settings.integration and credential_of(settings.integration),
    }


def credential_of(integration: IntegrationSpec) -> tuple[str | None, ...]:
    if integration.existing_secret is not None:
        # The Secret itself is not among a stack's own objects.
        return (integration.credential,)
    return (
        integration.host_url and sent_host(integration.host_url),
        integration.tenant,
        integration.default_project_id,
    )


def project_of(project: PlannedProject) -> dict[str, Any]:
    return {
        "name": project.name,
        "tenant": project.tenant,
        "display name": project.spec.display_name,
        "own": project.own and settings_of(project.own),
        "source": project.source,
        "effective": project.effective_settings and str(project.effective_settings),
        "merged": project.merged,
        "shared cluster only": project.shared_cluster_only and project.effective_settings is None,
        "compute": project.compute_config and (project.compute_config.name, project.compute_config_namespace),
        "description": project.spec.description,
        "labels": project.spec.labels,
        "annotations": project.spec.annotations,
        "deployment namespaces": project.spec.deployment_namespaces,
        "roles": project.role_mapping,
        "creates its namespace": project.spec.create_namespace,
    }


def what_follows(plan: Plan | None) -> dict[str, Any]:
    assert plan is not None
    tenant = plan.tenant
    return {
        "name": tenant.name,
        "namespace": tenant.namespace,
        "display name": tenant.spec.display_name,
        "description": tenant.spec.description,
        "groups": tenant.spec.groups,
        "labels": tenant.spec.labels,
        "annotations": tenant.spec.annotations,
        "creates its namespace": tenant.spec.create_namespace,
        "settings": sorted(map(repr, map(settings_of, tenant.settings))),
        "default": tenant.default and str(tenant.default),
        "projects": sorted(map(repr, map(project_of, plan.projects))),
    }


def is_whole(stack: Stack) -> bool:
    """Whether everything that it declares is among its objects."""
    spec = stack.spec
    return spec is not None and not spec.tenant.existing and not spec.tenant.existing_settings


@given(sound_stacks(1))
def test_a_stacks_own_objects_say_what_it_declares(file: dict[str, Any]) -> None:
    stack, _ = stack_of("acme.dev", file)
    if is_whole(stack):
        (read,) = observed(manifests_of(stack)).stacks
        assert what_follows(read.plan) == what_follows(stack.plan)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@settings(max_examples=EACH)
@given(file=sound_stacks(1))
def test_in_every_layout_of_settings_they_say_the_same(layout: SettingsLayout, file: dict[str, Any]) -> None:
    config = {**file["config"], "paletteai:vendorFields": layout.paths}
    stack, _ = stack_of("t0.dev", {"config": config})
    # What the CRD requires besides, these stacks do not say.
    assert not errors_in(diagnostics_of(Workspace((stack,), crds=None if layout.needs else CRDS[layout.name])))
    if is_whole(stack):
        (read,) = observed(manifests_of(stack), PaletteApi(fields=layout.paths)).stacks
        assert what_follows(read.plan) == what_follows(stack.plan)


@given(sound_workspaces())
def test_what_keeps_to_the_rules_as_stack_files_does_so_as_objects(files: dict[str, Any]) -> None:
    workspace, _ = workspace_of(files)
    objects = [each for stack in workspace.stacks for each in manifests_of(stack)]
    assert not errors_in(diagnostics_of(observed(objects)))
    # Everything is there, unless a part was declared to be elsewhere.
    if all(map(is_whole, workspace.stacks)):
        found = [each for each in diagnostics_of(observed(objects)) if each.severity is Severity.WARNING]
        assert not [each for each in found if each.code not in ("PAI011", "PAI003")]


Verdict = set[tuple[str, str, str]]

# What a file says and no object does, or what the last of two objects with one name hides.
_NOT_SHOWN = re.compile(
    # A Project has one reference, and what it inherits is written in the Projects alone.
    r"but a Project refers to one Settings only"
    r"|the name of a (compute config|namespace) "
    r"|^tenant `.*` sets `sharedClusterOnly`"
    r"|every cluster already has the namespace"
    # A Tenant without Settings and without a namespace of its own does not say where it is.
    r"|the tenant namespace `mural-system` is reserved"
    # An empty text is as good as none.
    r"|the display name of \w+ `.*` is not made of"
    # Files declare every Settings and no default; whether a Tenant without a reference has one is not documented.
    r"|It is not documented whether the project falls back"
    # A file may name what it does not hold.
    r"|^Secret `.*` of Settings `.*` does not exist"
)
_DEFAULT = re.compile(r"and tenant `.*` declares no default Settings")


def verdict(workspace: Workspace, codes: frozenset[str]) -> Verdict:
    """The problems of some rules, without the names of stacks, which objects do not have."""
    return {
        (each.code, each.severity.value, re.sub(r" in stack `[^`]*`", "", each.message))
        for each in diagnostics_of(workspace)
        if each.code in codes
    }


def as_objects(stack: Stack) -> Workspace:
    """What the objects of a stack show, if they are all that there are."""
    assert stack.spec is not None
    return observed(manifests_of(stack), complete=EVERY_KIND, merges=stack.spec.merged_settings)


ABOUT_PROJECTS = frozenset({"PAI004", "PAI005", "PAI007", "PAI008", "PAI013", "PAI015"})


@given(workspaces(most=1))
def test_a_stack_file_and_its_own_objects_get_one_verdict(files: dict[str, Any]) -> None:
    workspace, _ = workspace_of(files)
    (stack,) = workspace.stacks
    assume(stack.plan is not None and is_whole(stack))
    assume(all(each.integration or not each.palette for each in stack.plan.settings))  # type: ignore[union-attr]
    objects = as_objects(stack)
    # Of two objects with one name, the last counts.
    assume(not any(each.code == "PAI006" for each in [*diagnostics_of(workspace), *diagnostics_of(objects)]))
    in_the_file, in_objects = verdict(workspace, ABOUT_PROJECTS), verdict(objects, ABOUT_PROJECTS)
    differing = {each for each in in_the_file ^ in_objects if not _NOT_SHOWN.search(each[2])}
    tenant = stack.plan.tenant  # type: ignore[union-attr]
    if tenant.settings and not tenant.default:
        differing = {each for each in differing if not _DEFAULT.search(each[2])}
    assert not differing


def _tenant_of(config: dict[str, Any]) -> dict[str, Any]:
    tenant: dict[str, Any] = config["paletteai:tenant"]
    return tenant


def _project_of(config: dict[str, Any]) -> dict[str, Any]:
    """A Project more, which falls back to the default."""
    _tenant_of(config)["projects"].append({"name": "planted"})
    project: dict[str, Any] = _tenant_of(config)["projects"][-1]
    return project


def _settings_of(config: dict[str, Any], **key: Any) -> dict[str, Any]:
    """A Settings more, with an integration of its own, and the integration."""
    credential = {"hostUrl": "https://api.example", "tenant": "t", "defaultProjectID": "65", **key}
    config["paletteai:integrations"]["planted"] = {"apiKey": {"secure": "v1:planted"}, **credential}
    settings: dict[str, Any] = {"palette": "planted"}
    _tenant_of(config)["settings"]["planted"] = settings
    return settings


def _a_reference_to_nothing(config: dict[str, Any]) -> None:
    _project_of(config)["settingsRef"] = "nowhere"


def _a_default_that_is_nowhere(config: dict[str, Any]) -> None:
    _project_of(config)
    _tenant_of(config)["settingsRef"] = "nowhere"


def _no_fallback(config: dict[str, Any]) -> None:
    _project_of(config)
    _tenant_of(config)["settings"].clear()
    _tenant_of(config)["projects"] = [{"name": "planted"}]


def _a_default_without_palette(config: dict[str, Any]) -> None:
    _tenant_of(config)["settings"]["default"] = {"nvidia": {"existingSecret": "ngc"}}
    _tenant_of(config)["projects"] = [{"name": "planted"}]


def _a_claim_to_need_none(config: dict[str, Any]) -> None:
    _settings_of(config)
    _project_of(config).update(settingsRef="planted", sharedClusterOnly=True)


def _a_name_of_a_project(config: dict[str, Any]) -> None:
    _project_of(config).update(name="Planted_", sharedClusterOnly=None)


def _a_reserved_name(config: dict[str, Any]) -> None:
    _project_of(config)["name"] = "kube-planted"


def _a_name_of_a_settings(config: dict[str, Any]) -> None:
    _settings_of(config)
    _tenant_of(config)["settings"]["Planted_"] = _tenant_of(config)["settings"].pop("planted")


def _a_display_name(config: dict[str, Any]) -> None:
    _project_of(config)["displayName"] = "Line-1!"


def _no_compute_config(config: dict[str, Any]) -> None:
    _project_of(config)
    _tenant_of(config).pop("computeConfigRef", None)


def _a_secret_of_two(config: dict[str, Any]) -> None:
    for name in ("one", "two"):
        _tenant_of(config)["settings"][name] = {"nvidia": {"existingSecret": "shared"}}


def _a_credential_of_two(config: dict[str, Any]) -> None:
    _settings_of(config)
    again = deepcopy(config["paletteai:integrations"]["planted"])
    config["paletteai:integrations"]["again"] = again
    _tenant_of(config)["settings"]["again"] = {"palette": "again"}


def _an_insecure_host(config: dict[str, Any]) -> None:
    _settings_of(config, hostUrl="http://api.example")


def _a_placeholder(config: dict[str, Any]) -> None:
    _settings_of(config, tenant="CHANGE_ME")


MISTAKES: dict[str, Callable[[dict[str, Any]], None]] = {
    "PAI002": _a_secret_of_two,
    "PAI003": _a_credential_of_two,
    "PAI004, no fallback": _no_fallback,
    "PAI004, a default without Palette": _a_default_without_palette,
    "PAI005, a Project's": _a_reference_to_nothing,
    "PAI005, a Tenant's": _a_default_that_is_nowhere,
    "PAI007, a Project's": _a_name_of_a_project,
    "PAI007, reserved": _a_reserved_name,
    "PAI007, a Settings'": _a_name_of_a_settings,
    "PAI008": _a_display_name,
    "PAI009, a host": _an_insecure_host,
    "PAI009, a placeholder": _a_placeholder,
    "PAI013": _a_claim_to_need_none,
    "PAI015": _no_compute_config,
}


@pytest.mark.parametrize("mistake", MISTAKES)
@settings(max_examples=EACH)
@given(file=sound_stacks(1))
def test_a_mistake_gets_its_code_in_a_stack_file_and_in_its_objects(mistake: str, file: dict[str, Any]) -> None:
    config = deepcopy(file["config"])
    assume(not _tenant_of(config).get("existing") and not _tenant_of(config)["existingSettings"])
    MISTAKES[mistake](config)
    stack, _ = stack_of("t0.dev", {"config": config})
    wrong = {(each.code, each.severity) for each in diagnostics_of(Workspace((stack,)))}
    shown = {(each.code, each.severity) for each in diagnostics_of(as_objects(stack))}
    code, _, _ = mistake.partition(",")
    assert (
        {severity for each, severity in wrong if each == code}
        == {severity for each, severity in shown if each == code}
        != set()
    )

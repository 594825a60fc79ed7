"""The way there and back: a stack's own objects, read back, say what the stack declares."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from support.observations import manifests_of, observed
from support.settings_layouts import LAYOUTS, SettingsLayout, crds_with
from support.topologies import sound_stacks, sound_workspaces, stack_of, workspace_of

from paletteai_components.diagnostics import Severity, errors_in
from paletteai_components.kube.crds import crds_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import PlannedSettings
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
    }


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

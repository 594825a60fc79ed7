"""Every example stack from its first deployment to its removal, on the real CLI and a real API server."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.watch import ObjectRef, Watch
from support.real import RealProject
from support.real_stacks import STACKS, changes, edit, held, start

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


@pytest.fixture(autouse=True)
def emptied(cluster: ControlPlane) -> None:
    empty(cluster)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_deployed_stays_as_it_is_and_leaves_nothing_behind(
    real: Callable[..., RealProject], cluster: ControlPlane, stack: str
) -> None:
    project, tenant = real(), stack.split(".")[0]
    start(project, stack)
    project.up(stack)

    with Watch(cluster) as untouched:
        project.up(stack, "--expect-no-changes")
        project.preview(stack, "--refresh", "--expect-no-changes")
        project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", stack)
        refused = project.run("destroy", "--yes", "--stack", stack, check=False)
        edit(project, stack, (f"    name: {tenant}\n", f"    name: {tenant}\n    onRemoval: delete\n"))
        project.up(stack)
    assert changes(untouched) == []
    assert refused.code != 0
    assert "Previewing destroy" in refused.printed
    assert "because it is protected" in refused.printed
    assert "Destroying" not in refused.printed

    with Watch(cluster) as watch:
        project.run("destroy", "--yes", "--stack", stack)
    assert held(cluster) == {}
    assert project.resources(stack) == []
    _assert_order(watch, tenant)


def _assert_order(watch: Watch, tenant: str) -> None:
    """Every Project is gone before its Tenant goes, and of the Tenant each object before what it needs."""
    begins: dict[ObjectRef, int] = {}
    gone: dict[ObjectRef, int] = {}
    for event in watch.events:
        if event.what == "DELETED" or event.object["metadata"].get("deletionTimestamp"):
            begins.setdefault(event.ref, event.version)
        if event.what == "DELETED":
            gone[event.ref] = event.version
    (home,) = (
        name
        for (kind, _, name), each in watch.before.items()
        if kind == "Namespace" and (each["metadata"].get("labels") or {}).get("palette.ai/tenant") == tenant
    )
    ordered: list[list[ObjectRef]] = [
        [ref for ref in watch.before if ref[0] == "Project"],
        [("Tenant", None, tenant)],
        *([ref for ref in watch.before if ref[:2] == (kind, home)] for kind in ("Settings", "Secret")),
        [("Namespace", None, home)],
    ]
    for earlier, later in itertools.pairwise([refs for refs in ordered if refs]):
        assert max(gone[ref] for ref in earlier) < min(begins[ref] for ref in later), (
            earlier,
            later,
        )

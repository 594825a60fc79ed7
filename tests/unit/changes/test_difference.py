"""A difference: what a change of stack files does, object by object and to whom."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.oracle import Files
from support.samples import HOST, PROOF, codes, digest, stack, workspace
from support.topologies import sound_workspaces, workspace_of, workspaces

from paletteai_components.changes.difference import Difference, Presence, difference_between
from paletteai_components.changes.fields import FieldChange, Redacted, field_changes
from paletteai_components.changes.impact import (
    KeyChange,
    Steps,
    integration_changes,
    moves_between,
    removal_changes,
    source_changes,
)
from paletteai_components.changes.objects import Action, Outcome, RemovalEffect, object_changes
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.kube.field_path import FieldPath, Step
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION, PlannedObject, objects_of
from paletteai_components.model.spec import OnRemoval
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document
from paletteai_components.stacks.workspace import Workspace

HEX = "0123456789abcdef" * 2 + "01234567"


def sealed(key: str, *, mark: str = "a", **fields: str) -> str:
    """An integration with a fingerprint, on one line."""
    said = {"hostUrl": HOST, "tenant": "t", "defaultProjectID": f"65-{mark}", **fields}
    written = {"value": f"pai1:{mark * 40}", "ciphertext": digest(f"v1:{key}:1"), "proof": PROOF}
    return json.dumps({**said, "apiKey": {"secure": f"v1:{key}:1"}, "fingerprint": written})


def acme(
    *projects: str,
    integrations: str = f"shared: {sealed('AAAA')}",
    settings: str = "{default: {palette: shared}}",
    more: str = "",
    top: str = "",
    name: str = "acme.dev",
) -> Stack:
    """A stack of the tenant acme."""
    lines = ["kubernetes:context: dev", *top.splitlines(), "paletteai:integrations:"]
    lines += [f"  {line}" for line in integrations.splitlines()]
    lines += ["paletteai:tenant:", f"  name: {name.partition('.')[0]}", "  computeConfigRef: {name: default}"]
    lines += [f"  {line}" for line in more.splitlines()]
    lines += [f"  settings: {settings}", "  projects:", *(f"    - {project}" for project in projects)]
    return stack("\n".join(lines if projects else lines[:-1]), name)


def compared(before: Stack | None, after: Stack | None) -> Difference:
    return difference_between(*(workspace(each) if each else workspace() for each in (before, after)))


def fates(difference: Difference, *actions: Action) -> list[tuple[str, RemovalEffect | None]]:
    return [(each.reference, each.removal_effect) for each in difference.objects_that_are(*actions)]


def fields_of(difference: Difference, reference: str) -> dict[str, tuple[Any, Any]]:
    (change,) = (each for each in difference.objects if each.reference == reference)
    return {str(each.path): (each.before, each.after) for each in change.fields}


VISION = "{name: vision, displayName: Vision}"
BEFORE = acme(VISION)


def test_nothing_differs_from_itself() -> None:
    for after in (BEFORE, acme(VISION)):
        difference = compared(BEFORE, after)
        assert difference.is_empty
        assert difference.unchanged == 1


def test_a_new_project_is_created_and_says_where_its_integration_comes_from() -> None:
    difference = compared(BEFORE, acme(VISION, "{name: lab}"))
    assert fates(difference, *Action) == [("Namespace/lab", None), ("Project/lab/lab", None)]
    (source,) = difference.sources
    assert (source.project, source.before) == ("lab", None)
    assert source.after == "falls back to the tenant's default Settings tenant-acme/default"


def test_a_changed_field_is_told_with_its_path_and_both_values() -> None:
    difference = compared(BEFORE, acme("{name: vision, displayName: Sight, labels: {a.b/c: x}}"))
    assert fields_of(difference, "Project/vision/vision") == {
        "metadata.labels[a.b/c]": (Redacted.ABSENT, "x"),
        "spec.displayName": ("Vision", "Sight"),
    }
    assert fields_of(difference, "Namespace/vision") == {"metadata.labels[a.b/c]": (Redacted.ABSENT, "x")}


def test_a_changed_field_of_an_element_is_told_with_its_path() -> None:
    paths = {each: f"spec.integrations[type={each}].secretRef.name" for each in ("palette", "nvidia")}
    top = f"paletteai:vendorFields: {json.dumps({f'settings.{each}': path for each, path in paths.items()})}"
    before = acme(VISION, top=top)
    after = acme(VISION, top=top, settings="{default: {palette: shared, secretName: p, nvidia: {existingSecret: n}}}")
    assert fields_of(compared(before, after), "Settings/tenant-acme/default") == {
        paths["palette"]: ("default-palette", "p"),
        "spec.integrations[type=nvidia].type": (Redacted.ABSENT, "nvidia"),
        paths["nvidia"]: (Redacted.ABSENT, "n"),
    }
    assert fields_of(compared(BEFORE, before), "Settings/tenant-acme/default") == {
        "spec.integrations": (
            {"palette": {"secretRef": {"name": "default-palette"}}},
            [{"type": "palette", "secretRef": {"name": "default-palette"}}],
        )
    }


@pytest.mark.parametrize(
    ("removal", "effect"),
    [("refuse", RemovalEffect.REFUSED), ("retain", RemovalEffect.RETAINED), ("delete", RemovalEffect.EMPTIED)],
)
def test_a_removed_project_meets_the_fate_it_was_deployed_with(removal: str, effect: RemovalEffect) -> None:
    lab = f"{{name: lab, onRemoval: {removal}, settings: {{palette: lab}}}}"
    integrations = f"shared: {sealed('AAAA')}\nlab: {sealed('BBBB', mark='b')}"
    # What is declared of removal today comes too late for what is gone today.
    after = acme(VISION, integrations=integrations, more="onRemoval: delete")
    difference = compared(acme(VISION, lab, integrations=integrations), after)
    assert fates(difference, Action.DELETED) == [
        ("Namespace/lab", effect),
        ("Secret/lab/default-palette", RemovalEffect.DELETED),
        ("Settings/lab/default", RemovalEffect.DELETED),
        ("Project/lab/lab", effect),
    ]


def test_a_stack_file_that_goes_leaves_everything_where_it_is() -> None:
    difference = compared(BEFORE, None)
    assert {removal_effect for _, removal_effect in fates(difference, Action.DELETED)} == {RemovalEffect.LEFT}
    (change,) = difference.stacks
    assert (change.stack, change.file, change.presence) == ("acme.dev", BEFORE.file, Presence.GOES)


def test_a_stack_file_that_appears_creates_everything() -> None:
    difference = compared(None, BEFORE)
    assert [each.presence for each in difference.stacks] == [Presence.APPEARS]
    assert len(difference.objects_that_are(Action.CREATED)) == len(difference.objects) == 6


def test_another_tenant_namespace_replaces_what_is_in_it() -> None:
    difference = compared(BEFORE, acme(VISION, more="namespace: home"))
    replaced = [
        (each.former_reference, each.reference, each.removal_effect)
        for each in difference.objects_that_are(Action.REPLACED)
    ]
    assert replaced == [
        ("Namespace/tenant-acme", "Namespace/home", RemovalEffect.REFUSED),
        ("Secret/tenant-acme/default-palette", "Secret/home/default-palette", RemovalEffect.DELETED),
        ("Settings/tenant-acme/default", "Settings/home/default", RemovalEffect.DELETED),
    ]
    # The Settings is the same one, so nothing moved and every project still falls back to it.
    assert (difference.moves, difference.sources) == ((), ())


def test_another_name_of_a_secret_replaces_it() -> None:
    difference = compared(BEFORE, acme(VISION, settings="{default: {palette: shared, secretName: other}}"))
    (change,) = difference.objects_that_are(Action.REPLACED)
    assert (change.former_reference, change.reference) == (
        "Secret/tenant-acme/default-palette",
        "Secret/tenant-acme/other",
    )


def test_a_secret_of_another_type_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BEFORE.plan
    settings = next(BEFORE.plan.settings)

    def secrets(kind: str) -> Iterator[PlannedObject]:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": kind}
        yield PlannedObject(secret, settings, settings.path)

    kinds = iter(["Opaque", "other/type"])
    monkeypatch.setattr("paletteai_components.stacks.stack.objects_of", lambda *_: secrets(next(kinds)))
    (change,) = object_changes([(BEFORE, acme(VISION), (True, True))])
    assert (change.action, change.former_reference, change.name) == (Action.REPLACED, None, "acme.default")


def test_an_object_that_pulumi_calls_otherwise_is_replaced() -> None:
    before, after = (f"{{{name}: {{palette: shared, secretName: one}}}}" for name in ("a", "b"))
    difference = compared(acme(settings=before), acme(settings=after))
    (secret,) = difference.objects_that_are(Action.REPLACED)
    assert (secret.reference, secret.former_name, secret.name) == ("Secret/tenant-acme/one", "acme.a", "acme.b")
    assert fates(difference, Action.DELETED) == [("Settings/tenant-acme/a", RemovalEffect.DELETED)]


def test_an_object_that_goes_to_another_stack_is_handed_over() -> None:
    own = {"integrations": f"own: {sealed('BBBB', mark='b')}", "settings": "{default: {palette: own}}"}
    beta, grown = acme(name="beta.dev", **own), acme(VISION, name="beta.dev", **own)
    difference = difference_between(workspace(BEFORE, beta), workspace(acme(), grown))
    handed = difference.objects_that_are(Action.HANDED_OVER)
    assert [(each.reference, each.former_stack, each.stack, each.removal_effect) for each in handed] == [
        ("Namespace/vision", "acme.dev", "beta.dev", RemovalEffect.REFUSED),
        ("Project/vision/vision", "acme.dev", "beta.dev", RemovalEffect.REFUSED),
    ]
    assert difference.objects_that_are(Action.CREATED, Action.DELETED) == []


def test_the_same_names_on_another_cluster_are_not_handed_over() -> None:
    beta = acme(VISION, name="beta.dev", top="paletteai:cluster: elsewhere")
    difference = difference_between(workspace(BEFORE), workspace(beta))
    assert difference.objects_that_are(Action.HANDED_OVER) == []


def test_how_a_stack_is_deployed_is_told_once() -> None:
    top = "paletteai:cluster: plant\npaletteai:environment: dev\npaletteai:apiVersion: spectrocloud.com/v1"
    difference = compared(BEFORE, acme(VISION, top=top))
    (change,) = difference.stacks
    assert {str(each.path): (each.before, each.after) for each in change.fields} == {
        "cluster": ("dev", "plant"),
        "apiVersion": ("spectrocloud.com/v1alpha1", "spectrocloud.com/v1"),
    }
    # A name for the cluster alone replaces nothing; the version is updated in place.
    assert {each.action for each in difference.objects} == {Action.CHANGED}
    assert {each.reference.partition("/")[0] for each in difference.objects} == {"Tenant", "Settings", "Project"}


def test_another_context_is_told_where_the_cluster_has_a_name() -> None:
    top = "paletteai:cluster: plant"
    other = stack("kubernetes:context: new\npaletteai:cluster: plant\npaletteai:tenant: {name: acme}")
    difference = compared(acme(top=top), other)
    (change,) = difference.stacks
    assert [(str(each.path), each.before, each.after) for each in change.fields] == [
        ("kubernetes:context", "dev", "new")
    ]


# --- Integrations ---------------------------------------------------------------------------------------------------

TWO = f"shared: {sealed('AAAA')}\nedge: {sealed('BBBB', mark='b')}"


def rebound(integration: str) -> Difference:
    projects = ("{name: a}", "{name: b}", "{name: c, settingsRef: edge}")
    both = "{default: {palette: shared}, edge: {palette: edge}}"
    edge = f"\nedge: {sealed('BBBB', mark='b')}"
    before = acme(*projects, integrations=f"shared: {sealed('AAAA')}{edge}", settings=both)
    return compared(before, acme(*projects, integrations=f"shared: {integration}{edge}", settings=both))


def test_a_rotated_key_reaches_every_project_that_falls_back() -> None:
    difference = rebound(sealed("ANEW", mark="c"))
    (change,) = difference.integrations
    assert (change.settings, change.integration, change.key) == ("tenant-acme/default", "shared", KeyChange.ANOTHER)
    assert (change.projects, change.overriding) == (("a", "b"), ("c",))


def unproved(key: str) -> str:
    """The same integration without a fingerprint."""
    plain = json.loads(sealed(key))
    del plain["fingerprint"]
    return json.dumps(plain)


@pytest.mark.parametrize(
    ("integration", "key"), [(sealed("ANEW"), KeyChange.ENCRYPTED_AGAIN), (unproved("ANEW"), KeyChange.UNDECIDED)]
)
def test_a_key_that_was_encrypted_again_is_no_other_key_but_undecided_without_a_fingerprint(
    integration: str, key: KeyChange
) -> None:
    (change,) = rebound(integration).integrations
    assert change.key is key


def test_a_fingerprint_that_was_only_written_changes_no_key() -> None:
    difference = rebound(unproved("AAAA"))
    assert difference.integrations == ()
    annotation = f"metadata.annotations[{FINGERPRINT_ANNOTATION}]"
    assert fields_of(difference, "Settings/tenant-acme/default") == {annotation: (Redacted.HIDDEN, Redacted.ABSENT)}


def test_another_host_tenant_or_default_project_is_told() -> None:
    fields = {"hostUrl": "https://P.example:8443/", "tenant": "u", "defaultProjectID": "66"}
    (change,) = rebound(sealed("AAAA", **fields)).integrations
    assert change.key is None
    assert [(str(each.path), each.before, each.after) for each in change.fields] == [
        ("hostUrl", "api.spectrocloud.com", "p.example:8443"),
        ("tenant", "t", "u"),
        ("defaultProjectID", "65-a", "66"),
    ]


@pytest.mark.parametrize(
    ("field", "more", "key", "fields"),
    [
        ("credential", "existingSecret: s", KeyChange.ANOTHER, ()),
        ("existingSecret", "credential: c", None, (FieldChange(FieldPath(("existingSecret",)), "x", "y"),)),
    ],
)
def test_another_credential_of_an_existing_secret_is_another_key_and_another_secret_of_the_same_is_none(
    field: str, more: str, key: KeyChange | None, fields: tuple[FieldChange, ...]
) -> None:
    before, after = (acme("{name: a}", integrations=f"shared: {{{more}, {field}: {value}}}") for value in "xy")
    (change,) = compared(before, after).integrations
    assert (change.key, change.fields) == (key, fields)
    assert compared(before, replace(before)).integrations == ()


def test_another_key_of_an_integration_in_the_file_changes_nothing() -> None:
    renamed = acme(VISION, integrations=f"other: {sealed('AAAA')}", settings="{default: {palette: other}}")
    difference = compared(BEFORE, renamed)
    assert difference.is_empty
    assert difference.unchanged == 1


def test_an_own_settings_reaches_its_project_only() -> None:
    def declared(key: str, mark: str) -> Stack:
        integrations = f"shared: {sealed('AAAA')}\nlab: {sealed(key, mark=mark)}"
        return acme(VISION, "{name: lab, settings: {palette: lab}}", integrations=integrations)

    (change,) = compared(declared("BBBB", "b"), declared("CCCC", "c")).integrations
    assert (change.settings, change.projects, change.overriding) == ("lab/default", ("lab",), ())


def test_a_project_that_overrides_says_where_its_integration_came_from() -> None:
    after = acme("{name: vision, displayName: Vision, settings: {palette: edge}}", integrations=TWO)
    (source,) = compared(acme(VISION, integrations=TWO), after).sources
    assert source.before == "falls back to the tenant's default Settings tenant-acme/default"
    assert source.after == "its own Settings vision/default"


def test_a_project_resolves_otherwise_though_its_manifest_stays() -> None:
    difference = compared(BEFORE, acme(VISION, settings="{edge: {palette: shared}}"))
    (source,) = difference.sources
    assert source.after == "none: nothing to fall back to"
    assert "Project/vision/vision" not in [each.reference for each in difference.objects]


def test_what_removal_does_is_told_for_everybody_it_holds_for() -> None:
    after = acme(VISION, "{name: lab, onRemoval: refuse}", more="onRemoval: delete")
    difference = compared(acme(VISION, "{name: lab}"), after)
    assert [(each.owner, each.before, each.after) for each in difference.removals] == [
        ("tenant acme", OnRemoval.REFUSE, OnRemoval.DELETE),
        ("project vision", OnRemoval.REFUSE, OnRemoval.DELETE),
    ]
    assert difference.objects == ()


# --- Moves ----------------------------------------------------------------------------------------------------------

BOUND_LAB = "{name: lab, settings: {palette: shared}}"


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (
            BEFORE,
            acme("{name: vision, settings: {palette: shared}}", settings="{}", more="sharedClusterOnly: true"),
            [("tenant-acme/default", "vision/default", Steps.ONE)],
        ),
        (
            acme(VISION, integrations=TWO),
            acme(VISION, BOUND_LAB, integrations=TWO, settings="{default: {palette: edge}}"),
            [("tenant-acme/default", "lab/default", Steps.TWO)],
        ),
        (
            acme(integrations=TWO, settings="{a: {palette: shared}, b: {palette: edge}}"),
            acme(integrations=TWO, settings="{b: {palette: shared}}"),
            [("tenant-acme/a", "tenant-acme/b", Steps.TWO)],
        ),
        (
            acme(integrations="shared: {existingSecret: s}", settings="{a: {palette: shared}}"),
            acme(integrations="shared: {existingSecret: s}", settings="{b: {palette: shared}}"),
            [("tenant-acme/a", "tenant-acme/b", Steps.ONE)],
        ),
        (
            acme(settings="{a: {palette: shared}}"),
            acme(integrations=f"shared: {sealed('ANEW', mark='c')}", settings="{b: {palette: shared}}"),
            [],
        ),
    ],
    ids=["to a new Settings", "from one that stays", "to one that had another", "an existing Secret", "rotated, too"],
)
def test_a_credential_that_moves_takes_one_deployment_or_two(
    before: Stack, after: Stack, moves: list[tuple[str, str, Steps]]
) -> None:
    assert [(each.former_settings, each.settings, each.steps) for each in compared(before, after).moves] == moves


def test_a_credential_that_goes_to_another_stack_is_given_up_first() -> None:
    beta = acme(name="beta.dev", settings="{default: {palette: shared}}")
    difference = difference_between(workspace(BEFORE), workspace(acme(VISION, integrations=TWO, settings="{}"), beta))
    (move,) = difference.moves
    assert (move.stack, move.former_stack, move.steps) == ("beta.dev", "acme.dev", Steps.STACKS)


def test_a_credential_that_is_bound_once_more_is_a_problem_and_no_move() -> None:
    difference = compared(BEFORE, acme("{name: vision, displayName: Vision, settings: {palette: shared}}"))
    assert difference.moves == ()
    assert "PAI001" in codes(list(difference.introduced))
    assert difference.has_errors


@pytest.mark.parametrize(
    ("integration", "refused"), [("existingSecret: s, credential: c", 1), ("existingSecret: s", 0)]
)
def test_a_move_that_takes_two_deployments_is_refused_where_the_credential_is_known(
    integration: str, refused: int
) -> None:
    both = f"one: {{{integration}}}\ntwo: {sealed('BBBB', mark='b')}"
    before = acme(integrations=both, settings="{a: {palette: one}, b: {palette: two}}")
    difference = compared(before, acme(integrations=both, settings="{b: {palette: one}}"))
    assert [each.steps for each in difference.moves] == [Steps.TWO]
    assert codes(list(difference.refused)) == ["PAI003"] * refused
    assert difference.has_errors == bool(refused)
    assert (difference.totals()["refused"], difference.totals()["moved"]) == (refused, 1 - refused)


# --- Problems -------------------------------------------------------------------------------------------------------


def test_a_problem_that_only_wanders_to_another_line_is_no_new_one() -> None:
    before = acme("{name: vision, displayName: Vi-sion}")
    after = acme("{name: alpha}", "{name: vision, displayName: Vi-sion}")
    difference = compared(before, after)
    assert (difference.introduced, difference.fixed, codes(list(difference.kept))) == ((), (), ["PAI008"])
    assert difference.kept[0].where[0] == after.location("tenant", "projects", 1, "displayName")


def test_a_problem_that_is_there_once_more_is_introduced_once() -> None:
    def with_diagnostics(number: int) -> Workspace:
        here = (Diagnostic("PAI014", "same", "Mend it.", (SourceLocation("x.yaml", line),)) for line in range(number))
        return Workspace(diagnostics=tuple(here))

    difference = difference_between(with_diagnostics(2), with_diagnostics(3))
    assert [len(each) for each in (difference.introduced, difference.fixed, difference.kept)] == [1, 0, 2]
    assert not difference.is_empty


def test_a_fixed_problem_is_told() -> None:
    difference = compared(acme("{name: vision, displayName: Vi-sion}"), BEFORE)
    assert (codes(list(difference.fixed)), difference.introduced) == (["PAI008"], ())


def test_what_an_error_was_found_in_is_not_shown() -> None:
    difference = compared(BEFORE, acme("{name: vision, displayName: K-3-Y}"))
    assert fields_of(difference, "Project/vision/vision") == {"spec.displayName": ("Vision", Redacted.HIDDEN)}
    assert "K-3-Y" not in repr(difference)


def test_a_host_that_is_refused_is_not_shown() -> None:
    difference = rebound(sealed("AAAA", hostUrl="https://user:K3Y@p.example"))
    assert "K3Y" not in repr(difference)
    (change,) = difference.integrations
    assert change.fields[0].after is Redacted.HIDDEN


@pytest.mark.parametrize("swapped", [False, True])
def test_what_could_not_be_read_on_one_side_is_not_compared(swapped: bool) -> None:
    whole, broken = workspace(BEFORE), Workspace(unreadable=("acme.dev",))
    difference = difference_between(*((whole, broken) if swapped else (broken, whole)))
    assert difference.uncompared == ("acme.dev",)
    assert (difference.objects, difference.stacks, difference.unchanged) == ((), (), 0)
    assert not difference.is_empty


def test_what_was_left_out_of_a_file_does_not_look_removed() -> None:
    partly = acme(VISION, "{name: lab, displayName: [x]}")
    assert not partly.is_complete
    difference = compared(acme(VISION, "{name: lab}"), partly)
    assert (difference.uncompared, difference.objects) == (("acme.dev",), ())
    assert codes(list(difference.introduced)) == ["PAI012"]


def test_of_a_stack_that_declares_nothing_there_is_nothing_to_tell() -> None:
    nothing = Stack("acme.dev")
    assert object_changes([(nothing, nothing, (True, True))]) == []
    assert list(integration_changes(nothing, nothing, (True, True))) == []
    assert list(source_changes(nothing, nothing)) == []
    assert list(removal_changes(nothing, nothing)) == []
    assert list(moves_between([nothing], [nothing])) == []


def test_the_context_in_the_defaults_is_a_stacks_own() -> None:
    def with_defaults(context: str) -> Stack:
        text = f"name: paletteai\nconfig: {{'kubernetes:context': {context}}}"
        project = PulumiProject(Path("Pulumi.yaml"), document_from(text.encode(), "Pulumi.yaml"))
        own = document_from(
            b"config: {'paletteai:tenant': {name: acme}, 'paletteai:cluster': c}", "Pulumi.acme.dev.yaml"
        )
        return stack_from_document(own, project)

    (change,) = compared(with_defaults("{value: a}"), with_defaults("b")).stacks
    assert change.fields == (FieldChange(FieldPath(("kubernetes:context",)), "a", "b"),)


# --- Fields ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": [1]}, {"a": [True]}, [("a", [1], [True])]),
        ({"a": None}, {}, [("a", None, Redacted.ABSENT)]),
        ({"a": {}}, {}, [("a", {}, Redacted.ABSENT)]),
        ({"a": {"b": {"c": 1}}}, {}, [("a.b.c", 1, Redacted.ABSENT)]),
        ({"a": {"b": 1}}, {"a": "x"}, [("a", {"b": 1}, "x")]),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"c": 2, "b": 1}]}, []),
    ],
)
def test_fields_are_compared_as_an_api_server_reads_them(before: Any, after: Any, expected: list[Any]) -> None:
    assert [(str(each.path), each.before, each.after) for each in field_changes(before, after)] == expected


X, Y = {"type": "x", "a": 1}, {"type": "y"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([X, Y], [X, Y], []),
        ([X, Y], [{**X, "a": 2}, Y], [("l[type=x].a", 1, 2)]),
        ([X], [Y, X], [("l[type=y].type", Redacted.ABSENT, "y")]),
        ([X], [], [("l[type=x].type", "x", Redacted.ABSENT), ("l[type=x].a", 1, Redacted.ABSENT)]),
        # Where not every element has a selector of its own, and where the order changes, the list is told.
        ([X, Y], [Y, X], [("l", [X, Y], [Y, X])]),
        ([X], [X, X], [("l", [X], [X, X])]),
        ([X], [X, {"a": 1}], [("l", [X], [X, {"a": 1}])]),
        ([X], {"x": 1}, [("l", [X], {"x": 1})]),
        (Redacted.ABSENT, [], [("l", Redacted.ABSENT, [])]),
    ],
)
def test_elements_are_compared_one_by_one(before: Any, after: Any, expected: list[Any]) -> None:
    holders = ({} if each is Redacted.ABSENT else {"l": each} for each in (before, after))
    changes = field_changes(*holders, lists={FieldPath(("l",)): "type"})
    assert [(str(each.path), each.before, each.after) for each in changes] == expected


# --- Laws -----------------------------------------------------------------------------------------------------------


Leaves = dict[tuple[Step, ...], str]
Rendered = tuple[str, str, Leaves]


def rendered(workspace: Workspace) -> list[Rendered]:
    """Every object that is rendered: its stack, its reference and its leaves."""

    def leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                yield from leaves(inner, (*path, key))
        else:
            yield path, json.dumps(value, sort_keys=True)

    return [
        (stack.name, each.reference, dict(leaves(each.manifest)))
        for stack in workspace.stacks
        if stack.plan
        for each in objects_of(stack.plan, stack.api)
    ]


def once(objects: list[Rendered]) -> dict[tuple[str, str], Leaves]:
    """The objects that one stack declares once."""
    numbers = Counter(key[:2] for key in objects)
    return {(stack, reference): leaves for stack, reference, leaves in objects if numbers[stack, reference] == 1}


def pairs_of(files: st.SearchStrategy[Files]) -> st.SearchStrategy[tuple[Workspace, Workspace]]:
    """Two workspaces that have files in common."""

    def mixed(drawn: tuple[Files, Files, list[bool]]) -> tuple[Workspace, Workspace]:
        before, other, kept = drawn
        after = dict(other)
        for (name, file), keep in zip(before.items(), kept, strict=False):
            if keep:
                after[name] = file
        return workspace_of(before)[0], workspace_of(dict(sorted(after.items())))[0]

    return st.tuples(files, files, st.lists(st.booleans(), min_size=4, max_size=4)).map(mixed)


PAIRS = st.one_of(pairs_of(workspaces()), pairs_of(sound_workspaces()))


@given(PAIRS.map(itemgetter(0)))
def test_a_fleet_does_not_differ_from_itself(workspace: Workspace) -> None:
    difference = difference_between(workspace, workspace)
    assert difference.is_empty
    assert difference.unchanged == len(workspace.stacks)
    assert list(difference.kept) == diagnostics_of(workspace)
    again = Workspace(tuple(replace(stack) for stack in workspace.stacks))
    assert difference_between(workspace, again) == difference


@given(PAIRS)
@example((workspace(acme()), workspace(acme("{name: tenant-acme}", more="namespace: other"))))
@example((workspace(acme("{name: tenant-acme}", more="namespace: other")), workspace(acme())))
def test_a_difference_keeps_to_its_laws(pair: tuple[Workspace, Workspace]) -> None:
    difference = difference_between(*pair)
    what_one_way_creates_the_other_way_deletes(difference, difference_between(*reversed(pair)))
    before, after = map(rendered, pair)
    every_object_is_accounted_for(difference, before, after)
    the_changed_fields_are_those_of_the_manifests(difference, once(before), once(after))
    totals = difference.totals()
    assert sum(totals[each] for each in Outcome) - len(difference.refused) == len(difference.objects)
    said = repr(replace(difference, introduced=(), fixed=(), kept=()))
    assert "v1:" not in said
    assert "pai1:" not in said


def what_one_way_creates_the_other_way_deletes(there: Difference, back: Difference) -> None:

    def references(difference: Difference, action: Action) -> Counter[tuple[str, str, str]]:
        return Counter((each.stack, each.cluster, each.reference) for each in difference.objects_that_are(action))

    assert references(there, Action.CREATED) == references(back, Action.DELETED)
    assert references(there, Action.DELETED) == references(back, Action.CREATED)
    substance = [[(each.code, each.message) for each in side] for side in (there.introduced, back.fixed)]
    assert sorted(substance[0]) == sorted(substance[1])
    assert there.uncompared == back.uncompared == ()


def every_object_is_accounted_for(difference: Difference, before: list[Rendered], after: list[Rendered]) -> None:
    objects = Counter((stack, reference) for stack, reference, _ in before)
    for change in difference.objects:
        if change.action is not Action.CREATED:
            objects[change.former_stack or change.stack, change.former_reference or change.reference] -= 1
        if change.action is not Action.DELETED:
            objects[change.stack, change.reference] += 1
    assert +objects == Counter((stack, reference) for stack, reference, _ in after)
    assert min(objects.values(), default=0) >= 0


def the_changed_fields_are_those_of_the_manifests(
    difference: Difference, before: dict[tuple[str, str], Leaves], after: dict[tuple[str, str], Leaves]
) -> None:
    changes = {(each.stack, each.reference): each for each in difference.objects}
    # What a replaced object was called, another may be called now: that one is created, or the other way round deleted.
    replaced = difference.objects_that_are(Action.REPLACED)
    passed_on = {(each.stack, name) for each in replaced for name in (each.reference, each.former_reference or "")}
    for key in (before.keys() & after.keys()) - passed_on:
        old, new = before[key], after[key]
        differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
        change = changes.get(key)
        assert change is None or change.action is Action.CHANGED
        told = {each.path.steps: each for each in change.fields} if change else {}
        # Where a field becomes an object, the fields in it are not told one by one.
        assert {path for path in differing if not any(path[: len(each)] == each for each in told)} == set()
        assert all(any(path[: len(each)] == each for path in differing) for each in told)
        for path, each in told.items():
            for value, leaves in ((each.before, old), (each.after, new)):
                if not isinstance(value, Redacted) and path in leaves:
                    assert json.dumps(value, sort_keys=True) == leaves[path]
                assert (value is Redacted.ABSENT) == (not any(leaf[: len(path)] == path for leaf in leaves))


@pytest.mark.parametrize(
    ("removal", "imports", "outcome"),
    [
        ("refuse", "", Outcome.REFUSED),
        ("delete", "", Outcome.REFUSED),
        ("delete", "[Namespace/vision, Project/vision/vision]", Outcome.DELETED),
        ("retain", "", Outcome.REPLACED),
    ],
)
def test_an_object_with_another_name_in_pulumi_is_created_before_it_is_deleted(
    removal: str, imports: str, outcome: Outcome
) -> None:
    taken = f"importIds: {imports}" if imports else "displayName: Vision"
    before = acme("{name: vision}", more=f"onRemoval: {removal}")
    after = acme(f"{{name: vision, {taken}}}", more=f"onRemoval: {removal}", name="beta.dev")
    difference = compared(before, replace(after, name="acme.dev"))
    outcomes = {each.reference: each.outcome for each in difference.objects_that_are(*Action)}
    assert outcomes["Namespace/vision"] == outcomes["Project/vision/vision"] == outcome

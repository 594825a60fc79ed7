"""Whatever a stack declares: the program registers all of it as `render` prints it, or nothing.

And whatever it declared before: no credential is in two places at any moment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.programs import KEY, deployment, leaks, refused, rendered
from support.recording import Recording, Registered, without_data
from support.topologies import declarations, sound_stacks, stack_of

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION

# Programs take longer than rules.
EXAMPLES = settings.default.max_examples if settings.default else 0

_MORE = {
    "namespace": st.just("dev-tenant"),
    "roleMapping": st.just({"admin": ["admins"]}),
    "annotations": st.just({"example.com/tier": "one"}),
}
_API = {"paletteai:apiVersion": st.just("spectrocloud.com/v1beta1")}


@st.composite
def right(draw: st.DrawFn, least: int = 0) -> dict[str, Any]:
    """What a stack file says in which nothing is wrong. Two large ones mostly share credentials."""
    config: dict[str, Any] = draw(sound_stacks(least))["config"]
    for integration in config["paletteai:integrations"].values():
        # Those that are drawn are of no key.
        integration.pop("fingerprint", None)
    config["paletteai:tenant"] |= {"name": "acme", **draw(st.fixed_dictionaries({}, optional=_MORE))}
    return {**config, **draw(st.fixed_dictionaries({}, optional=_API))}


@pytest.fixture(scope="module")
def no_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without neighbours."""
    return tmp_path_factory.mktemp("stacks")


def check(recording: Recording, declared: dict[str, Any]) -> None:
    """What is registered is what `render` prints, each object once, and goes away in the right order."""
    stack, _ = stack_of("acme.dev", {"config": declared})
    assert {each.ref: without_data(each) for each in recording.objects} == rendered(stack)
    assert len(recording.objects) == len({each.ref for each in recording.objects})
    for name, output in recording.exports.items():
        assert "None" not in repr(output)
        assert ("urn:pulumi:" in repr(output)) <= (name == "lastDeployment")
    position = {urn: at for at, urns in enumerate(recording.deletions()) for urn in urns}

    def all_of(kind: str) -> list[Registered]:
        return [each for each in recording.objects if each.kind == kind]

    of_the_tenant = [each for each in all_of("Settings") if "$paletteai:index:Project$" not in each.urn]
    for tenant in all_of("Tenant"):
        assert all(position[each.urn] < position[tenant.urn] for each in all_of("Project"))
        assert all(position[tenant.urn] < position[each.urn] for each in of_the_tenant)
    for secret in all_of("Secret"):
        assert position[recording.object("Settings", secret.name).urn] < position[secret.urn]


@settings(max_examples=EXAMPLES // 8)
@given(right(), st.booleans())
def test_whatever_is_right_is_registered_as_render_prints_it(
    no_files: Path, declared: dict[str, Any], preview: bool
) -> None:
    recording = deployment(no_files, declared, preview=preview)
    assert recording.error is None
    check(recording, declared)
    assert leaks(recording.in_the_open(), KEY) == []


@settings(max_examples=EXAMPLES // 5)
@given(declarations())
def test_whatever_is_declared_is_registered_as_render_prints_it_or_not_at_all(
    no_files: Path, file: dict[str, Any]
) -> None:
    recording = deployment(no_files, file["config"])
    if recording.error is None:
        check(recording, file["config"])
    else:
        assert refused(recording)
    assert leaks(recording.in_the_open(), KEY) == []


@settings(max_examples=EXAMPLES // 40)
@given(right())
def test_whatever_is_deployed_again_is_the_same_again(no_files: Path, declared: dict[str, Any]) -> None:
    first = deployment(no_files, declared)
    again = deployment(no_files, declared, outputs=first.exports)
    assert again.error is None
    assert {each.urn: each for each in again.resources} == {each.urn: each for each in first.resources}


def by_credential(recording: Recording) -> dict[str, Registered]:
    """The Settings of each credential."""
    settings_ = [each for each in recording.objects if each.kind == "Settings"]
    told = [each.inputs["metadata"].get("annotations", {}) for each in settings_]
    return {
        annotations.get(FINGERPRINT_ANNOTATION) or annotations[CREDENTIAL_ANNOTATION]: each
        for each, annotations in zip(settings_, told, strict=True)
    }


@settings(max_examples=EXAMPLES // 8)
@given(right(least=2), right(least=2))
def test_whatever_was_declared_before_no_credential_is_in_two_places_at_any_moment(
    no_files: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    first = deployment(no_files, before)
    second = deployment(no_files, after, outputs=first.exports)
    if second.error is not None:
        event("refused")
        assert set(refused(second)) == {"PAI003"}
        assert "two deployments" in str(second.error)
        return
    was, is_now, continued = by_credential(first), by_credential(second), second.continued(first)
    moved = [credential_ for credential_ in was.keys() & is_now if was[credential_].ref != is_now[credential_].ref]
    event(f"{len(moved)} moved")
    for credential_ in was.keys() & is_now:
        # Known for the same resource, it is changed in place, or deleted before it is made anew.
        assert continued.get(is_now[credential_].urn) == was[credential_].urn
        assert is_now[credential_].delete_before_replace
    assert len(set(continued.values())) == len(continued)

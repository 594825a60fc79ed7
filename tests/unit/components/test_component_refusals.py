"""What is wrong in a program is refused with the rule's code, and nothing of it is registered."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pulumi
import pytest
from support.programs import KEY, acme, another, credential, output
from support.recording import Recording, run

from paletteai_components import (
    DeclarationError,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    SecretReferenceArgs,
    SettingsArgs,
    Tenant,
    TenantArgs,
    TenantReference,
    TenantReferenceArgs,
)

Wrong = Callable[[Tenant], object]


def base() -> Tenant:
    """What every wrong thing is declared beside: the tenant acme with two Settings and the project vision."""
    shared, edge = credential(), another("edge")
    settings = {"default": SettingsArgs(palette=shared), "edge": SettingsArgs(palette=edge)}
    tenant = acme(settings=settings, namespace="dev-tenant")
    Project("acme.vision", ProjectArgs(tenant=tenant, name="vision"))
    return tenant


def project(tenant: Any, name: Any = "lab", **fields: Any) -> Project:
    """A project of the tenant."""
    return Project(f"acme.{name}", ProjectArgs(tenant=tenant, name=name, **fields))


def own(given: Any, **fields: Any) -> SettingsArgs:
    """Settings with a credential."""
    return SettingsArgs(palette=given, **fields)


def added(tenant: Any, name: Any = "lab", given: Any = None, **fields: Any) -> PaletteIntegration:
    """An integration that is added to the tenant."""
    given = another("lab") if given is None else given
    return PaletteIntegration(
        "acme.added", PaletteIntegrationArgs(tenant=tenant, name=name, credential=given, **fields)
    )


def beta(**fields: Any) -> Tenant:
    """Another tenant."""
    return Tenant("beta", TenantArgs(**{"name": "beta", **fields}))


def two(**fields: Any) -> dict[str, SettingsArgs]:
    """Two Settings whose credentials differ in their handles only."""
    return {name: own(credential(name, "Key-0f-two-of-the-2nd-mine", **fields)) for name in ("one", "two")}


def same_output() -> dict[str, SettingsArgs]:
    """Two Settings whose credentials have one Output as their key."""
    key = pulumi.Output.secret("Key-0f-two-of-the-2nd-mine")
    return {name: own(credential(name, key)) for name in ("one", "two")}


def existing(name: str, secret: str, said: str | None = None) -> Any:
    """A credential in a Secret of somebody else."""
    nothing = {"host_url": None, "tenant": None, "default_project_id": None}
    return credential(name, None, existing_secret=secret, credential=said, **nothing)


def bound_twice_by_handle(tenant: Tenant) -> object:
    handle = another("handle")
    return beta(settings={"one": own(handle), "two": own(handle)})


def bound_by_two_components(_: Tenant) -> object:
    handle = another("handle")
    other = beta(settings={"default": own(handle)})
    return project(other, "second", settings=own(handle))


REFUSED: dict[str, tuple[Wrong, list[str]]] = {
    # What is bound twice
    "one handle, in one component": (bound_twice_by_handle, ["PAI001"]),
    "one key under two handles": (lambda _: beta(settings=two()), ["PAI003"]),
    "one key under two handles, one host written in two ways": (
        lambda tenant: project(
            tenant, settings=own(credential("x", KEY, host_url="https://API.spectrocloud.com:443/"))
        ),
        ["PAI003"],
    ),
    "one key as another tenant's": (lambda _: beta(settings={"default": own(credential("x", KEY))}), ["PAI003"]),
    "one Output under two handles": (lambda _: beta(settings=same_output()), ["PAI003"]),
    "one existing credential under two names": (
        lambda _: beta(
            settings={"a": own(existing("a", "s-a", "vault://x")), "b": own(existing("b", "s-b", "vault://x"))}
        ),
        ["PAI003"],
    ),
    "one Secret for two Settings": (lambda tenant: added(tenant, secret_name="default-palette"), ["PAI002"]),
    "one existing Secret for two Settings": (
        lambda _: beta(settings={"a": own(existing("a", "s", "a")), "b": own(existing("b", "s", "b"))}),
        ["PAI002"],
    ),
    "a Secret of another integration": (
        lambda tenant: added(tenant, nvidia=SecretReferenceArgs("edge-palette")),
        ["PAI002"],
    ),
    "an existing Secret of another namespace": (
        lambda tenant: project(tenant, settings=own(existing("x", "dev-tenant/x", "x"))),
        ["PAI002"],
    ),
    # What exists twice
    "a project twice": (lambda tenant: Project("other", ProjectArgs(tenant=tenant, name="vision")), ["PAI006"]),
    "a project twice, under one logical name": (lambda tenant: project(tenant, "vision"), ["PAI006"]),
    "a project called like a tenant's namespace": (lambda tenant: project(tenant, "dev-tenant"), ["PAI006"]),
    "a tenant twice": (lambda _: Tenant("other", TenantArgs(name="acme", namespace="other")), ["PAI006"]),
    "a tenant in another one's namespace": (lambda _: beta(namespace="dev-tenant"), ["PAI006"]),
    "an integration called like Settings of the tenant": (lambda tenant: added(tenant, "edge"), ["PAI006"]),
    # What resolves to nothing, or to something all the same
    "a shared cluster only, and a fallback": (lambda tenant: project(tenant, shared_cluster_only=True), ["PAI013"]),
    "a reference to nothing": (lambda tenant: project(tenant, settings_ref="nowhere"), ["PAI005"]),
    "a reference beside Settings of its own": (
        lambda tenant: project(tenant, settings_ref="edge", settings=own(another("x"))),
        ["PAI005"],
    ),
    "a tenant whose default is nowhere": (lambda _: beta(settings_ref="nowhere"), ["PAI005"]),
    # Names
    "a label that is another's": (lambda tenant: project(tenant, labels={"palette.ai/tenant": "x"}), ["PAI007"]),
    "a display name with more than letters": (lambda tenant: project(tenant, display_name="Lab-1!"), ["PAI008"]),
    "everything at once": (
        lambda _: beta(namespace="kube-system", settings={"x": own(another("x", host_url="http://x", tenant=""))}),
        ["PAI007", "PAI009", "PAI009"],
    ),
    # Credentials
    "a credential without a key": (lambda tenant: added(tenant, given=credential(api_key=None)), ["PAI009"]),
    "a placeholder": (lambda tenant: added(tenant, given=credential("x", "CHANGE_ME")), ["PAI009"]),
    # Values that are no plain values, or of another type
    "an Output as a project's name": (lambda tenant: project(tenant, output("lab")), ["PAI012"]),
    "a dictionary with a field that args do not have": (
        lambda _: Tenant("beta", {"name": "beta", "displayName": "Beta"}),  # type: ignore[arg-type]
        ["PAI012"],
    ),
}

# These declare something right before they declare what is wrong.
REFUSED_LATER: dict[str, tuple[Wrong, list[str]]] = {
    "one handle, in two components": (bound_by_two_components, ["PAI001"]),
    "a project of two tenants": (lambda tenant: project(beta(shared_cluster_only=True), "vision"), ["PAI006"]),
    "an integration called like the default Settings": (
        lambda _: added(beta(shared_cluster_only=True), "default"),
        ["PAI006"],
    ),
    "an integration called like Settings made elsewhere": (
        lambda _: added(TenantReference("beta", TenantReferenceArgs(name="beta", existing_settings=["x"])), "x"),
        ["PAI006"],
    ),
    "a project without a fallback": (lambda _: project(beta()), ["PAI004"]),
    "a project whose own Settings are empty, without a fallback": (
        lambda _: project(beta(merged_settings=False), settings=SettingsArgs()),
        ["PAI004"],
    ),
    "a shared cluster only, and Settings of its own": (
        lambda _: project(beta(), settings=own(another("x")), shared_cluster_only=True),
        ["PAI013"],
    ),
    "a reference to Settings of another tenant": (
        lambda tenant: project(tenant, settings_ref=beta(settings={"edge": own(another("x"))}).integrations["edge"]),
        ["PAI005"],
    ),
}


@cache
def alone() -> Recording:
    return run(base)


@cache
def refusals() -> tuple[dict[str, DeclarationError], Recording]:
    """What each wrong thing raises, all of them in one program, and what that registers."""
    raised: dict[str, DeclarationError] = {}

    def program() -> None:
        tenant = base()
        for name, (wrong, _) in REFUSED.items():
            with pytest.raises(DeclarationError) as error:
                wrong(tenant)
            raised[name] = error.value

    return raised, run(program)


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_wrong_is_refused_with_its_code(name: str) -> None:
    raised, _ = refusals()
    assert [diagnostic.code for diagnostic in raised[name].diagnostics] == REFUSED[name][1]
    assert str(raised[name]).count("error PAI") == len(REFUSED[name][1])
    assert "none of it was registered" in str(raised[name])
    assert isinstance(raised[name], pulumi.RunError)


def test_nothing_of_what_is_refused_is_registered() -> None:
    _, recording = refusals()
    assert {each.urn: each for each in recording.resources} == {each.urn: each for each in alone().resources}
    assert recording.outputs == alone().outputs


@pytest.mark.parametrize("name", list(REFUSED_LATER))
def test_what_is_wrong_beside_something_right_is_refused_with_its_code(name: str) -> None:
    wrong, codes = REFUSED_LATER[name]
    raised: list[DeclarationError] = []

    def program() -> None:
        tenant = base()
        with pytest.raises(DeclarationError) as error:
            wrong(tenant)
        raised.append(error.value)

    recording = run(program)
    assert [diagnostic.code for diagnostic in raised[0].diagnostics] == codes
    more = {each.urn for each in recording.resources} - {each.urn for each in alone().resources}
    assert all("::beta" in urn for urn in more)

"""Identity: what Pulumi calls a resource, as docs/names.md lists it."""

from __future__ import annotations

import pytest

from paletteai_components.model.identity import (
    INTEGRATION,
    PROJECT,
    SECRET,
    TENANT,
    below_the_tenant,
    child_urn,
    component_urn,
    is_object_type,
    kind_of,
    logical_name,
    name_of,
    object_type,
    of_kind,
)

STACK = "urn:pulumi:acme.dev::paletteai::"
COMPONENT = f"{STACK}{TENANT}${PROJECT}${INTEGRATION}::acme.lab.default"


def test_a_logical_name_is_the_owners_with_dots_between_them() -> None:
    assert logical_name("acme") == "acme"
    assert logical_name("acme", "lab", "default") == "acme.lab.default"
    assert logical_name(logical_name("acme", "lab"), "default") == "acme.lab.default"
    assert below_the_tenant("acme.lab.default") == ("lab", "default")
    assert below_the_tenant("acme") == ()


def test_a_urn_is_read_as_pulumi_writes_it() -> None:
    assert (kind_of(COMPONENT), name_of(COMPONENT)) == ("PaletteIntegration", "acme.lab.default")
    odd = f"{STACK}{TENANT}::a::b$c:d"
    assert (kind_of(odd), name_of(odd)) == ("Tenant", "a::b$c:d")
    assert of_kind([COMPONENT, odd], "PaletteIntegration") == [COMPONENT]


@pytest.mark.parametrize("text", ["", "x", "a::b", "a::b::c"])
def test_what_is_no_urn_has_neither_kind_nor_name(text: str) -> None:
    assert (kind_of(text), name_of(text), component_urn(text)) == ("", "", None)


def test_an_object_below_a_component_has_its_name() -> None:
    secret = child_urn(COMPONENT, SECRET)
    assert secret == f"{STACK}{TENANT}${PROJECT}${INTEGRATION}$kubernetes:core/v1:Secret::acme.lab.default"
    assert component_urn(secret) == COMPONENT
    assert component_urn(f"{STACK}{SECRET}::alone") is None


def test_a_type_of_kubernetes_has_its_api_version() -> None:
    assert object_type("spectrocloud.com/v1alpha1", "Tenant") == "kubernetes:spectrocloud.com/v1alpha1:Tenant"
    assert is_object_type(SECRET)
    assert not is_object_type(TENANT)
    assert not is_object_type("pulumi:providers:kubernetes")

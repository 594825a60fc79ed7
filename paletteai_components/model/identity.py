"""Identity: what Pulumi calls a resource. Its logical name, its type and its URN are made and read only here.

docs/names.md lists them, and is the interface: Pulumi takes a resource of another name for another
resource, so a change here replaces objects on clusters.
"""

from __future__ import annotations

from collections.abc import Iterable

TENANT = "paletteai:index:Tenant"
PROJECT = "paletteai:index:Project"
INTEGRATION = "paletteai:index:PaletteIntegration"

_KUBERNETES = "kubernetes:"


def logical_name(*owners: str) -> str:
    """The name of what the last of these is, below those it belongs to, for example ``acme.vision.default``."""
    return ".".join(owners)


def below_the_tenant(name: str) -> tuple[str, ...]:
    """The owners in a logical name without the Tenant, for example ``("vision", "default")``."""
    return tuple(name.split(".")[1:])


def object_type(api_version: str, kind: str) -> str:
    """The type of a Kubernetes object. The API version of a Secret or Namespace is ``core/v1`` to Pulumi."""
    return f"{_KUBERNETES}{api_version}:{kind}"


def is_object_type(type_: str) -> bool:
    """Whether a type is that of a Kubernetes object."""
    return type_.startswith(_KUBERNETES)


SECRET = object_type("core/v1", "Secret")


def kind_of(urn: str) -> str:
    """The kind of a resource, for example ``Namespace``; of a component its own. Empty for what is no URN."""
    return _parts(urn)[0].rpartition(":")[2]


def name_of(urn: str) -> str:
    """The logical name of a resource. Empty for what is no URN."""
    return _parts(urn)[1]


def of_kind(urns: Iterable[str], kind: str) -> list[str]:
    """Those of the URNs that are of resources of a kind."""
    return [urn for urn in urns if kind_of(urn) == kind]


def child_urn(urn: str, type_: str) -> str:
    """The URN of an object below a component, which has the component's logical name."""
    types, name = _parts(urn)
    return _with_types(urn, f"{types}${type_}", name)


def component_urn(urn: str) -> str | None:
    """The URN of the component that an object is below and named after; None where it is below none."""
    types, name = _parts(urn)
    above, below, _ = types.rpartition("$")
    return _with_types(urn, above, name) if below else None


def _parts(urn: str) -> tuple[str, str]:
    """The types, outermost first, and the name, which may have `::` in it."""
    parts = urn.split("::", 3)
    return (parts[2], parts[3]) if len(parts) == 4 else ("", "")


def _with_types(urn: str, types: str, name: str) -> str:
    stack, project, *_ = urn.split("::", 3)
    return "::".join((stack, project, types, name))

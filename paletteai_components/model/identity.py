"""Identity: a resource's logical name, type and URN in Pulumi. Only this module makes and parses them.

docs/names.md lists them. They are an interface: to Pulumi, a resource with another name is another resource, so a
change here replaces objects on clusters.
"""

from __future__ import annotations

from collections.abc import Iterable

TENANT = "paletteai:index:Tenant"
PROJECT = "paletteai:index:Project"
INTEGRATION = "paletteai:index:PaletteIntegration"

_KUBERNETES = "kubernetes:"


def logical_name(*owners: str) -> str:
    """The logical name of the last of the owners, below the others, for example ``acme.vision.default``."""
    return ".".join(owners)


def below_the_tenant(name: str) -> tuple[str, ...]:
    """The owners in a logical name, without the Tenant, for example ``("vision", "default")``."""
    return tuple(name.split(".")[1:])


def object_type(api_version: str, kind: str) -> str:
    """The type of a Kubernetes object. To Pulumi, the API version of a Secret or Namespace is ``core/v1``."""
    return f"{_KUBERNETES}{api_version}:{kind}"


def is_object_type(type_: str) -> bool:
    """Whether a type is the type of a Kubernetes object."""
    return type_.startswith(_KUBERNETES)


SECRET = object_type("core/v1", "Secret")


def kind_of(urn: str) -> str:
    """The kind of an object or component, for example ``Namespace``. Empty if the text is not a URN."""
    return _parts(urn)[0].rpartition(":")[2]


def name_of(urn: str) -> str:
    """The logical name of a resource. Empty if the text is not a URN."""
    return _parts(urn)[1]


def is_below(urn: str, type_: str) -> bool:
    """Whether a resource has a parent of a type, at any height."""
    return type_ in _parts(urn)[0].split("$")[:-1]


def of_kind(urns: Iterable[str], kind: str) -> list[str]:
    """The URNs of the resources of a kind."""
    return [urn for urn in urns if kind_of(urn) == kind]


def child_urn(urn: str, type_: str) -> str:
    """The URN of an object below a component. The two have the same logical name."""
    types, name = _parts(urn)
    return _with_types(urn, f"{types}${type_}", name)


def component_urn(urn: str) -> str | None:
    """The URN of the component that an object is below, or None if it is below no component."""
    types, name = _parts(urn)
    above, below, _ = types.rpartition("$")
    return _with_types(urn, above, name) if below else None


def _parts(urn: str) -> tuple[str, str]:
    """The types, outermost first, and the name, which may contain `::`."""
    parts = urn.split("::", 3)
    return (parts[2], parts[3]) if len(parts) == 4 else ("", "")


def _with_types(urn: str, types: str, name: str) -> str:
    stack, project, _ = urn.split("::", 2)
    return "::".join((stack, project, types, name))

"""A Kubernetes object as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace, Secret

from paletteai_components.components.registry import Registry
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.kube.palette_api import API_VERSION, PaletteApi
from paletteai_components.model.identity import object_type
from paletteai_components.model.spec import OnRemoval

_TAKE_OVER = "pulumi.com/patchForce"


def kubernetes_resource(
    manifest: Manifest, name: str, opts: pulumi.ResourceOptions, api: PaletteApi, import_ids: Collection[str]
) -> pulumi.CustomResource:
    """Registers the resource that writes a manifest. An object whose reference is in `import_ids` is taken over."""
    manifest = Registry.of_this_program().with_outputs(manifest)
    kind: str = manifest["kind"]
    metadata: Any = manifest["metadata"]
    reference = reference_of(manifest)
    if reference in import_ids:
        # The provider knows an object as `name` or `namespace/name`.
        opts.import_ = reference.removeprefix(f"{kind}/")
        # Its creator still owns its fields, and the provider would report a conflict for each one that differs.
        metadata = {**metadata, "annotations": {**metadata.get("annotations", {}), _TAKE_OVER: "true"}}
    if kind == "Namespace":
        return Namespace(name, metadata=metadata, opts=opts)
    if kind == "Secret":
        return Secret(name, metadata=metadata, type=manifest["type"], data=manifest["data"], opts=opts)
    # The API version is part of a URN, so without aliases another version would recreate the object.
    former = {API_VERSION, *api.former_api_versions} - {manifest["apiVersion"]}
    aliases = [pulumi.Alias(type_=object_type(version, kind)) for version in sorted(former)]
    opts.aliases = [*(opts.aliases or []), *aliases]
    return CustomResource(
        name, api_version=manifest["apiVersion"], kind=kind, metadata=metadata, spec=manifest.get("spec"), opts=opts
    )


def removal_options(on_removal: OnRemoval) -> pulumi.ResourceOptions:
    """The options that keep an object that is no longer declared."""
    return pulumi.ResourceOptions(
        # None leaves it to the component, which the program may have protected.
        protect=True if on_removal is OnRemoval.REFUSE else None,
        retain_on_delete=True if on_removal is OnRemoval.RETAIN else None,
    )


def tenant_child_options(tenant: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a component that belongs to a tenant: a child of it, unless the caller gives another parent."""
    own = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=tenant), opts)
    # A child that waits for its complete parent waits for itself. What it needs of the parent comes first anyway.
    if own.parent is tenant and isinstance(own.depends_on, list):
        own.depends_on = [each for each in own.depends_on if each is not tenant]
    return own


def child_options(
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions | None,
    depends_on: list[pulumi.Resource],
    removal: OnRemoval | None = None,
    aliases: Sequence[str | pulumi.Alias] | None = None,
) -> pulumi.ResourceOptions:
    """The options of a component's child.

    A child gets its parent, its dependencies, the component's dependencies and how it may be removed.
    It inherits the provider and the transforms from its parent.
    """
    child = removal_options(removal) if removal is not None else pulumi.ResourceOptions()
    child.parent = parent
    child.aliases = list(aliases or [])
    callers = opts.depends_on if opts is not None else None
    if callers is None:
        child.depends_on = list(depends_on)
    elif isinstance(callers, list | tuple):
        child.depends_on = [*callers, *depends_on]
    elif isinstance(callers, pulumi.Resource):
        child.depends_on = [callers, *depends_on]
    else:
        output: pulumi.Output[Any] = pulumi.Output.from_input(callers)
        child.depends_on = output.apply(
            lambda value: [*(value if isinstance(value, list | tuple) else [value]), *depends_on]
        )
    return child

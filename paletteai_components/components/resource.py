"""A Kubernetes object as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace, Secret

from paletteai_components.components.registry import Ledger
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.kube.palette_api import API_VERSION, Vendor
from paletteai_components.model.identity import object_type
from paletteai_components.model.spec import OnRemoval

_TAKE_OVER = "pulumi.com/patchForce"


def kubernetes_resource(
    manifest: Manifest, name: str, opts: pulumi.ResourceOptions, vendor: Vendor, import_ids: Collection[str]
) -> pulumi.CustomResource:
    """The resource that writes a manifest. It takes over an object whose reference `import_ids` lists."""
    manifest = Ledger.of_this_program().with_outputs(manifest)
    kind: str = manifest["kind"]
    metadata: Any = manifest["metadata"]
    reference = reference_of(manifest)
    if reference in import_ids:
        # The provider knows an object as `name` or `namespace/name`.
        opts.import_ = reference.removeprefix(f"{kind}/")
        # Whoever made it still owns its fields; the provider would report a conflict for each that differs.
        metadata = {**metadata, "annotations": {**metadata.get("annotations", {}), _TAKE_OVER: "true"}}
    if kind == "Namespace":
        return Namespace(name, metadata=metadata, opts=opts)
    if kind == "Secret":
        return Secret(name, metadata=metadata, type=manifest["type"], data=manifest["data"], opts=opts)
    # A type's version is part of its URN: without aliases another one would recreate the object.
    former = {API_VERSION, *vendor.former_api_versions} - {manifest["apiVersion"]}
    aliases = [pulumi.Alias(type_=object_type(version, kind)) for version in sorted(former)]
    opts.aliases = [*(opts.aliases or []), *aliases]
    return CustomResource(
        name, api_version=manifest["apiVersion"], kind=kind, metadata=metadata, spec=manifest.get("spec"), opts=opts
    )


def removal_options(on_removal: OnRemoval) -> pulumi.ResourceOptions:
    """The options by which an object is kept when it is no longer declared."""
    return pulumi.ResourceOptions(
        # None leaves it to the component, which may be protected by whoever declares it.
        protect=True if on_removal is OnRemoval.REFUSE else None,
        retain_on_delete=True if on_removal is OnRemoval.RETAIN else None,
    )


def of_the_tenant(tenant: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a component that belongs to a tenant: its child, unless it is given another parent."""
    own = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=tenant), opts)
    # A child that waited for the whole of its parent would wait for itself. What it needs of it comes first anyway.
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

    Only what has to reach a child does: its parent, what comes before it, what the caller wants to
    come before the component, and how it may be removed. Provider and transforms come by the parent.
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
        later: pulumi.Output[Any] = pulumi.Output.from_input(callers)
        child.depends_on = later.apply(
            lambda known: [*(known if isinstance(known, list | tuple) else [known]), *depends_on]
        )
    return child

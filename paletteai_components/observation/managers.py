"""Managers: the other tools that manage an object, as its own metadata shows.

What was seen is a label, an annotation, an owner reference or a field manager. What the tool does with such an object
is known from its documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paletteai_components.kube.managed_fields import PULUMI
from paletteai_components.kube.palette_api import API_GROUP
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.kube.manifests import Manifest

_MANAGED_BY = "app.kubernetes.io/managed-by"
_HELM = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_HELM_RELEASE = "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"
_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"
_ARGO_ID, _ARGO_INSTANCE = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"
_TRACKING = frozenset(
    {
        _MANAGED_BY,
        *_HELM,
        *_HELM_RELEASE,
        *_KUSTOMIZATION,
        _ARGO_ID,
        _ARGO_INSTANCE,
        "argocd.argoproj.io/installation-id",
    }
)

_LEAVES_HELM = (
    "Annotate it with `helm.sh/resource-policy: keep` in the chart and upgrade the release. Then remove it from the "
    "chart."
)


@dataclass(frozen=True, slots=True)
class Manager:
    """A tool that manages an object."""

    name: str
    """Its name in messages, for example ``Helm release `apps/acme```."""
    seen: str
    """What shows that, in words."""
    effect: str
    """What the tool does with the object, as a sentence."""
    remedy: str
    """What to do before a stack takes the object over."""


def managers_of(each: ObservedObject, declared: Manifest | None = None) -> Iterator[Manager]:
    """The other tools that manage an object. Not PaletteAI itself, which may own what it has made.

    Args:
        each: The object.
        declared: What a stack declares of it. A label or annotation of the stack shows no other tool.
    """
    yield from _owners(each)
    own = (declared or {}).get("metadata", {})
    labels, annotations = (
        {key: value for key, value in entries.items() if own.get(field, {}).get(key) != value}
        for field, entries in (("labels", each.labels), ("annotations", each.annotations))
    )
    if _HELM_RELEASE[0] in labels:
        yield Manager(
            f"HelmRelease {_qualified(labels, _HELM_RELEASE)} of Flux",
            f"the label `{_HELM_RELEASE[0]}`",
            "Each upgrade of the release writes the values of its chart again, and uninstalling it deletes the object.",
            _LEAVES_HELM,
        )
    elif _HELM[0] in annotations:
        yield Manager(
            f"Helm release {_qualified(annotations, _HELM)}",
            f"the annotation `{_HELM[0]}`",
            "`helm upgrade` writes the values of its chart again, and `helm uninstall` deletes the object.",
            _LEAVES_HELM,
        )
    if _KUSTOMIZATION[0] in labels:
        yield Manager(
            f"Kustomization {_qualified(labels, _KUSTOMIZATION)} of Flux",
            f"the label `{_KUSTOMIZATION[0]}`",
            "At every interval, Flux writes the values of its source again. With `prune`, it deletes what is no longer "
            "in the source.",
            "Annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` in the source and let Flux apply that. "
            "Then remove it from the source.",
        )
    yield from _argo(labels, annotations)
    if not _TRACKING.isdisjoint({*labels, *annotations} - {_MANAGED_BY}):
        return
    if tool := labels.get(_MANAGED_BY):
        yield Manager(
            f"`{named(tool)}`",
            f"the label `{_MANAGED_BY}`",
            "If that tool still manages it, it may undo what a stack changes.",
            "Find out whether it does, and take the object out of it first.",
        )


def pulumi_of(each: ObservedObject) -> Manager | None:
    """Pulumi, if its provider wrote fields of an object, for this project or another one."""
    metadata = each.manifest.get("metadata")
    entries: Any = metadata.get("managedFields") if isinstance(metadata, dict) else None
    writers = [str(entry.get("manager")) for entry in entries or () if isinstance(entry, dict)]
    writer = next((name for name in writers if name.startswith(PULUMI)), None)
    if writer is None:
        return None
    return Manager(
        "a Pulumi stack",
        f"the field manager `{named(writer)}`",
        "A stack that has it in its state writes its own values again, and deletes it when it no longer declares it.",
        "If a stack has it, set `retainOnDelete` there and deploy that. Then remove it from that stack's program.",
    )


def is_tracking(key: str) -> bool:
    """Whether a label or annotation is one by which another tool knows what it manages."""
    return key in _TRACKING


def _owners(each: ObservedObject) -> Iterator[Manager]:
    metadata = each.manifest.get("metadata")
    references: Any = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    for owner in references if isinstance(references, list) else ():
        if isinstance(owner, dict) and str(owner.get("apiVersion", "")).partition("/")[0] != API_GROUP:
            name = f"{named(str(owner.get('kind')))} `{named(str(owner.get('name')))}`"
            yield Manager(
                name,
                "an owner reference",
                "Kubernetes deletes the object together with its owner, whose controller may write it again.",
                "Leave it to its owner, or take it away from the owner first.",
            )


def _argo(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Iterator[Manager]:
    tracked = annotations.get(_ARGO_ID)
    application = tracked.partition(":")[0] if tracked else labels.get(_ARGO_INSTANCE)
    if application is None:
        return
    yield Manager(
        f"Application `{named(application)}` of Argo CD",
        f"the annotation `{_ARGO_ID}`" if tracked else f"the label `{_ARGO_INSTANCE}`",
        "A sync writes the manifests of its source again. With pruning, it deletes what is no longer in the source.",
        "Annotate it with `argocd.argoproj.io/sync-options: Prune=false` in the source and sync. Then remove it from "
        "the source, and remove the annotation or label that tracks it.",
    )


def _qualified(entries: Mapping[str, str], keys: tuple[str, str]) -> str:
    name, namespace = (entries.get(key) for key in keys)
    return f"`{named('/'.join(part for part in (namespace, name) if part))}`"

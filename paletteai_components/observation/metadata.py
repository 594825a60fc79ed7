"""Metadata: the labels and annotations of an observed object that a stack file may declare.

What looks like a key is left out, and what would be another value in a file. So is what controllers and other tools
write for their own use: a server-side apply owns only what is declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from paletteai_components.diagnostics import StackFileError
from paletteai_components.observation.managers import is_tracking
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.observation.reading import own_annotations, own_labels
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.redaction import holds_key

# The API server, kubectl, Pulumi, OpenShift and Rancher write these, each for its own use.
_NOTES = (
    "kubernetes.io/metadata.name",
    "kubectl.kubernetes.io/last-applied-configuration",
    "pulumi.com/",
    "openshift.io/sa.scc.",
    "cattle.io/",
    "lifecycle.cattle.io/",
    "authz.management.cattle.io/",
)


class Metadata(NamedTuple):
    """Labels and annotations."""

    labels: dict[str, str]
    annotations: dict[str, str]

    def beyond(self, others: Metadata) -> Metadata:
        """The entries that others do not have."""
        return Metadata(*(_without(*pair) for pair in zip(self, others, strict=True)))

    def over(self, others: Metadata) -> Metadata:
        """All entries of both; where they differ, these."""
        return Metadata({**others.labels, **self.labels}, {**others.annotations, **self.annotations})


def declared_metadata(each: ObservedObject) -> Metadata:
    """The labels and annotations of an object that a stack file may declare."""
    return Metadata(_declarable(own_labels(each)), _declarable(own_annotations(each)))


def shared_metadata(objects: Sequence[ObservedObject]) -> Metadata:
    """The declared labels and annotations that every one of some objects has."""
    first, *rest = map(declared_metadata, objects)
    return Metadata(*(_in_all(*each) for each in zip(first, *rest, strict=True)))


def is_wholly_declared(each: ObservedObject) -> bool:
    """Whether a stack file may declare all labels and annotations of an object that are somebody's."""
    own = (own_labels(each), own_annotations(each))
    return declared_metadata(each) == tuple(
        {key: value for key, value in entries.items() if not is_note(key) and not is_tracking(key)} for entries in own
    )


def is_note(key: str) -> bool:
    """Whether a label or annotation is a note of a program to itself, which says nothing about an object."""
    return key.startswith(_NOTES)


def survives(value: Any, *, is_key: bool = False) -> bool:
    """Whether a scalar is the same after it was written to a stack file and read as Pulumi reads it."""
    if isinstance(value, str) and value.isprintable() and value not in ("", "<<"):
        return True
    written = {value: 0} if is_key else {"value": value}
    try:
        return bool(document_from(yaml_of([written]).encode(), "").value == written)
    except (StackFileError, UnicodeEncodeError):
        return False


def declared_text(text: str | None) -> str | None:
    """A text that a stack file may declare, or None."""
    return text if text is not None and not holds_key(text) and survives(text) else None


def _declarable(entries: Mapping[str, str]) -> dict[str, str]:
    # Pulumi takes the value of `secure` for a ciphertext.
    return {
        key: value
        for key, value in entries.items()
        if key != "secure"
        and not is_note(key)
        and not is_tracking(key)
        and not holds_key(key)
        and not holds_key(value, key)
        and survives(value)
    }


def _in_all(first: Mapping[str, str], *rest: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in rest)}


def _without(entries: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if others.get(key) != value}

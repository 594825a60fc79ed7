"""The change of a field, in a difference, a comparison or a drift. A side without the field has no entry."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from paletteai_components.cli.schema.record import record

Path = list[str | dict[str, str]]


@record
class ChangedField(TypedDict):
    """A field of which the value changes."""

    path: Path
    """The path of the field. `{"type": "palette"}` is the element of a list whose `type` is `palette`."""
    before: NotRequired[Any]
    """The value before. It is missing if there was none, or if it is not shown."""
    after: NotRequired[Any]
    """The value after. It is missing if there is none, or if it is not shown."""
    hidden: NotRequired[list[Literal["before", "after"]]]
    """The sides that have a value which is not shown."""


@record
class DifferingField(TypedDict):
    """A field that differs between two stacks."""

    path: Path
    """The path of the field, as for a change."""
    first: NotRequired[Any]
    """The value in the first stack. It is missing if there is none, or if it is not shown."""
    second: NotRequired[Any]
    """The value in the second stack. It is missing if there is none, or if it is not shown."""
    hidden: NotRequired[list[Literal["first", "second"]]]
    """The sides that have a value which is not shown."""


@record
class DriftedField(TypedDict):
    """A field that is not on the cluster as it is declared."""

    path: Path
    """The path of the field, as for a change."""
    cluster: NotRequired[Any]
    """The value on the cluster. It is missing if there is none, or if it is not shown."""
    declared: NotRequired[Any]
    """The declared value. It is missing if there is none, or if it is not shown."""
    hidden: NotRequired[list[Literal["cluster", "declared"]]]
    """The sides that have a value which is not shown."""

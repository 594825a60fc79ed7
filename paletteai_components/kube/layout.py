"""The layout of the vendor's kinds in real CRDs: which of the fields fit, and where those may be that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from paletteai_components.kube.candidates import Candidate, candidates_of
from paletteai_components.kube.crds import Crds, Version
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.fit import Fit, Judgement, judged
from paletteai_components.kube.palette_api import ASSUMED, FIELDS, KINDS, PaletteApi
from paletteai_components.listing import listed
from paletteai_components.model.planned import IntegrationType
from paletteai_components.redaction import named

_LISTED = 8


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """A field that this package writes, held against the CRD of its kind."""

    name: str
    path: FieldPath
    judgement: Judgement
    candidates: tuple[Candidate, ...] = ()
    """Where it may be, the best first."""

    @property
    def fit(self) -> Fit:
        """Whether it fits."""
        return self.judgement.fit

    @property
    def kind(self) -> str:
        """The kind of its object."""
        return FIELDS[self.name].kind

    @property
    def is_movable(self) -> bool:
        """Whether it can have another path."""
        return self.name in ASSUMED

    @property
    def is_ambiguous(self) -> bool:
        """Whether two candidates are equally good."""
        return len(self.candidates) > 1 and self.candidates[0].score == self.candidates[1].score


@dataclass(frozen=True, slots=True)
class KindLayout:
    """The CRD of a kind."""

    kind: str
    api_version: str | None
    """The version that the fields are held against: the one that the objects are written for, if it is served."""
    served: tuple[str, ...] = ()
    stored: str | None = None
    unjudged: tuple[str, ...] = ()
    """What the CRD requires and was not evaluated."""


@dataclass(frozen=True)
class Layout:
    """Every field that this package writes into the vendor's kinds, held against their CRDs."""

    source: str
    api: PaletteApi
    kinds: tuple[KindLayout, ...]
    fields: tuple[FieldLayout, ...]
    stacks: tuple[str, ...] = ()
    """The stacks whose objects have the fields at these paths."""
    sets: tuple[str, ...] = ()
    """The keys of configuration that these stacks set themselves; none for what the project sets."""

    @property
    def fits(self) -> bool:
        """Whether nothing is known to be wrong. What an open schema takes is not known."""
        return all(each.api_version for each in self.kinds) and all(
            each.fit in {Fit.FITS, Fit.UNKNOWN} for each in self.fields
        )

    @property
    def is_served(self) -> bool:
        """Whether there is a CRD of any of the kinds in its group."""
        return any(each.served or each.stored for each in self.kinds)

    @cached_property
    def found(self) -> Mapping[str, FieldPath]:
        """The best candidate of each field that needs another path."""
        return {each.name: each.candidates[0].path for each in self.fields if each.candidates}

    @cached_property
    def replaced(self) -> dict[str, str]:
        """What `paletteai:vendorFields` has to be: the replacements that are in force, and what was found."""
        known = {name: path for name, path in (self.api.fields or {}).items() if name in ASSUMED}
        return {**known, **{name: str(path) for name, path in self.found.items()}}


def layout_of(crds: Crds, api: PaletteApi, stacks: Iterable[str] = (), sets: Iterable[str] = ()) -> Layout:
    """The fields of the vendor's kinds, held against CRDs.

    Args:
        crds: The CRDs.
        api: The version and the paths.
        stacks: The names of the stacks that are written like this.
        sets: The keys of configuration that they set themselves.
    """
    kinds = tuple(_kind_layout(crds, kind, api.api_version) for kind in KINDS)
    fields: list[FieldLayout] = []
    for each in kinds:
        names = [name for name, field in FIELDS.items() if field.kind == each.kind]
        if each.api_version is None:
            served = listed((f"`{version}`" for version in each.served), _LISTED)
            reason = f"the CRD serves {served or 'no version'}" if each.served or each.stored else "there is no CRD"
            fields += [FieldLayout(name, api.path(name), Judgement(Fit.UNKNOWN, reason)) for name in names]
        else:
            fields += _field_layouts(crds.versions[each.api_version, each.kind], names, api)
    return Layout(crds.source, api, kinds, tuple(fields), tuple(stacks), tuple(sets))


def _kind_layout(crds: Crds, kind: str, api_version: str) -> KindLayout:
    group = api_version.rpartition("/")[0]
    versions = [
        each for each in crds.versions.values() if each.kind == kind and each.api_version.rpartition("/")[0] == group
    ]
    served = {each.api_version: each for each in versions if each.served}
    stored = next((each.api_version for each in versions if each.stored), None)
    used = served.get(api_version)
    return KindLayout(
        kind,
        used.api_version if used else None,
        tuple(map(named, served)),
        named(stored) if stored else None,
        used.unjudged if used else (),
    )


def _field_layouts(version: Version, names: Sequence[str], api: PaletteApi) -> Iterator[FieldLayout]:
    for name in names:
        path = api.path(name)
        # A Settings has some of the integrations; other objects have all of their fields.
        others = [] if name in ASSUMED else [other for other in names if other != name]
        judgement = judged(version, path, name, {other: api.path(other) for other in others})
        is_sought = name in ASSUMED and judgement.fit not in {Fit.FITS, Fit.NEEDS_MORE}
        candidates = candidates_of(version, IntegrationType(name.partition(".")[2])) if is_sought else ()
        yield FieldLayout(name, path, judgement, tuple(each for each in candidates if each.path != path))

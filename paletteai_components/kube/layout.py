"""The layout of the vendor's kinds in real CRDs: which of the fields fit, and where those may be that do not.

A field fits if an object with it matches the CRD as PAI016 checks it. What a path should be is only a guess, made from
the names and descriptions of the schema: text that names a Secret, near the type of an integration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

from paletteai_components.kube import structural
from paletteai_components.kube.crds import Crds, Version, type_of
from paletteai_components.kube.field_path import FieldPath, Selector, Step
from paletteai_components.kube.palette_api import ASSUMED, FIELDS, KINDS, PaletteApi, fault_of
from paletteai_components.listing import listed
from paletteai_components.model.planned import IntegrationType
from paletteai_components.redaction import holds_key, named

_MOST, _MOST_CHECKED = 5, 50
_LISTED = 8
_LONGEST = 100
_SPEC = FieldPath(("spec",))

# A word of a name: `NGC` and `Key` of `NGCKey`.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRETS, _CREDENTIALS = {"secret", "secrets"}, {"credential", "credentials"}
_REFERENCES = {"name", "ref", "reference"}
# Text with such a name is beside the name of a Secret, or in it.
_BESIDE = {"key", "namespace", "kind", "version", "type", "group", "url", "host", "id", "password", "token", "value"}
# What the name of a field may say besides, when it refers to the Secret of an integration.
_USUAL = _SECRETS | _CREDENTIALS | _REFERENCES | {"api", "key", "auth", "authentication", "access", "token", "existing"}
_TYPE_WORDS = {"palette", "spectro", "cloud", "hugging", "face", "huggingface", "hf", "nvidia", "ngc"}
# A map or a list with such a name may have an entry for each integration, with a name that its schema does not tell.
_CONTAINERS = {"integration", "provider", "credential", "secret", "connection", "service", "account", "registry"}
_KEYS = ("type", "kind", "name", "provider", "integration", "vendor", "service")

_SURE = 5
_NAMED, _GUESSED, _DESCRIBED, _DEPRECATED, _WITHOUT_MORE = 4, 2, 1, -3, 1
_FARTHEST = 3


class Fit(StrEnum):
    """Whether a field fits the CRD."""

    FITS = "fits"
    MISSING = "missing"
    MISMATCH = "mismatch"
    """It is there, with another type or other values."""
    NEEDS_MORE = "needsMore"
    """The CRD requires fields beside it that this package does not write."""
    UNKNOWN = "unknown"
    """The schema is open there, or there is none for this version."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path at which a field may be."""

    path: FieldPath
    is_certain: bool
    """Whether its names say so: both the Secret and the type of the integration. Otherwise it is only plausible."""
    needs: tuple[FieldPath, ...] = ()
    """The fields that the CRD requires beside it."""
    description: str = ""
    """What the CRD says of it, in one line. Empty if that looks like a key."""
    score: int = 0


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """A field that this package writes, held against the CRD of its kind."""

    name: str
    path: FieldPath
    fit: Fit
    reason: str = ""
    """Why it does not fit, in words. It repeats no description, and names nothing that looks like a key."""
    needs: tuple[FieldPath, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """Where it may be, the best first."""

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

    @property
    def fits(self) -> bool:
        """Whether nothing is known to be wrong. What an open schema takes is not known."""
        return all(each.api_version for each in self.kinds) and all(
            each.fit in {Fit.FITS, Fit.UNKNOWN} for each in self.fields
        )

    @cached_property
    def found(self) -> Mapping[str, FieldPath]:
        """The best candidate of each field that needs another path."""
        return {each.name: each.candidates[0].path for each in self.fields if each.candidates}

    @cached_property
    def replaced(self) -> dict[str, str]:
        """What `paletteai:vendorFields` has to be: the replacements that are in force, and what was found."""
        known = {name: path for name, path in (self.api.fields or {}).items() if name in ASSUMED}
        return {**known, **{name: str(path) for name, path in self.found.items()}}


def layout_of(crds: Crds, api: PaletteApi) -> Layout:
    """The fields of the vendor's kinds, held against CRDs."""
    kinds = tuple(_kind_layout(crds, kind, api.api_version) for kind in KINDS)
    fields: list[FieldLayout] = []
    for each in kinds:
        names = [name for name, field in FIELDS.items() if field.kind == each.kind]
        if each.api_version is None:
            served = listed((f"`{version}`" for version in each.served), _LISTED)
            reason = f"the CRD serves {served or 'no version'}" if each.served or each.stored else "there is no CRD"
            fields += [FieldLayout(name, api.path(name), Fit.UNKNOWN, reason) for name in names]
        else:
            fields += _field_layouts(crds.versions[each.api_version, each.kind], names, api)
    return Layout(crds.source, api, kinds, tuple(fields))


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
        fit, reason, needs = _judged(version, path, name, {other: api.path(other) for other in others})
        is_sought = name in ASSUMED and fit not in {Fit.FITS, Fit.NEEDS_MORE}
        candidates = _candidates(version, IntegrationType(name.partition(".")[2])) if is_sought else ()
        yield FieldLayout(name, path, fit, reason, needs, tuple(each for each in candidates if each.path != path))


# Whether a path fits


def _judged(
    version: Version, path: FieldPath, name: str, others: Mapping[str, FieldPath]
) -> tuple[Fit, str, tuple[FieldPath, ...]]:
    """Whether the field of a name fits at a path, in an object with some others: with the reason and what it needs."""
    manifest: dict[str, Any] = {"apiVersion": version.api_version, "kind": version.kind, "metadata": {}}
    for other, its in {**others, name: path}.items():
        its.write(manifest, ["example"] if FIELDS[other].is_list else "example")
    positions = path.positions_in(manifest)
    missing: list[str] = []
    wrong: list[str] = []
    needs: dict[FieldPath, None] = {}
    for error in version.validator.iter_errors(structural.defaulted(manifest, version.schema)):
        depth, wants = len(error.absolute_path), error.validator_value
        here = _written_to(tuple(error.absolute_path), path, positions)
        if here is None:
            continue
        match error.validator:
            case "additionalProperties":
                unknown = error.instance.keys() - error.schema.get("properties", {}).keys()
                inside = _written_at(path, depth)
                missing += [f"there is no `{(here / step).redacted}`" for step in inside if step in unknown]
            case "type":
                wrong.append(f"`{here.redacted}` is of type {' or '.join(wants)}, not {type_of(error.instance)}")
            case "enum":
                allowed = listed((f"`{named(str(each))}`" for each in wants), _LISTED)
                wrong.append(f"`{here.redacted}` is one of {allowed}")
            case "required":
                needs |= {here / each: None for each in wants if each not in error.instance}
            case "anyOf" | "oneOf" | "not":
                wrong.append(f"`{here.redacted}` is restricted with `{error.validator}`")
            case "minProperties" | "minItems":
                wrong.append(f"`{here.redacted}` has to have more entries")
    if missing:
        return Fit.MISSING, missing[0], ()
    if wrong:
        return Fit.MISMATCH, wrong[0], ()
    if _is_open(version.schema, path):
        return Fit.UNKNOWN, "the schema is open there", ()
    if needs:
        paths = listed((f"`{each.redacted}`" for each in needs), _LISTED)
        return Fit.NEEDS_MORE, f"the CRD requires {paths}", tuple(needs)
    return Fit.FITS, "", ()


def _written_to(at: tuple[str | int, ...], path: FieldPath, positions: tuple[str | int, ...]) -> FieldPath | None:
    """The part of a path that leads to a position, or to the key of an element on the way; None for another place."""
    depth = len(at)
    if at == positions[:depth]:
        return FieldPath(path.steps[:depth])
    holder = path.steps[depth - 2] if depth > 1 else None
    if isinstance(holder, Selector) and at == (*positions[: depth - 1], holder.key):
        return FieldPath(path.steps[: depth - 1]) / holder.key
    return None


def _written_at(path: FieldPath, depth: int) -> list[str]:
    """The fields that writing a path puts into the object at a depth: the next name, and the key of an element."""
    names = [step for step in path.steps[depth : depth + 1] if isinstance(step, str)]
    keys = [step.key for step in path.steps[:depth][-1:] if isinstance(step, Selector)]
    return [*names, *keys]


def _is_open(schema: Any, path: FieldPath) -> bool:
    """Whether a path leads through an object that takes any field, to one that its schema does not tell."""
    for step in path.steps:
        if isinstance(step, Selector):
            inner = schema.get("items")
        else:
            inner = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
        if inner is None:
            return True
        schema = inner
    return False


# Where a field may be


@dataclass(frozen=True, slots=True)
class _Text:
    """A text field of a schema, which may be the name of a Secret."""

    path: FieldPath
    descriptions: tuple[str, ...]
    """Those of the objects on the way, and its own at the end."""
    is_guessed: bool
    """Whether the path has a name or a value that the schema does not tell."""


def _candidates(version: Version, wanted: IntegrationType) -> Sequence[Candidate]:
    """The paths at which the name of an integration's Secret may be, the best first."""
    root = version.source.get("properties")
    spec = root.get("spec") if isinstance(root, Mapping) else None
    likely = [
        candidate
        for text in _texts(spec, _Text(_SPEC, (), False), wanted)
        if (candidate := _candidate(text, wanted)) is not None
    ]
    # A schema may have very many, and each takes a while to check.
    best = sorted(likely, key=lambda each: -each.score)[:_MOST_CHECKED]
    found = []
    for each in best:
        fit, _, needs = _judged(version, each.path, f"settings.{wanted}", {})
        if fit not in {Fit.MISSING, Fit.MISMATCH}:
            found.append(replace(each, needs=needs, score=each.score + _WITHOUT_MORE * (not needs)))
    return sorted(found, key=lambda each: -each.score)[:_MOST]


def _texts(node: object, at: _Text, wanted: IntegrationType) -> Iterator[_Text]:
    """The text fields of a schema and of what is in it."""
    if not isinstance(node, Mapping):
        return
    description = node.get("description")
    at = _Text(at.path, (*at.descriptions, description if isinstance(description, str) else ""), at.is_guessed)
    if node.get("type") == "string" and "enum" not in node:
        yield at
    for step, inner, is_guessed in _inner(node, at.path, wanted):
        yield from _texts(inner, _Text(at.path / step, at.descriptions, at.is_guessed or is_guessed), wanted)


def _inner(node: Mapping[str, Any], path: FieldPath, wanted: IntegrationType) -> Iterator[tuple[Step, Any, bool]]:
    """What is in a schema: each with its step, and whether that is a guess."""
    last = path.steps[-1]
    key = last.key if isinstance(last, Selector) else None
    properties, rest, items = (node.get(word) for word in ("properties", "additionalProperties", "items"))
    if isinstance(properties, Mapping):
        yield from ((name, inner, False) for name, inner in properties.items() if name != key)
    if isinstance(rest, Mapping) and _may_hold_integrations(last):
        yield str(wanted), rest, True
    if isinstance(items, Mapping) and isinstance(items.get("properties"), Mapping) and isinstance(last, str):
        selectors = _selectors(items["properties"], node.get(structural.LIST_KEYS), last, wanted)
        # Lists in lists must not multiply.
        most = 1 if path.lists else _MOST
        yield from ((selector, items, is_guessed) for selector, is_guessed in islice(selectors, most))


def _selectors(
    properties: Mapping[str, Any], keys: object, name: str, wanted: IntegrationType
) -> Iterator[tuple[Selector, bool]]:
    """The selectors of a list's element for an integration, each with whether its value is a guess."""
    texts = {
        key: node for key, node in properties.items() if isinstance(node, Mapping) and node.get("type") == "string"
    }
    values = {key: [each for each in node.get("enum", ()) if isinstance(each, str)] for key, node in texts.items()}
    by_type = {key: each for key, each in values.items() if any(map(_types_in, each))}
    if by_type:
        yield from (
            (Selector(key, value), False)
            for key, each in by_type.items()
            for value in each
            if wanted in _types_in(value)
        )
    elif _may_hold_integrations(name):
        usual = [key for key in _KEYS if key in texts and not values[key]]
        by_keys = [key for key in keys if key in usual] if isinstance(keys, list) else usual
        yield from ((Selector(key, str(wanted)), True) for key in by_keys[:1])


def _may_hold_integrations(step: Step) -> bool:
    return isinstance(step, str) and any(
        word in _CONTAINERS or word.removesuffix("s") in _CONTAINERS or word.replace("ies", "y") in _CONTAINERS
        for word in _words(step)
    )


def _candidate(text: _Text, wanted: IntegrationType) -> Candidate | None:
    """The candidate that a text is, or None if nothing says that it names the Secret of the integration."""
    path = text.path
    shown = str(path)
    # Others could not be written, or must not be shown.
    if fault_of(shown) or path.redacted != shown:
        return None
    secret, holder = _secret_evidence(text)
    types, distance = _type_evidence(text, holder, wanted)
    if secret <= 0 or types <= 0:
        return None
    is_deprecated = any("deprecated" in each.lower() for each in text.descriptions[1:])
    away = distance + _foreign_words(path.steps[holder:])
    is_certain = secret >= _SURE and types == _NAMED and not away and not is_deprecated
    score = 2 * (secret + types - away + _DEPRECATED * is_deprecated)
    said = next((each for each in reversed(text.descriptions[-2:]) if each), "")
    return Candidate(path, is_certain, (), _in_one_line(said), score)


def _secret_evidence(text: _Text) -> tuple[int, int]:
    """How much a text looks like the name of a Secret, and the position of the step that says so."""
    steps = text.path.steps
    holder = len(steps) - 1
    words = _words(str(steps[-1]))
    is_reference = bool(words) and (words[-1] in _REFERENCES or "existing" in words)
    if words == ["name"] and isinstance(steps[-2], str):
        holder -= 1
        words = _words(steps[-2])
    elif not words or words[-1] in _BESIDE:
        return 0, holder
    said = " ".join(text.descriptions[holder - len(steps) :]).lower()
    is_said = "secret" in said and ("name" in said or "refer" in said)
    points = 4 if is_said else 0
    if _SECRETS & set(words):
        points = max(points, 6 if is_reference else 3)
    elif _CREDENTIALS & set(words):
        points = max(points, 5 if is_reference else 2)
    elif holder < len(steps) - 1 and words[-1:] and words[-1] in _REFERENCES:
        points = max(points, 2)
    return points, holder


def _type_evidence(text: _Text, holder: int, wanted: IntegrationType) -> tuple[int, int]:
    """How much a text belongs to an integration of a type, and the number of steps in between."""
    for at, step in reversed(list(enumerate(text.path.steps))):
        types = _types_in(step.value if isinstance(step, Selector) else step)
        if types:
            between = sum(bool(_foreign_words([each])) for each in text.path.steps[at + 1 : holder])
            # Of a type that is named twice, the nearer one counts: `paletteIntegrations.nvidia`.
            points = (_GUESSED if text.is_guessed else _NAMED) if wanted in types else 0
            return points, min(between, _FARTHEST)
    is_described = any(wanted in _types_in(each) for each in text.descriptions[1:])
    return (_DESCRIBED, 0) if is_described else (0, 0)


def _foreign_words(steps: Sequence[Step]) -> int:
    """The words of names that tell of another Secret, as in `caSecretRef` and `imagePullSecret`."""
    return sum(word not in _USUAL | _TYPE_WORDS for step in steps if isinstance(step, str) for word in _words(step))


def _types_in(text: str) -> frozenset[IntegrationType]:
    """The types of integration that a name or a description mentions."""
    words = _words(text)
    joined = "".join(words)
    found = {
        # The vendor's product is PaletteAI.
        IntegrationType.PALETTE: "spectrocloud" in joined
        or any(
            word.startswith("palette") and not word.startswith("paletteai") and (word, after) != ("palette", "ai")
            for word, after in pairwise([*words, ""])
        ),
        IntegrationType.HUGGING_FACE: "huggingface" in joined or "hf" in words,
        IntegrationType.NVIDIA: "nvidia" in joined or any(word.startswith("ngc") for word in words),
    }
    return frozenset(each for each, is_in in found.items() if is_in)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _in_one_line(description: str) -> str:
    if holds_key(description):
        return ""
    line = " ".join(description.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

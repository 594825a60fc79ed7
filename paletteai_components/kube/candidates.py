"""Candidates: where in a CRD the name of an integration's Secret may be.

That is only a guess, made from the names and descriptions of the schema: text that names a Secret, near the type of an
integration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

from paletteai_components.kube import structural
from paletteai_components.kube.crds import Version
from paletteai_components.kube.field_path import FieldPath, Selector, Step
from paletteai_components.kube.fit import Fit, judged
from paletteai_components.kube.palette_api import fault_of
from paletteai_components.model.planned import IntegrationType
from paletteai_components.redaction import holds_key

_MOST, _MOST_CHECKED = 5, 50
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


def candidates_of(version: Version, wanted: IntegrationType) -> Sequence[Candidate]:
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
        judgement = judged(version, each.path, f"settings.{wanted}", {})
        if judgement.fit not in {Fit.MISSING, Fit.MISMATCH}:
            score = each.score + _WITHOUT_MORE * (not judgement.needs)
            found.append(replace(each, needs=judgement.needs, score=score))
    return sorted(found, key=lambda each: -each.score)[:_MOST]


@dataclass(frozen=True, slots=True)
class _Text:
    """A text field of a schema, which may be the name of a Secret."""

    path: FieldPath
    descriptions: tuple[str, ...]
    """Those of the objects on the way, and its own at the end."""
    is_guessed: bool
    """Whether the path has a name or a value that the schema does not tell."""


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

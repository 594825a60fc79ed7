"""The conformance of a manifest: whether it matches the CRD of its kind, and what the API server would do otherwise.

The API server prunes the fields that are not in a structural schema, mostly silently. So every manifest is checked
against the cluster's CRDs before it is applied.

These are not checked, and are left to the API server: CEL rules (`x-kubernetes-validations`) and patterns that only Go
can read, which are reported in a note; formats other than date and ipv6; `x-kubernetes-list-type`; fractional bounds
of integers; values of `metadata`, whose names another rule checks; and webhooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, escaped
from paletteai_components.kube import structural
from paletteai_components.kube.crds import CODE, GET_CRDS, Crds, Version
from paletteai_components.kube.field_path import FieldPath, Selector, Step, selector_of
from paletteai_components.listing import listed
from paletteai_components.naming import nearest
from paletteai_components.redaction import named, redacted

# A step of a path, or the position of an element that has no selector.
_Part = Step | int

_FIX = "Fix the declaration it comes from, or update the package."
_MOVE = "Set another path with `paletteai:vendorFields`, which `paletteai crds` finds, or update the package."
_REFUSED = "the API server would refuse the manifest"
_PRUNED = "the API server would silently prune it, or at best refuse the manifest"


def diagnostics_in(
    manifest: Mapping[str, Any],
    crds: Crds,
    where: tuple[SourceLocation, ...] = (),
    lists: Mapping[FieldPath, str] = MappingProxyType({}),
) -> list[Diagnostic]:
    """The problems of a manifest that does not match its CRD. They repeat no value of the manifest.

    The elements of `lists` are named by their selectors: see `PaletteApi.lists`.

    A manifest of a group without any CRD is not checked. The note on what is not evaluated is the same for all
    manifests of a kind, so that `in_order` keeps only one.
    """
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    if api_version.rpartition("/")[0] not in crds.groups:
        return []
    metadata = manifest.get("metadata")
    identity = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = identity.get("name") or "(no name)", identity.get("namespace")
    subject = f"{named(kind)} `{named(f'{namespace}/{name}' if namespace else str(name))}`"
    version = crds.versions.get((api_version, kind))
    if version is None or not version.served:
        fact, remedy, file = _unserved(api_version, kind, crds)
        return [Diagnostic(CODE, f"{subject}: {fact}; {_REFUSED}.", remedy, (*where, SourceLocation(file)))]

    filled = structural.defaulted(manifest, version.schema)
    errors = list(version.validator.iter_errors(filled))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    problems = [*_scope_problems(version, namespace)]
    for error in errors:
        # Further errors of a value with a wrong type are redundant.
        if error.validator == "type" or tuple(error.absolute_path) not in mistyped:
            problems += _problems(version, error, _selected(error.absolute_path, filled, lists))
    crd, location = f"the CRD of `{named(api_version)}`", SourceLocation(version.file)
    diagnostics = [
        Diagnostic(CODE, f"{subject}: {crd} {fact}.", remedy, (*where, location))
        for fact, remedy in dict.fromkeys(problems)
    ]
    if version.unjudged:
        fact = f"{escaped(kind)}: {crd} has constraints that are not evaluated here: {_listed(version.unjudged)}"
        remedy = "`paletteai render STACK | kubectl apply --server-side --dry-run=server -f -` evaluates them."
        diagnostics.append(
            Diagnostic(
                CODE, f"{fact}; the API server may still refuse the manifest.", remedy, (location,), Severity.NOTE
            )
        )
    return diagnostics


# From a manifest to its problems


def _unserved(api_version: str, kind: str, crds: Crds) -> tuple[str, str, str]:
    """Why a kind has no schema in a version: the fact, the remedy and the file to look at."""
    group = api_version.rpartition("/")[0]
    siblings = [each for each in crds.versions.values() if each.api_version.rpartition("/")[0] == group]
    of_kind = [each for each in siblings if each.kind == kind]
    if not of_kind:
        kinds = _listed(sorted({each.kind for each in siblings}))
        fact = f"the CRDs of `{named(group)}` define {kinds}, not this kind"
        return fact, f"If the cluster has the kind, add its CRD. {GET_CRDS}", crds.source
    served = _listed(f"`{each}`" for each in sorted(each.api_version for each in of_kind if each.served))
    fact = f"its CRD serves {served or 'no version'}, not `{named(api_version)}`"
    remedy = "Set `paletteai:apiVersion` to a version that is served, or update the package." if served else GET_CRDS
    return fact, remedy, of_kind[0].file


def _scope_problems(version: Version, namespace: object) -> Iterator[tuple[str, str]]:
    if version.scope == "Cluster" and namespace:
        fact = "makes the kind cluster-scoped, but the manifest has a `metadata.namespace`"
        yield f"{fact}; the API server would silently ignore it", "Leave out `metadata.namespace`."
    if version.scope == "Namespaced" and not namespace:
        fact = "makes the kind namespaced, but `metadata.namespace` is missing"
        yield f"{fact}; the client would use its default namespace", "Set `metadata.namespace`."


def _problems(version: Version, error: Any, parent: list[_Part]) -> Iterator[tuple[str, str]]:
    """The facts of an error, without a value of the manifest, each with its remedy."""
    wants, fix = error.validator_value, _FIX
    path = f"`{_path(parent)}`" if parent else "the object"
    match parent:
        case [*_, Selector(key), str(name)] if key == name:
            fix = f"Select the element by another value in `paletteai:vendorFields`. {_FIX}"
    match error.validator:
        case "additionalProperties":
            known = tuple(error.schema.get("properties", ()))
            for name in sorted(error.instance.keys() - known, key=str):
                near = _nearest(version, _path(parent, any_element=True), str(name), known)
                yield f"has no field `{_path([*parent, name])}`; {_PRUNED}", f"{near} {_MOVE}"
        case "required":
            for name in wants:
                if name not in error.instance:
                    yield f"requires `{_path([*parent, name])}`, which is missing; {_REFUSED}", fix
        case "type":
            actual = structural.type_of(error.instance)
            # A null is pruned from an object before validation, but refused in a list.
            effect = _PRUNED if actual == "null" and parent and isinstance(parent[-1], str) else _REFUSED
            if actual == "object" and "array" in wants:
                key = next(iter(error.schema.get(structural.LIST_KEYS, ())), "KEY")
                element = _path([*parent, Selector(str(key), str(next(iter(error.instance), "VALUE")))])
                fix = f"A path leads through an element of the list like this: `{element}`. {_MOVE}"
            elif actual == "array" and "object" in wants:
                fix = f"A path leads through it without `[KEY=VALUE]`. {_MOVE}"
            yield f"requires {path} to be of type {' or '.join(wants)}, but it is {actual}; {effect}", fix
        case "enum":
            allowed = _listed(json.dumps(value, default=str) for value in wants)
            yield f"requires {path} to be one of {allowed}; {_REFUSED}", fix
        case "pattern":
            shown = escaped(wants.removeprefix("(?a)").replace(r"\Z", "$"))
            yield f"requires {path} to match `{shown}`; {_REFUSED}", fix
        case "anyOf" | "oneOf" | "not":
            yield f"restricts {path} with `{error.validator}`, which it does not satisfy; {_REFUSED}", fix
        case _:
            yield f"requires {path} to satisfy `{error.validator}` {wants}; {_REFUSED}", fix


@lru_cache(maxsize=1024)
def _nearest(version: Version, parent: str, name: str, siblings: tuple[str, ...]) -> str:
    """The known field that is closest to an unknown one: beside it, of the same name, or with a similar path."""
    path = _join(parent, name)
    top = path.partition(".")[0]
    top = top if top in version.schema["properties"] else "spec"
    fields = [each for each in _fields_of(version) if each.startswith(f"{top}.")]
    namesakes = [each for each in fields if each.endswith(f".{name}")]
    beside = nearest(name, siblings)
    found = _join(parent, beside) if beside else nearest(path, namesakes, 0.4) or nearest(path, fields)
    if found:
        return f"Nearest known field: `{escaped(found)}`."
    return f"Known fields there: {_listed(f'`{each}`' for each in sorted(siblings)) or 'none'}."


@lru_cache(maxsize=64)
def _fields_of(version: Version) -> tuple[str, ...]:
    """The path of every field in a schema."""
    return tuple(_fields(version.schema))


def _fields(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            yield _join(path, name)
            yield from _fields(child, _join(path, name))
        for word in ("items", "additionalProperties"):
            yield from _fields(schema.get(word), f"{path}[*]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _selected(parts: Iterable[str | int], value: Any, lists: Mapping[FieldPath, str]) -> list[_Part]:
    """The path of a part of a value, with selectors for the elements of `lists`."""
    path: list[_Part] = []
    steps: list[Step] = []
    for part in parts:
        value = value[part]
        step: _Part = part
        if isinstance(part, int) and lists and (key := lists.get(FieldPath(tuple(steps)))):
            step = selector_of(value, key) or part
        path.append(step)
        # No path leads through what is not selected.
        steps.append(str(step) if isinstance(step, int) else step)
    return path


def _path(parts: Iterable[_Part], *, any_element: bool = False) -> str:
    path = ""
    for part in parts:
        if any_element and not isinstance(part, str):
            path += "[*]"
        elif isinstance(part, Selector):
            path += f"[{redacted(part.key)}={redacted(part.value)}]"
        else:
            shown = redacted(part) if isinstance(part, str) else part
            is_plain = isinstance(shown, str) and re.fullmatch(r"[\w-]+", shown)
            path = _join(path, str(shown)) if is_plain else f"{path}[{json.dumps(shown)}]"
    return escaped(path)


def _listed(texts: Iterable[str], most: int = 12) -> str:
    return listed(map(escaped, texts), most)

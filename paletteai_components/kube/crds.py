"""The cluster's CRDs, and whether a manifest matches them.

The API server prunes the fields that are not in a structural schema, mostly silently. So every manifest is checked
against the cluster's CRDs before it is applied.

These are not checked, and are left to the API server: CEL rules (`x-kubernetes-validations`) and patterns that only Go
can read, which are reported in a note; formats other than date and ipv6; `x-kubernetes-list-type`; fractional bounds
of integers; values of `metadata`, whose names another rule checks; and webhooks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, StackFileError, escaped
from paletteai_components.kube import structural
from paletteai_components.kube.field_path import FieldPath, Selector, Step, selector_of
from paletteai_components.listing import listed
from paletteai_components.naming import nearest
from paletteai_components.redaction import named, redacted

# A step of a path, or the position of an element that has no selector.
_Part = Step | int

CODE = "PAI016"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 200
STANDARD_INPUT = Path("-")

_GET_CRDS = "Write the cluster's CRDs to a file with `kubectl get crds -o yaml > crds.yaml`."
_FIX = "Fix the declaration it comes from, or update the package."
_MOVE = "Set another path with `paletteai:vendorFields`, which `paletteai crds` finds, or update the package."
_REFUSED = "the API server would refuse the manifest"
_PRUNED = "the API server would silently prune it, or at best refuse the manifest"


@dataclass(frozen=True, eq=False)
class Version:
    """One version of one kind."""

    api_version: str
    """Group and version, for example ``spectrocloud.com/v1alpha1``."""
    kind: str
    scope: str
    """``Namespaced`` or ``Cluster``."""
    served: bool
    file: str
    schema: dict[str, Any] = field(repr=False)
    """A JSON Schema, to which a field that the API server would prune is an error."""
    source: Mapping[str, Any] = field(repr=False)
    """The structural schema that it was made of, with its descriptions."""
    stored: bool = False
    """Whether the API server stores objects in this version."""
    unjudged: tuple[str, ...] = ()
    """What the CRD requires and the JSON Schema does not check, for example ``a CEL rule of `spec```."""

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Finds the errors of a manifest."""
        return Draft202012Validator(self.schema, format_checker=structural.FORMATS)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The path of every field in the schema."""
        return tuple(_fields(self.schema))


@dataclass(frozen=True, eq=False)
class Crds:
    """The schemas of a file, a directory or a cluster."""

    source: str
    """The file or directory as the user typed it, or the name of the cluster."""
    versions: Mapping[tuple[str, str], Version] = field(repr=False)
    """The schemas, by ``group/version`` and kind."""

    @cached_property
    def groups(self) -> frozenset[str]:
        """The API groups whose manifests are checked."""
        return frozenset(api_version.rpartition("/")[0] for api_version, _ in self.versions)


def crds_from(*paths: Path) -> Crds:
    """Reads the CRDs in files, in the YAML and JSON files directly in directories, or on standard input, which is `-`.

    Raises:
        StackFileError: A file cannot be read, a CRD in it is incomplete, or there is no CRD at all.
    """
    versions: dict[tuple[str, str], Version] = {}
    diagnostics: list[Diagnostic] = []
    files: list[Path] = []
    for path in paths:
        try:
            files += _files(path)
        except OSError as error:
            diagnostics.append(_unreadable(path, f"the directory cannot be read: {error.strerror}"))
    for file in files:
        fact, line = "", None
        try:
            for version in _versions_in(file):
                first = versions.setdefault((version.api_version, version.kind), version)
                if (first.scope, first.served, first.schema) != (version.scope, version.served, version.schema):
                    raise structural.UnusableSchema(
                        f"{version.kind} `{version.api_version}` is defined differently in `{first.file}`"
                    )
        except OSError as error:
            fact = f"the file cannot be read: {error.strerror}"
        except structural.UnusableSchema as fault:
            fact, line = str(fault), fault.line
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            fact, line = "the file is not valid YAML", mark.line + 1 if mark else None
        except (ValueError, TypeError, AttributeError, RecursionError):
            fact = "the file has no usable schema"
        if fact:
            diagnostics.append(_unreadable(file, fact, line))
    if not diagnostics and not versions:
        diagnostics += [_unreadable(path, "it contains no CustomResourceDefinition") for path in paths]
    if diagnostics:
        raise StackFileError(diagnostics)
    return Crds(", ".join(map(_shown, paths)), MappingProxyType(versions))


def crds_of(documents: Iterable[Mapping[str, Any]], source: str) -> Crds:
    """The CRDs in the answers of an API server, which messages call `source`.

    Raises:
        UnusableSchema: A CRD has no usable schema.
    """
    versions = {
        (version.api_version, version.kind): version
        for document in documents
        for crd in _crds_in(document)
        for version in _versions_of(crd, source)
    }
    return Crds(source, MappingProxyType(versions))


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


# From a file to its CRDs


def _unreadable(path: Path, fact: str, line: int | None = None) -> Diagnostic:
    message = f"{escaped(fact)}, so nothing was checked against the cluster's CRDs."
    return Diagnostic(CODE, message, _GET_CRDS, (SourceLocation(_shown(path), line),))


def _shown(path: Path) -> str:
    return "<stdin>" if path == STANDARD_INPUT else str(path)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # Like `kubectl apply -f`: the files directly in the directory.
    suffixes = {".yaml", ".yml", ".json"}
    return sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and not file.is_dir())


def _versions_in(file: Path) -> Iterator[Version]:
    # A pipe has no size to check first: `--crds <(kubectl get crds -o yaml)`.
    with nullcontext(sys.stdin.buffer) if file == STANDARD_INPUT else file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise structural.UnusableSchema(f"the file is larger than {MAX_BYTES // 1024**2} MiB")
    documents = iter([json.loads(data)]) if file.suffix.lower() == ".json" else _documents(data)
    for document in documents:
        for crd in _crds_in(document):
            yield from _versions_of(crd, _shown(file))


def _documents(data: bytes) -> Iterator[object]:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    depth = 0
    for event in yaml.parse(data, Loader=loader):
        # Aliases let a small file expand without bound, and deep nesting crashes the parser written in C.
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            what = f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else "a YAML alias"
            raise structural.UnusableSchema(
                f"the file has {what}, which no CRD needs", event.start_mark.line + 1 if event.start_mark else None
            )
    yield from yaml.load_all(data, Loader=loader)


def _crds_in(document: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, Mapping) and document.get("kind") in {"List", "CustomResourceDefinitionList"}:
        for item in document.get("items") or ():
            yield from _crds_in(item)
    elif isinstance(document, Mapping) and document.get("kind") == "CustomResourceDefinition":
        yield document


def _versions_of(crd: Mapping[str, Any], file: str) -> Iterator[Version]:
    spec = structural.mapping_in(crd.get("spec"), "spec")
    group, kind, scope = (
        spec.get("group"),
        structural.mapping_in(spec.get("names"), "spec.names").get("kind"),
        spec.get("scope"),
    )
    if not (isinstance(group, str) and isinstance(kind, str) and scope in {"Namespaced", "Cluster"}):
        raise structural.UnusableSchema(
            "a CRD lacks `spec.group`, `spec.names.kind` or a `spec.scope` of `Namespaced` or `Cluster`"
        )
    # Before v1, pruning was off by default.
    keeps_all = spec.get("preserveUnknownFields", crd.get("apiVersion") == "apiextensions.k8s.io/v1beta1") is True
    versions = spec.get("versions")
    if not (isinstance(versions, list) and versions):
        raise structural.UnusableSchema(f"the CRD of {kind} has no `spec.versions`, each with its schema")
    for version in versions:
        api_version = f"{group}/{structural.mapping_in(version, 'spec.versions').get('name')}"
        schema = structural.mapping_in(version.get("schema") or {}, f"the schema of {kind}").get("openAPIV3Schema")
        if schema is None:
            raise structural.UnusableSchema(f"the CRD of {kind} has no schema for `{api_version}`")
        source = structural.mapping_in(schema, f"the schema of {kind}")
        root = {**source, structural.EMBEDDED: True}
        unjudged: list[str] = []
        json_schema = structural.json_schema_of(root, kind, unjudged, drops=not keeps_all)
        json_schema["$defs"] = {"empty": {"additionalProperties": False, "items": structural.EMPTY}}
        served, stored = (version.get(word) is True for word in ("served", "storage"))
        yield Version(api_version, kind, scope, served, file, json_schema, source, stored, tuple(unjudged))


# From a manifest to its problems


def _unserved(api_version: str, kind: str, crds: Crds) -> tuple[str, str, str]:
    """Why a kind has no schema in a version: the fact, the remedy and the file to look at."""
    group = api_version.rpartition("/")[0]
    siblings = [each for each in crds.versions.values() if each.api_version.rpartition("/")[0] == group]
    of_kind = [each for each in siblings if each.kind == kind]
    if not of_kind:
        kinds = _listed(sorted({each.kind for each in siblings}))
        fact = f"the CRDs of `{named(group)}` define {kinds}, not this kind"
        return fact, f"If the cluster has the kind, add its CRD. {_GET_CRDS}", crds.source
    served = _listed(f"`{each}`" for each in sorted(each.api_version for each in of_kind if each.served))
    fact = f"its CRD serves {served or 'no version'}, not `{named(api_version)}`"
    remedy = "Set `paletteai:apiVersion` to a version that is served, or update the package." if served else _GET_CRDS
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
            actual = type_of(error.instance)
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
    fields = [each for each in version.fields if each.startswith(f"{top}.")]
    namesakes = [each for each in fields if each.endswith(f".{name}")]
    beside = nearest(name, siblings)
    found = _join(parent, beside) if beside else nearest(path, namesakes, 0.4) or nearest(path, fields)
    if found:
        return f"Nearest known field: `{escaped(found)}`."
    return f"Known fields there: {_listed(f'`{each}`' for each in sorted(siblings)) or 'none'}."


def _fields(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            yield _join(path, name)
            yield from _fields(child, _join(path, name))
        for word in ("items", "additionalProperties"):
            yield from _fields(schema.get(word), f"{path}[*]")


def type_of(value: object) -> str:
    """The type of a value as schemas name it."""
    is_type = Draft202012Validator.TYPE_CHECKER.is_type
    return next((each for each in ("null", *structural.TYPES) if is_type(value, each)), "something else")


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

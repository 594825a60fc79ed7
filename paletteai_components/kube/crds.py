"""The cluster's own schemas, and whether a manifest keeps to them.

The API server drops the fields that a structural schema does not know, mostly without a word. So a user hands over
the cluster's CRDs, and every manifest is judged by them before it is applied.

Not judged, and left to the API server: rules in CEL (`x-kubernetes-validations`) and patterns that only Go can read,
of which a note tells; formats other than date and ipv6; `x-kubernetes-list-type`; bounds with a fraction on whole
numbers; values of `metadata`, whose names another rule judges; and webhooks.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from paletteai_components.diagnostics import Place, Problem, Severity, StackFileError, escaped
from paletteai_components.kube.structural import (
    EMBEDDED,
    EMPTY,
    FORMATS,
    TYPES,
    UnusableSchema,
    defaulted,
    json_schema_of,
    mapping_in,
)
from paletteai_components.listing import listed
from paletteai_components.redaction import named, redacted

CODE = "PAI016"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 200

_GET_CRDS = "write the cluster's own with `kubectl get crds -o yaml > crds.yaml`"
_MEND = "mend the declaration it comes from, or update the package"
_REFUSED = "the API server would refuse the manifest"
_DROPPED = "the API server would drop it without a word, or at best refuse the manifest"


@dataclass(frozen=True, eq=False)
class Version:
    """One version of one kind.

    Fields:
        api_version: group and version, for example ``spectrocloud.com/v1alpha1``.
        kind: the kind.
        scope: ``Namespaced`` or ``Cluster``.
        served: whether the API server answers for this version.
        file: the file its CRD was read from.
        schema: a JSON Schema; what the API server would drop is an error to it.
        unjudged: what the CRD asks and the JSON Schema does not, for example ``a CEL rule of spec``.
    """

    api_version: str
    kind: str
    scope: str
    served: bool
    file: str
    schema: dict[str, Any] = field(repr=False)
    unjudged: tuple[str, ...] = ()

    @cached_property
    def validator(self) -> Draft202012Validator:
        """What finds the errors of a manifest."""
        return Draft202012Validator(self.schema, format_checker=FORMATS)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The path of every field the schema knows."""
        return tuple(_fields(self.schema))


@dataclass(frozen=True, eq=False)
class Crds:
    """The schemas a user handed over.

    Fields:
        source: the file or directory, as the user typed it.
        versions: what was found in it, by ``group/version`` and kind.
    """

    source: str
    versions: Mapping[tuple[str, str], Version] = field(repr=False)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files a CRD was found in."""
        return tuple(dict.fromkeys(version.file for version in self.versions.values()))

    @cached_property
    def groups(self) -> frozenset[str]:
        """The API groups of which a manifest is judged."""
        return frozenset(api_version.rpartition("/")[0] for api_version, _ in self.versions)


def crds_from(path: Path) -> Crds:
    """The CRDs in a file, or in the YAML and JSON files that lie directly in a directory.

    Raises:
        StackFileError: a file cannot be read, a CRD in it is incomplete, or there is no CRD at all.
    """
    versions: dict[tuple[str, str], Version] = {}
    problems: list[Problem] = []
    try:
        files = _files(path)
    except OSError as error:
        raise StackFileError([_unreadable(path, f"the directory cannot be read: {error.strerror}")]) from None
    for file in files:
        fact, line = "", None
        try:
            for version in _versions_in(file):
                first = versions.setdefault((version.api_version, version.kind), version)
                if (first.scope, first.served, first.schema) != (version.scope, version.served, version.schema):
                    raise UnusableSchema(f"{version.kind} {version.api_version} is defined otherwise in {first.file}")
        except OSError as error:
            fact = f"the file cannot be read: {error.strerror}"
        except UnusableSchema as fault:
            fact, line = str(fault), fault.line
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            fact, line = "this is not YAML", mark.line + 1 if mark else None
        except (ValueError, TypeError, AttributeError, RecursionError):
            fact = "no schema can be made of this"
        if fact:
            problems.append(_unreadable(file, fact, line))
    if not problems and not versions:
        problems.append(_unreadable(path, "there is no CustomResourceDefinition in it"))
    if problems:
        raise StackFileError(problems)
    return Crds(str(path), MappingProxyType(versions))


def crds_of(documents: Iterable[Mapping[str, Any]], source: str) -> Crds:
    """The CRDs that an API server answered with. `source` is what messages call it.

    Raises:
        UnusableSchema: no schema can be made of one.
    """
    versions = {
        (version.api_version, version.kind): version
        for document in documents
        for crd in _crds_in(document)
        for version in _versions_of(crd, source)
    }
    return Crds(source, MappingProxyType(versions))


def problems_in(manifest: Mapping[str, Any], crds: Crds, where: tuple[Place, ...] = ()) -> list[Problem]:
    """Everything in a manifest that does not keep to its CRD. No value of the manifest is repeated.

    A manifest of a group that no CRD was handed over for is not judged. The note on what is not evaluated is the same
    for all manifests of a kind, so that `in_order` leaves one of them.
    """
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    if api_version.rpartition("/")[0] not in crds.groups:
        return []
    metadata = manifest.get("metadata")
    identity = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = identity.get("name") or "(no name)", identity.get("namespace")
    subject = named(f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}")
    version = crds.versions.get((api_version, kind))
    if version is None or not version.served:
        fact, remedy, file = _unserved(api_version, kind, crds)
        return [Problem(CODE, f"{subject}: {fact}; {_REFUSED}.", remedy, (*where, Place(file)))]

    errors = list(version.validator.iter_errors(defaulted(manifest, version.schema)))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    told = [*_misplaced(version, namespace)]
    for error in errors:
        # Whatever else a value of a wrong type breaks says nothing new.
        if error.validator == "type" or tuple(error.absolute_path) not in mistyped:
            told += _told(version, error)
    crd, place = f"the CRD of {named(api_version)}", Place(version.file)
    problems = [
        Problem(CODE, f"{subject}: {crd} {fact}.", remedy, (*where, place)) for fact, remedy in dict.fromkeys(told)
    ]
    if version.unjudged:
        fact = f"{escaped(kind)}: {crd} asks what is not evaluated here: {_list(version.unjudged)}"
        remedy = "`kubectl apply --server-side --dry-run=server` evaluates it"
        problems.append(Problem(CODE, f"{fact}; the API server may yet refuse it.", remedy, (place,), Severity.NOTE))
    return problems


# From a file to its CRDs


def _unreadable(path: Path, fact: str, line: int | None = None) -> Problem:
    message = f"{escaped(fact)}; no manifest was checked against the cluster's schemas."
    return Problem(CODE, message, _GET_CRDS, (Place(str(path), line),))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # As `kubectl apply -f` takes a directory: what lies in it, and nothing below.
    suffixes = {".yaml", ".yml", ".json"}
    return sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and not file.is_dir())


def _versions_in(file: Path) -> Iterator[Version]:
    # Not all that can be read has a size to ask for: `--crds <(kubectl get crds -o yaml)`.
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnusableSchema(f"the file is larger than {MAX_BYTES // 1024**2} MiB")
    documents = iter([json.loads(data)]) if file.suffix.lower() == ".json" else _documents(data)
    for document in documents:
        for crd in _crds_in(document):
            yield from _versions_of(crd, str(file))


def _documents(data: bytes) -> Iterator[object]:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    depth = 0
    for event in yaml.parse(data, Loader=loader):
        # By aliases a small file grows without bound, and deep nesting kills the parser written in C.
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            what = f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else "a YAML alias"
            raise UnusableSchema(f"{what}, which no CRD needs", event.start_mark.line + 1 if event.start_mark else None)
    yield from yaml.load_all(data, Loader=loader)


def _crds_in(document: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, Mapping) and document.get("kind") in {"List", "CustomResourceDefinitionList"}:
        for item in document.get("items") or ():
            yield from _crds_in(item)
    elif isinstance(document, Mapping) and document.get("kind") == "CustomResourceDefinition":
        yield document


def _versions_of(crd: Mapping[str, Any], file: str) -> Iterator[Version]:
    spec = mapping_in(crd.get("spec"), "spec")
    group, kind, scope = spec.get("group"), mapping_in(spec.get("names"), "spec.names").get("kind"), spec.get("scope")
    if not (isinstance(group, str) and isinstance(kind, str) and scope in {"Namespaced", "Cluster"}):
        raise UnusableSchema("a CRD lacks spec.group, spec.names.kind or a spec.scope of Namespaced or Cluster")
    # Before v1 a CRD had to ask for unknown fields to be dropped.
    keeps_all = spec.get("preserveUnknownFields", crd.get("apiVersion") == "apiextensions.k8s.io/v1beta1") is True
    versions = spec.get("versions")
    if not (isinstance(versions, list) and versions):
        raise UnusableSchema(f"the CRD of {kind} has no spec.versions, each with its schema")
    for version in versions:
        api_version = f"{group}/{mapping_in(version, 'spec.versions').get('name')}"
        schema = mapping_in(version.get("schema") or {}, f"the schema of {kind}").get("openAPIV3Schema")
        if schema is None:
            raise UnusableSchema(f"the CRD of {kind} has no schema for {api_version}")
        root = {**mapping_in(schema, f"the schema of {kind}"), EMBEDDED: True}
        unjudged: list[str] = []
        json_schema = json_schema_of(root, kind, unjudged, drops=not keeps_all)
        json_schema["$defs"] = {"empty": {"additionalProperties": False, "items": EMPTY}}
        yield Version(api_version, kind, scope, version.get("served") is True, file, json_schema, tuple(unjudged))


# From a manifest to problems


def _unserved(api_version: str, kind: str, crds: Crds) -> tuple[str, str, str]:
    """Why nothing is known of a kind in a version: the fact, the remedy and the file to look at."""
    group = api_version.rpartition("/")[0]
    siblings = [each for each in crds.versions.values() if each.api_version.rpartition("/")[0] == group]
    of_kind = [each for each in siblings if each.kind == kind]
    if not of_kind:
        kinds = _list(sorted({each.kind for each in siblings}))
        fact = f"of {named(group)} the CRDs define {kinds}, not this kind"
        return fact, f"if the cluster has the kind, hand over its CRD too: {_GET_CRDS}", crds.source
    served = _list(sorted(each.api_version for each in of_kind if each.served))
    fact = f"its CRD serves {served or 'no version'}, not {named(api_version)}"
    remedy = "set paletteai:apiVersion to one that is served, or update the package" if served else _GET_CRDS
    return fact, remedy, of_kind[0].file


def _misplaced(version: Version, namespace: object) -> Iterator[tuple[str, str]]:
    if version.scope == "Cluster" and namespace:
        fact = "makes the kind cluster-scoped, and the manifest has a metadata.namespace"
        yield f"{fact}; the API server would drop it without a word", "leave metadata.namespace out"
    if version.scope == "Namespaced" and not namespace:
        fact = "makes the kind namespaced, and metadata.namespace is missing"
        yield f"{fact}; it would land in whatever namespace is the client's default", "set metadata.namespace"


def _told(version: Version, error: Any) -> Iterator[tuple[str, str]]:
    """What an error says about a manifest, without a value of it, and what mends it."""
    parent, wants = list(error.absolute_path), error.validator_value
    path = _path(parent) or "the object"
    match error.validator:
        case "additionalProperties":
            known = tuple(error.schema.get("properties", ()))
            for name in sorted(error.instance.keys() - known, key=str):
                remedy = f"{_nearest(version, _path(parent), str(name), known)}; "
                remedy += "set it with paletteai:vendorFields or update the package"
                yield f"knows no field {_path([*parent, name])}; {_DROPPED}", remedy
        case "required":
            for name in wants:
                if name not in error.instance:
                    yield f"requires {_path([*parent, name])}, and it is missing; {_REFUSED}", _MEND
        case "type":
            is_ = _type_of(error.instance)
            # A null is dropped from an object before anything is judged, and refused in a list.
            then = _DROPPED if is_ == "null" and parent and isinstance(parent[-1], str) else _REFUSED
            yield f"wants {path} to be {' or '.join(wants)}, and it is {is_}; {then}", _MEND
        case "enum":
            allowed = _list(json.dumps(value, default=str) for value in wants)
            yield f"wants {path} to be one of {allowed}, and it is not; {_REFUSED}", _MEND
        case "pattern":
            shown = escaped(wants.removeprefix("(?a)").replace(r"\Z", "$"))
            yield f"wants {path} to match {shown}, and it does not; {_REFUSED}", _MEND
        case "anyOf" | "oneOf" | "not":
            yield f"restricts {path} by {error.validator}, and it does not comply; {_REFUSED}", _MEND
        case _:
            yield f"wants {path} to keep to {error.validator} {wants}, and it does not; {_REFUSED}", _MEND


@lru_cache(maxsize=1024)
def _nearest(version: Version, parent: str, name: str, siblings: tuple[str, ...]) -> str:
    """What an unknown field was perhaps meant to be: one beside it, one of its name, or one with a path like it."""
    path, close = _join(parent, name), difflib.get_close_matches
    top = path.partition(".")[0]
    top = top if top in version.schema["properties"] else "spec"
    fields = [each for each in version.fields if each.startswith(f"{top}.")]
    namesakes = [each for each in fields if each.endswith(f".{name}")]
    if beside := close(name, siblings, 1):
        return f"nearest known field: {escaped(_join(parent, beside[0]))}"
    if elsewhere := close(path, namesakes, 1, 0.4) or close(path, fields, 1):
        return f"nearest known field: {escaped(elsewhere[0])}"
    return f"known there: {_list(sorted(siblings)) or 'no field at all'}"


def _fields(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            yield _join(path, name)
            yield from _fields(child, _join(path, name))
        for word in ("items", "additionalProperties"):
            yield from _fields(schema.get(word), f"{path}[*]")


def _type_of(value: object) -> str:
    is_type = Draft202012Validator.TYPE_CHECKER.is_type
    return next((each for each in ("null", *TYPES) if is_type(value, each)), "something else")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _path(parts: Iterable[str | int]) -> str:
    path = ""
    for part in parts:
        told = redacted(part) if isinstance(part, str) else part
        plain = isinstance(told, str) and re.fullmatch(r"[\w-]+", told)
        path = _join(path, str(told)) if plain else f"{path}[{json.dumps(told)}]"
    return escaped(path)


def _list(things: Iterable[str], most: int = 12) -> str:
    return listed(map(escaped, things), most)

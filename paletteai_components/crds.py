"""The cluster's own schemas, and whether a manifest keeps to them.

The API server drops every field that a structural schema does not know, and says nothing. So a
user hands over the cluster's CRDs, and each manifest is judged by them before it is applied.

What is *not* judged, and left to the API server: rules in CEL (`x-kubernetes-validations`) and
patterns that only Go can read, of which a note tells; formats other than date, email, ipv4 and
ipv6; what a webhook decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from paletteai_components.problem import Place, Problem, Severity, Unreadable, escaped

CODE = "PAI016"
MAX_BYTES = 16 * 1024 * 1024

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_UNJUDGED = "x-unjudged"
_GET_CRDS = "write them with `kubectl get crds -o yaml > crds.yaml` and hand over that file"
_MEND = "mend the declaration it comes from, or update the package"


@dataclass(frozen=True, eq=False)
class Version:
    """One version of one kind.

    Fields:
        api_version: group and version, for example ``spectrocloud.com/v1alpha1``.
        kind: the kind.
        scope: ``Namespaced`` or ``Cluster``.
        served: whether the API server answers for this version.
        file: the file its CRD was read from.
        schema: a JSON Schema that refuses what the API server would drop.
    """

    api_version: str
    kind: str
    scope: str
    served: bool
    file: str
    schema: dict[str, Any] = field(repr=False)

    @cached_property
    def validator(self) -> Any:
        return _Validator(self.schema, format_checker=_FORMATS)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(path for path, _ in _nodes(self.schema) if path)

    @cached_property
    def unjudged(self) -> tuple[str, ...]:
        """What the schema asks that is not evaluated here, for example ``CEL rule of spec``."""
        return tuple(
            f"{what} of {path or 'the object'}"
            for path, node in _nodes(self.schema)
            for what in node.get(_UNJUDGED, ())
        )


@dataclass(frozen=True, eq=False)
class Crds:
    """The schemas a user handed over.

    Fields:
        source: the file or directory, as the user typed it.
        files: the files a CRD was found in.
        versions: what each defines, by ``group/version`` and kind.
    """

    source: str
    files: tuple[str, ...]
    versions: Mapping[tuple[str, str], Version] = field(repr=False)

    @cached_property
    def groups(self) -> frozenset[str]:
        return frozenset(api_version.rpartition("/")[0] for api_version, _ in self.versions)


def crds_from(path: Path) -> Crds:
    """The CRDs in a file, or in the YAML and JSON files directly in a directory.

    Raises:
        Unreadable: a file cannot be read, a CRD in it is incomplete, or there is no CRD at all.
    """
    versions: dict[tuple[str, str], Version] = {}
    problems: list[Problem] = []
    try:
        files = _files(path)
    except OSError as error:
        raise Unreadable([_unreadable(path, str(error.strerror))]) from None
    for file in files:
        try:
            for version in _versions_in(file):
                known = versions.setdefault((version.api_version, version.kind), version)
                if (known.schema, known.scope) != (version.schema, version.scope):
                    raise _Unusable(f"{version.kind} {version.api_version} is defined otherwise in {known.file}")
        except OSError as error:
            problems.append(_unreadable(file, str(error.strerror)))
        except _Unusable as fault:
            problems.append(_unreadable(file, str(fault), fault.line))
        except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            problems.append(_unreadable(file, "this is not YAML or JSON", mark and int(mark.line) + 1))
    if not problems and not versions:
        problems.append(_unreadable(path, "there is no CustomResourceDefinition in it"))
    if problems:
        raise Unreadable(problems)
    found = tuple(dict.fromkeys(version.file for version in versions.values()))
    return Crds(str(path), found, MappingProxyType(versions))


def problems_in(manifest: Mapping[str, Any], crds: Crds, where: tuple[Place, ...] = ()) -> list[Problem]:
    """Everything in the manifest that does not keep to its CRD; never with a value of it.

    A manifest of a group in which no CRD was handed over is not judged. A note on what is not
    evaluated is the same for every manifest of a kind, so `in_order` leaves one of each.
    """
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    if api_version.rpartition("/")[0] not in crds.groups:
        return []
    metadata = manifest.get("metadata")
    name, namespace = (
        (metadata.get("name"), metadata.get("namespace")) if isinstance(metadata, Mapping) else (None, None)
    )
    subject = escaped(f"{kind} {f'{namespace}/' if namespace else ''}{name or '(no name)'}")
    version = crds.versions.get((api_version, kind))
    if version is None or not version.served:
        return [_not_served(subject, api_version, kind, crds, where)]
    told = [*_misplaced(namespace, version)]
    for error in version.validator.iter_errors(_defaulted(manifest, version.schema)):
        told += _told(error, version)
    place = Place(version.file)
    problems = [
        Problem(CODE, f"{subject}: {message}", help_, (*where, place)) for message, help_ in dict.fromkeys(told)
    ]
    if version.unjudged:
        message = (
            f"the CRD of {escaped(kind)} {escaped(api_version)} asks what is not evaluated here, "
            f"so the API server may still refuse a manifest: {_list(version.unjudged)}"
        )
        help_ = "`kubectl apply --server-side --dry-run=server` evaluates it"
        problems.append(Problem(CODE, message, help_, (place,), Severity.NOTE))
    return problems


# From a file to schemas


class _Unusable(Exception):
    """A file holds something that no schema can be made of."""

    def __init__(self, fact: str, line: int | None = None) -> None:
        super().__init__(fact)
        self.line = line


def _unreadable(path: Path, fact: str, line: int | None = None) -> Problem:
    message = f"{escaped(fact)}; no manifest was checked against the cluster's schemas"
    return Problem(CODE, message, _GET_CRDS, (Place(str(path), line),))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in {".yaml", ".yml", ".json"} and not file.name.startswith(".")
    )


def _versions_in(file: Path) -> Iterator[Version]:
    # Not every readable thing has a size to ask for: `--crds <(kubectl get crds -o yaml)`.
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _Unusable(f"the file is larger than {MAX_BYTES // 1024**2} MiB")
    documents = [json.loads(data)] if file.suffix.lower() == ".json" else _documents(data)
    for document in documents:
        for crd in _crds_in(document):
            yield from _versions_of(crd, str(file))


def _documents(data: bytes) -> Iterator[object]:
    loader = yaml.CSafeLoader(data) if yaml.__with_libyaml__ else yaml.SafeLoader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                _tame(node)
                yield loader.construct_document(node)
    finally:
        loader.dispose()


def _tame(root: yaml.Node) -> None:
    """Refuse aliases, by which a small file can grow without bound, and keep dates as text."""
    seen: set[int] = set()
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            raise _Unusable("YAML aliases are not followed here", node.start_mark.line + 1)
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif node.tag == "tag:yaml.org,2002:timestamp":
            node.tag = "tag:yaml.org,2002:str"


def _crds_in(document: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    kind, api_version = document.get("kind"), str(document.get("apiVersion"))
    if kind in {"List", "CustomResourceDefinitionList"}:
        # The API server leaves kind and apiVersion out of the items of a typed list.
        told = {"kind": kind.removesuffix("List"), "apiVersion": api_version}
        for item in document.get("items") or ():
            yield from _crds_in({**told, **item} if isinstance(item, Mapping) else item)
    elif kind == "CustomResourceDefinition" and api_version.startswith("apiextensions.k8s.io/"):
        yield document


def _versions_of(crd: Mapping[str, Any], file: str) -> Iterator[Version]:
    spec = _mapping(crd.get("spec"), "spec")
    names = _mapping(spec.get("names"), "spec.names")
    group, kind, scope = spec.get("group"), names.get("kind"), spec.get("scope")
    if not (isinstance(group, str) and isinstance(kind, str)):
        raise _Unusable("a CustomResourceDefinition has no spec.group or no spec.names.kind")
    if scope not in {"Namespaced", "Cluster"}:
        raise _Unusable(f"the CRD of {kind} has no spec.scope of Namespaced or Cluster")
    # Before v1 nothing was dropped unless the CRD asked for it.
    beta = crd["apiVersion"] == "apiextensions.k8s.io/v1beta1"
    keeps_all = spec.get("preserveUnknownFields", beta) is True
    versions = spec.get("versions")
    if not (isinstance(versions, list) and versions):
        raise _Unusable(f"the CRD of {kind} has no spec.versions, each with a schema of its own")
    for version in versions:
        of = _mapping(version, f"the CRD of {kind}: a version")
        api_version = f"{group}/{of.get('name')}"
        schema = (of.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            raise _Unusable(f"the CRD of {kind} has no schema for {api_version}")
        root = {**_mapping(schema, f"{kind} {api_version}"), _EMBEDDED: True}
        json_schema = _json_schema(root, kind, within=keeps_all)
        json_schema["$defs"] = {"empty": {"additionalProperties": False, "items": _EMPTY}}
        yield Version(api_version, kind, scope, of.get("served") is True, file, json_schema)


def _mapping(value: object, at: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    raise _Unusable(f"{at} is not a mapping with text for keys")


# From a structural schema to a JSON Schema

_EMPTY = {"$ref": "#/$defs/empty"}
_WHOLE, _NUMBER = (int,), (int, float)
_COPIED: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("required", "enum"), (list,)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _WHOLE),
    **dict.fromkeys(("minProperties", "maxProperties"), _WHOLE),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), _NUMBER),
    "format": (str,),
    "default": (object,),
}
_TEXT, _TEXTS = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
_ANYTHING = {_PRESERVE: True}
_METADATA: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("name", "generateName", "namespace", "uid", "resourceVersion"), _TEXT),
    **dict.fromkeys(("selfLink", "creationTimestamp", "deletionTimestamp"), _TEXT),
    **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), {"type": "integer"}),
    **dict.fromkeys(("labels", "annotations"), _TEXTS),
    **dict.fromkeys(("ownerReferences", "managedFields"), {"type": "array", "items": _ANYTHING}),
    "finalizers": {"type": "array", "items": _TEXT},
}


def _json_schema(node: object, at: str, *, judges: bool = False, within: bool = False) -> dict[str, Any]:
    """The JSON Schema of a structural node.

    `judges`: the node is below allOf, anyOf, oneOf or not, where nothing is declared, so nothing
    dropped. `within`: whoever holds it keeps unknown fields, which a list hands on to its items.
    """
    source = _mapping(node, at)
    if source.get(_EMBEDDED) is True:
        source = _as_object(source, at)
    result: dict[str, Any] = {}
    for word, types in _COPIED.items():
        if word in source:
            if not isinstance(source[word], types) or (word == "multipleOf" and not source[word]):
                raise _Unusable(f"{at}: {word} makes no sense")
            result[word] = source[word]
    for bound, excluded in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        if source.get(excluded) is True and bound in result:
            result[excluded] = result.pop(bound)

    kind, nullable = source.get("type"), source.get("nullable") is True
    int_or_string = source.get("x-kubernetes-int-or-string") is True
    types_ = ["integer", "string"] if int_or_string else [kind] if isinstance(kind, str) else []
    if types_:
        result["type"] = [*types_, "null"] if nullable else types_

    keeps = within or judges or source.get(_PRESERVE) is True
    properties = _mapping(source.get("properties") or {}, f"{at}.properties")
    result["properties"] = {
        name: _json_schema(child, f"{at}.{name}", judges=judges, within=all_kept(within, kind))
        for name, child in properties.items()
    }
    return result

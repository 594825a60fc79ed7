"""The cluster's CRDs: the schema of each version of each kind, from files or from an API server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, escaped
from paletteai_components.kube import structural

CODE = "PAI016"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 200
STANDARD_INPUT = Path("-")

GET_CRDS = "Write the cluster's CRDs to a file with `kubectl get crds -o yaml > crds.yaml`."


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


def _unreadable(path: Path, fact: str, line: int | None = None) -> Diagnostic:
    message = f"{escaped(fact)}, so nothing was checked against the cluster's CRDs."
    return Diagnostic(CODE, message, GET_CRDS, (SourceLocation(_shown(path), line),))


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

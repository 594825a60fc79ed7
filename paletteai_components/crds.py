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
MAX_DEPTH = 300

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_KEYS = "x-kubernetes-list-map-keys"
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
        """What the schema asks that is not evaluated here, for example ``a CEL rule of spec``."""
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
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    depth = 0
    for event in yaml.parse(data, Loader=loader):
        # An alias lets a small file grow without bound, and deep nesting kills the C parser.
        if isinstance(event, yaml.AliasEvent):
            raise _Unusable("YAML aliases are not followed here", event.start_mark.line + 1)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _Unusable(f"nested deeper than {MAX_DEPTH}", event.start_mark.line + 1)
    yield from yaml.load_all(data, Loader=loader)


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
        json_schema = _json_schema(root, kind, drops=not keeps_all)
        json_schema["$defs"] = {"empty": {"additionalProperties": False, "items": _EMPTY}}
        yield Version(api_version, kind, scope, of.get("served") is True, file, json_schema)


def _mapping(value: object, at: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    raise _Unusable(f"{at} is not a mapping with text for keys")


# From a structural schema to a JSON Schema

_EMPTY = {"$ref": "#/$defs/empty"}
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
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


def _json_schema(node: object, at: str, *, drops: bool = True, kept: bool = False) -> dict[str, Any]:
    """The JSON Schema of one structural node and what is below it.

    `drops`: unknown fields are dropped here; not so below allOf, anyOf, oneOf and not, which
    declare nothing. `kept`: the list that holds the node keeps its items' unknown fields.
    """
    source = _mapping(node, at)
    if source.get(_EMBEDDED) is True:
        source = _as_resource(source, at)
    result = _constraints(source, at)
    kept = kept or source.get(_PRESERVE) is True

    properties = _mapping(source.get("properties") or {}, f"{at}.properties")
    result["properties"] = {
        name: _json_schema(child, f"{at}.{name}", drops=drops) for name, child in properties.items()
    }
    rest = source.get("additionalProperties")
    if isinstance(rest, Mapping):
        result["additionalProperties"] = _json_schema(rest, f"{at}.*", drops=drops)
    elif drops and rest is True:
        result["additionalProperties"] = _EMPTY
    elif drops and not kept and "object" in result.get("type", ["object"]):
        result["additionalProperties"] = False
    if source.get("items") is not None:
        result["items"] = _json_schema(source["items"], f"{at}[]", drops=drops, kept=kept)

    choices: dict[str, Any] = {}
    for word in ("allOf", "anyOf", "oneOf"):
        if source.get(word):
            branches = [_json_schema(branch, f"{at}.{word}", drops=False) for branch in source[word]]
            choices[word] = branches
    if source.get("not") is not None:
        choices["not"] = _json_schema(source["not"], f"{at}.not", drops=False)
    if choices and source.get("nullable") is True:
        # The API server asks of a null that is allowed nothing more.
        choices = {"if": {"type": "null"}, "else": choices}
    return {**result, **choices}


def _constraints(source: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The keywords of a node that say nothing about what is below it."""
    result: dict[str, Any] = {}
    for word, types in _COPIED.items():
        if word in source:
            if not isinstance(source[word], types) or (word == "multipleOf" and source[word] <= 0):
                raise _Unusable(f"{at}: {word} makes no sense")
            result[word] = source[word]
    for bound, excluded in _BOUNDS.items():
        if source.get(excluded) is True and bound in result:
            result[excluded] = result.pop(bound)
    either = source.get("x-kubernetes-int-or-string") is True
    if either or source.get("type"):
        result["type"] = ["integer", "string"] if either else [source["type"]]
        result["type"] += ["null"] if source.get("nullable") is True else []
    if source.get("x-kubernetes-list-type") == "set":
        result["uniqueItems"] = True
    if source.get("x-kubernetes-list-type") == "map":
        result[_KEYS] = source.get(_KEYS) or []
    unjudged = ["a CEL rule"] if source.get("x-kubernetes-validations") else []
    if "pattern" in source:
        pattern = _pattern(str(source["pattern"]))
        result |= {} if pattern is None else {"pattern": pattern}
        unjudged += ["the pattern"] if pattern is None else []
    return {**result, _UNJUDGED: unjudged} if unjudged else result


def _as_resource(source: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    """The node with the fields of every Kubernetes object, which a CRD need not declare."""
    declared = _mapping(source.get("properties") or {}, f"{at}.properties")
    of = {name: _mapping(declared.get(name) or {}, f"{at}.{name}") for name in ("apiVersion", "kind", "metadata")}
    narrowed = _mapping(of["metadata"].get("properties") or {}, f"{at}.metadata.properties")
    metadata = {
        name: {**plain, "nullable": True, **_mapping(narrowed.get(name) or {}, f"{at}.{name}")}
        for name, plain in _METADATA.items()
    }
    return {
        **source,
        "properties": {
            **declared,
            "apiVersion": {**_TEXT, **of["apiVersion"]},
            "kind": {**_TEXT, **of["kind"]},
            "metadata": {"type": "object", **of["metadata"], "properties": metadata},
        },
        "required": [*(source.get("required") or []), "apiVersion", "kind"],
    }


def _pattern(pattern: str) -> str | None:
    """The pattern as Python reads it, or None where it cannot mean what it means to Go."""
    # To Go, `$` is the very end, and \\d, \\s and \\w are ASCII.
    parts = re.split(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])", pattern, flags=re.DOTALL)
    parts = [r"\Z" if part == r"\z" else part for part in parts]
    if "(?" not in pattern:
        parts[::2] = [part.replace("$", r"\Z") for part in parts[::2]]
    translated = "(?a)" + "".join(parts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(translated)
        except (re.error, Warning, OverflowError, RecursionError):
            return None
    return translated


# From a manifest to problems


def _distinct(_: Any, keys: list[str], items: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(items, list):
        marks = [[item.get(key) for key in keys] for item in items if isinstance(item, dict)]
        if any(mark in marks[:position] for position, mark in enumerate(marks)):
            yield ValidationError("")


_FORMATS = FormatChecker(formats=("date", "email", "ipv4", "ipv6"))
_Validator = extend(Draft202012Validator, {_KEYS: _distinct})


def _defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value with the schema's defaults, which the API server puts in before it judges."""
    if isinstance(value, Mapping):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties")
        defaults = {name: child["default"] for name, child in known.items() if "default" in child}
        other = rest if isinstance(rest, dict) else {}
        return {name: _defaulted(item, known.get(name, other)) for name, item in {**defaults, **value}.items()}
    if isinstance(value, list | tuple):
        return [_defaulted(item, schema.get("items", {})) for item in value]
    return value


def _misplaced(namespace: object, version: Version) -> Iterator[tuple[str, str]]:
    crd = f"the CRD of {escaped(version.api_version)}"
    if version.scope == "Cluster" and namespace:
        yield (
            f"{crd} makes it cluster-scoped, so it can be in no namespace; the API server would refuse it",
            "leave metadata.namespace out",
        )
    if version.scope == "Namespaced" and not namespace:
        yield (
            f"{crd} makes it namespaced, and metadata.namespace is missing; "
            "it would land in whatever namespace is the client's default",
            "set metadata.namespace",
        )


def _not_served(subject: str, api_version: str, kind: str, crds: Crds, where: tuple[Place, ...]) -> Problem:
    group = api_version.rpartition("/")[0]
    of_group = [each for each in crds.versions.values() if each.api_version.startswith(f"{group}/")]
    of_kind = [each for each in of_group if each.kind == kind]
    if of_kind:
        served = sorted({each.api_version for each in of_kind if each.served})
        fact = f"its CRD serves {_list(served) or 'no version'}, not {escaped(api_version)}"
        help_ = f"set apiVersion to {_list(served)}, or update the package" if served else _GET_CRDS
        place = Place(of_kind[0].file)
    else:
        fact = f"no CRD handed over defines this kind in {escaped(group)}"
        kinds = sorted({each.kind for each in of_group if each.served})
        help_ = f"defined there: {_list(kinds)}; if the cluster has the kind, {_GET_CRDS}"
        place = Place(crds.source)
    return Problem(CODE, f"{subject}: {fact}; the API server would refuse it", help_, (*where, place))


def _told(error: Any, version: Version) -> Iterator[tuple[str, str]]:
    """One broken constraint as facts and remedies, without the value that breaks it."""
    crd = f"the CRD of {escaped(version.api_version)}"
    path, wants = _path(error.absolute_path), error.validator_value
    refused = "the API server would refuse it"
    match error.validator:
        case "additionalProperties":
            known = tuple(error.schema.get("properties", ()))
            for name in sorted(error.instance.keys() - known, key=str):
                full = _path([*error.absolute_path, name])
                yield (
                    f"{crd} knows no field {full}; the API server would drop it without a word",
                    f"{_nearest(version, path, str(name), known)}; "
                    "set it with paletteai:vendorFields or update the package",
                )
        case "required":
            for name in wants:
                if name not in error.instance:
                    full = _path([*error.absolute_path, name])
                    yield f"{crd} requires {full}, and it is missing; {refused}", _MEND
        case "type":
            is_ = _TYPES.get(type(error.instance), "something else")
            # A null field is dropped before anything is judged; a null in a list is not.
            dropped = is_ == "null" and error.absolute_path and isinstance(error.path[-1], str)
            then = "the API server would drop it without a word" if dropped else refused
            yield f"{crd} wants {path} to be {' or '.join(wants)}, and it is {is_}; {then}", _MEND
        case "enum":
            allowed = _list(json.dumps(value, default=str) for value in wants)
            yield f"{crd} allows {path} to be one of {allowed}, and it is not; {refused}", _MEND
        case "pattern":
            shown = escaped(str(wants).removeprefix("(?a)").replace(r"\Z", "$"))
            yield f"{crd} wants {path} to match {shown}, and it does not; {refused}", _MEND
        case "anyOf" | "oneOf" | "not" as word:
            yield f"{crd} restricts {path} by {word}, and it does not comply; {refused}", _MEND
        case "uniqueItems":
            yield f"{crd} makes {path} a set, and an item is in it twice; {refused}", _MEND
        case word if word == _KEYS:
            yield f"{crd} wants {_list(wants)} to differ in each item of {path}; {refused}", _MEND
        case word:
            limit = f"{word} {escaped(str(wants))}"
            yield f"{crd} limits {path} to {limit}, and it does not comply; {refused}", _MEND


_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


@lru_cache(maxsize=1024)
def _nearest(version: Version, parent: str, name: str, siblings: tuple[str, ...]) -> str:
    """What the field was perhaps meant to be: one beside it, of its name, or of a like path."""
    beside = difflib.get_close_matches(name, siblings, 1)
    if beside:
        return f"nearest known field: {escaped(_join(parent, beside[0]))}"
    path = _join(parent, name)
    top = path.partition(".")[0]
    within = f"{top}." if top in version.schema["properties"] else "spec."
    fields = [each for each in version.fields if each.startswith(within)]
    same = [each for each in fields if each.rpartition(".")[2] == name]
    elsewhere = difflib.get_close_matches(path, same, 1, 0.4) or difflib.get_close_matches(path, fields, 1)
    if elsewhere:
        return f"nearest known field: {escaped(elsewhere[0])}"
    return f"known there: {_list(sorted(siblings)) or 'no field at all'}"


def _nodes(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from _nodes(child, _join(path, name))
    for word in ("items", "additionalProperties"):
        if isinstance(child := schema.get(word), dict) and child is not _EMPTY:
            yield from _nodes(child, f"{path}[*]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _path(parts: Iterable[str | int]) -> str:
    path = ""
    for part in parts:
        plain = isinstance(part, str) and re.fullmatch(r"[\w-]+", part)
        path = _join(path, str(part)) if plain else f"{path}[{json.dumps(part)}]"
    return escaped(path) or "the object"


def _list(things: Iterable[str], most: int = 12) -> str:
    shown = [escaped(thing) for thing in things]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more

"""Strategies for fleets: stack files that collide, dangle and misname as people's files do.

Pools of names are small, so that two declarations often mean the same thing. What is drawn is what
the schema accepts; whether it is right is for the rules to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from oracle import Binding, File, Files, Path
from paletteai_components.document import document_from
from paletteai_components.fleet import Fleet
from paletteai_components.stack import Stack, stack_from_config
from samples import digest

__all__ = ["Binding", "declarations", "drawn_fleet", "fleet_of", "fleets", "line_of", "written"]

_Strategy = st.SearchStrategy[Any]

_KEYS = st.sampled_from(["shared", "edge", "lab", "spare"])
_SETTINGS = st.sampled_from(["default", "default", "edge", "lab", "Edge_1"])
_PROJECTS = st.sampled_from(["vision", "line-1", "lab", "tenant-acme", "tenant-beta", "kube-system", "default", "Vision"])
_TENANTS = st.sampled_from(["acme", "acme", "beta", "acme", "Beta", "a" * 57])
_CIPHERTEXTS = ["v1:AAAA:1111", "v1:BBBB:2222", "v1:CCCC:3333"]
_FINGERPRINTS = [f"pai1:{letter * 40}" for letter in "abc"]
_DISPLAY = st.sampled_from(["Vision", "Line 1", "Line-1", " Vision", ""])
_SECRETS = st.sampled_from(["one", "two", "default-palette", "edge-palette", "Bad_", "a.b"])
_EXISTING = st.one_of(_SECRETS, st.sampled_from(["tenant-acme/one", "vision/one", "tenant-acme/default-palette"]))
_COMPUTE = st.sampled_from([{"name": "default"}, {"name": "default", "namespace": "tenant-acme"}, {"name": "Big_"}])

_HOSTS = st.sampled_from(
    [
        "https://api.spectrocloud.com",
        "https://API.spectrocloud.com:443/",
        "https://palette.acme.example:8443",
        "http://api.spectrocloud.com",
        "https://palette.acme.example/v1",
        "CHANGE_ME",
    ]
)


def _rarely(strategy: _Strategy, out_of: int = 4) -> _Strategy:
    """None most of the time; `_stated` then leaves the field out."""
    return st.integers(0, out_of - 1).flatmap(lambda roll: strategy if roll == out_of - 1 else st.none())


def _often(strategy: _Strategy) -> _Strategy:
    return st.integers(0, 11).flatmap(lambda roll: st.none() if roll == 11 else strategy)


def _stated(**fields: _Strategy) -> _Strategy:
    """An object of the fields that are not None."""
    return st.fixed_dictionaries(fields).map(
        lambda drawn: {field: value for field, value in drawn.items() if value is not None}
    )


@st.composite
def _fingerprints(draw: st.DrawFn, ciphertext: str) -> dict[str, str]:
    value = draw(st.sampled_from([*_FINGERPRINTS, "by-hand"]))
    stale = draw(st.integers(0, 4)) == 4
    return {"value": value, "ciphertext": "0" * 32 if stale else digest(ciphertext)}


def _own_credential(ciphertext: str) -> _Strategy:
    return _stated(
        hostUrl=_often(_HOSTS),
        tenant=_often(st.sampled_from(["example-tenant", "example-tenant", "other", "CHANGE_ME"])),
        defaultProjectID=_often(st.sampled_from(["651234567890123456789012", "650000000000000000000001", ""])),
        apiKey=_often(st.sampled_from([{"secure": ciphertext}, {"secure": ciphertext}, {"secure": ""}, "as-text"])),
        fingerprint=_rarely(_fingerprints(ciphertext), 2),
        credential=_rarely(st.sampled_from(["vault://a"]), 12),
    )


_elsewhere = _stated(
    existingSecret=_EXISTING,
    credential=_rarely(st.sampled_from(["vault://a", "vault://b"]), 2),
    tenant=_rarely(st.just("example-tenant"), 6),
)
_integrations = st.one_of(
    st.sampled_from(_CIPHERTEXTS).flatmap(_own_credential),
    st.sampled_from(_CIPHERTEXTS).flatmap(_own_credential),
    _elsewhere,
)


def _settings(**more: _Strategy) -> _Strategy:
    reference = _rarely(_stated(existingSecret=_EXISTING), 6)
    return _stated(
        palette=st.integers(0, 4).flatmap(lambda roll: st.none() if roll == 4 else _KEYS),
        secretName=_rarely(_SECRETS),
        huggingFace=reference,
        nvidia=reference,
        **more,
    )


_projects = _stated(
    name=_PROJECTS,
    displayName=_rarely(_DISPLAY),
    settings=_rarely(_settings(name=_rarely(_SETTINGS)), 3),
    settingsRef=_rarely(st.sampled_from(["default", "edge", "lab", "platform", "nowhere"])),
    sharedClusterOnly=_rarely(st.booleans()),
    computeConfigRef=_rarely(_COMPUTE),
)


@st.composite
def _tenants(draw: st.DrawFn) -> dict[str, Any]:
    settings = draw(st.dictionaries(_SETTINGS, _settings(), max_size=3))
    elsewhere = st.lists(st.sampled_from(["platform", "default", "Bad_"]), max_size=2, unique=True)
    tenant: dict[str, Any] = draw(
        _stated(
            name=_TENANTS,
            existing=_rarely(st.booleans()),
            namespace=_rarely(st.sampled_from(["acme", "tenant-acme", "vision", "mural-system"]), 6),
            displayName=_rarely(_DISPLAY),
            settingsRef=_rarely(st.sampled_from(["default", "edge", "platform", "nowhere"])),
            sharedClusterOnly=_rarely(st.booleans()),
            computeConfigRef=_rarely(_COMPUTE, 2),
            projects=st.lists(_projects, max_size=4),
        )
    )
    tenant["settings"] = settings
    if names := [name for name in draw(_rarely(elsewhere, 3)) or () if name not in settings]:
        tenant["existingSettings"] = names
    return tenant


@st.composite
def declarations(draw: st.DrawFn) -> File:
    """What one stack file says."""
    config = draw(
        _stated(
            **{
                "kubernetes:context": _rarely(st.sampled_from(["dev", "prod"]), 2),
                "paletteai:cluster": _rarely(st.sampled_from(["dev", "plant-1"])),
                "paletteai:environment": _rarely(st.sampled_from(["dev", "prod"]), 6),
                "paletteai:mergedSettings": _rarely(st.booleans()),
                "paletteai:integrations": st.dictionaries(_KEYS, _integrations, max_size=4),
                "paletteai:tenant": _tenants(),
            }
        )
    )
    imports = draw(_rarely(st.just(["acme/dev"]), 8))
    return {"config": config} | ({"environment": imports} if imports else {})


@st.composite
def fleets(draw: st.DrawFn, most: int = 4) -> Files:
    """Stack files by the name of their stack, in the order in which a fleet reads them."""
    files: Files = {}
    for file in draw(st.lists(declarations(), min_size=1, max_size=most)):
        environment = draw(st.sampled_from(["dev", "dev", "prod"]))
        name = f"{file['config']['paletteai:tenant']['name']}.{environment}"
        other = draw(st.sampled_from([f"acme.eu.{environment}", "acme"]))
        # Where the right name is taken, a wrong one has to do.
        files[other if name in files or draw(st.integers(0, 9)) == 9 else name] = file
    return dict(sorted(files.items()))


def written(file: File) -> tuple[str, dict[Path, int]]:
    """The file as YAML, everything quoted, and the line of everything that is in it."""
    lines: dict[Path, int] = {}
    text = list(_yaml(file, (), "", lines, 0))
    return "\n".join(text) + "\n", lines


def _yaml(value: Any, path: Path, indent: str, lines: dict[Path, int], above: int) -> Iterator[str]:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        lead = f"{indent}{json.dumps(key)}:" if isinstance(value, dict) else f"{indent}-"
        above += 1
        lines[(*path, key)] = above
        if isinstance(inner, dict | list) and inner:
            yield lead
            for line in _yaml(inner, (*path, key), f"{indent}  ", lines, above):
                above += 1
                yield line
        else:
            yield f"{lead} {json.dumps(inner)}"


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of what stands at a path of the declaration, or of the nearest thing around it."""
    full: Path = ("config", f"paletteai:{path[0]}", *path[1:])
    while full not in lines:
        full = full[:-1]
    # An object in a list begins with its first field, a line below the dash.
    begins = isinstance(full[-1], int) and any(len(other) == len(full) + 1 and other[:-1] == full for other in lines)
    return lines[full] + begins


def stack_of(name: str, file: File) -> tuple[Stack, dict[Path, int]]:
    """The stack of a file, and the lines of what is in it."""
    text, lines = written(file)
    shown = f"stacks/Pulumi.{name}.yaml"
    document = document_from(text.encode(), shown)
    imports = tuple(file.get("environment", ()))
    return stack_from_config(name, document.value["config"], shown, (document,), imports=imports), lines


def fleet_of(files: Files) -> tuple[Fleet, dict[str, dict[Path, int]]]:
    """The fleet of the files, and the lines of what is in each."""
    stacks = {name: stack_of(name, file) for name, file in files.items()}
    return Fleet(tuple(stack for stack, _ in stacks.values())), {name: lines for name, (_, lines) in stacks.items()}



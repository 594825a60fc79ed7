"""Strategies for fleets: stack files that collide, dangle and misname as people's files do.

Pools of names are small, so that two declarations often mean the same thing. What is drawn is what
the schema accepts; whether it is right is for the rules to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
from paletteai_components.stacks.workspace import Workspace
from support.oracle import File, Files, Path
from support.samples import PROJECT_ID, PROOF, digest

_Strategy = st.SearchStrategy[Any]

_CIPHERTEXTS = ("v1:AAAA:1111", "v1:BBBB:2222", "v1:CCCC:3333")
_FINGERPRINTS = (*(f"pai1:{letter * 40}" for letter in "abc"), "by-hand")


def _of(*values: Any, none: int = 0) -> _Strategy:
    """One of the values; None as often as if it stood among them `none` times."""
    return st.sampled_from([*[None] * none, *values])


def _some(strategy: _Strategy, none: int) -> _Strategy:
    """What the strategy draws, or None, which is `none` times as likely."""
    return st.one_of(*[st.none()] * none, strategy)


def _stated(**fields: _Strategy) -> _Strategy:
    """An object of the fields that are not None."""
    return st.fixed_dictionaries(fields).map(
        lambda drawn: {field: value for field, value in drawn.items() if value is not None}
    )


_KEYS = _of("shared", "edge", "lab", "spare")
_SETTINGS = ("default", "default", "edge", "lab", "Edge_1")
_EXISTING = ("one", "two", "default-palette", "Bad_", "tenant-acme/one", "vision/one", "tenant-acme/default-palette")
_COMPUTE = (
    {"name": "default"},
    {"name": "default", "namespace": "tenant-acme"},
    {"name": "default", "namespace": ""},
    {"name": "Big_", "namespace": "B"},
)
_ENTRIES: tuple[dict[str, str], ...] = ({"team": "ml"}, {"istio-injection": "enabled"}, {})
_DISPLAY = ("Vision", "Line 1", "Line-1", " Vision", "")
_HOSTS = (
    "https://api.spectrocloud.com",
    "https://API.spectrocloud.com:443/",
    "https://api.spectrocloud.com.",
    "https://palette.acme.example:8443",
    "http://api.spectrocloud.com",
    "https://palette.acme.example/v1",
    "CHANGE_ME",
)


def _with_fingerprint(drawn: dict[str, Any]) -> dict[str, Any]:
    if "fingerprint" in drawn:
        value, stale = drawn["fingerprint"]
        key = drawn.get("apiKey")
        sealed = key["secure"] if isinstance(key, dict) else ""
        drawn["fingerprint"] = {"value": value, "ciphertext": "0" * 32 if stale else digest(sealed), "proof": PROOF}
    return drawn


def _own_credentials(*, whole: bool) -> _Strategy:
    sealed = [{"secure": ciphertext} for ciphertext in _CIPHERTEXTS]
    lacking, keys = (0, sealed) if whole else (1, [*sealed, *sealed, {"secure": ""}, "as-text"])
    return _stated(
        hostUrl=_of(*_HOSTS[: 4 if whole else None], none=lacking),
        tenant=_of("example-tenant", "example-tenant", *([] if whole else ["CHANGE_ME"]), none=lacking),
        defaultProjectID=_of(PROJECT_ID, PROJECT_ID, "65-other", *([] if whole else [""]), none=lacking),
        apiKey=_of(*keys, none=lacking),
        fingerprint=_some(st.tuples(_of(*_FINGERPRINTS[: 3 if whole else None]), _of(False, False, True)), 1),
        credential=_of("vault://a", none=100 if whole else 9),
    ).map(_with_fingerprint)


_integrations = st.one_of(
    _own_credentials(whole=True),
    _own_credentials(whole=True),
    _own_credentials(whole=False),
    _stated(
        existingSecret=_of(*_EXISTING),
        credential=_of("vault://a", "vault://b", none=2),
        tenant=_of("example-tenant", none=5),
    ),
)


def _settings(**more: _Strategy) -> _Strategy:
    reference = _of(*({"existingSecret": name} for name in _EXISTING), none=25)
    return _stated(
        palette=_some(_KEYS, 1),
        secretName=_of("one", "default-palette", "edge-palette", "Bad_", "a.b", none=12),
        secretLabels=_of(*_ENTRIES, none=20),
        secretAnnotations=_of(*_ENTRIES, none=20),
        huggingFace=reference,
        nvidia=reference,
        **more,
    )


_projects = _stated(
    name=_of("vision", "line-1", "lab", "tenant-acme", "kube-system", "default", "Vision"),
    displayName=_of(*_DISPLAY, none=10),
    settings=_some(_settings(name=_of(*_SETTINGS, none=10)), 2),
    settingsRef=_of("default", "edge", "lab", "platform", "nowhere", none=6),
    sharedClusterOnly=_of(True, False, none=6),
    computeConfigRef=_of(*_COMPUTE, none=8),
    createNamespace=_of(False, none=6),
    namespaceLabels=_of(*_ENTRIES, none=9),
    namespaceAnnotations=_of(*_ENTRIES, none=9),
)

_tenants = _stated(
    name=_of("acme", "acme", "acme", "beta", "Beta", "a" * 57),
    existing=_of(True, False, none=6),
    namespace=_of("acme", "tenant-acme", "vision", "mural-system", none=16),
    displayName=_of(*_DISPLAY, none=10),
    settings=st.dictionaries(_of(*_SETTINGS), _settings(), max_size=3),
    existingSettings=_of(["platform"], ["default", "platform"], ["Bad_"], none=8),
    settingsRef=_of("default", "edge", "platform", "nowhere", none=8),
    sharedClusterOnly=_of(True, False, none=6),
    computeConfigRef=_of(*_COMPUTE, none=3),
    createNamespace=_of(False, none=6),
    namespaceLabels=_of(*_ENTRIES, none=9),
    namespaceAnnotations=_of(*_ENTRIES, none=9),
    projects=st.lists(_projects, max_size=4),
)


def _told_apart(tenant: dict[str, Any]) -> dict[str, Any]:
    # One name both made here and elsewhere has no meaning.
    elsewhere = [name for name in tenant.get("existingSettings", ()) if name not in tenant["settings"]]
    return {**tenant, "existingSettings": elsewhere}


_anything = _stated(
    **{
        "kubernetes:context": _of("dev", "dve", "prod", none=2),
        "paletteai:cluster": _of("dev", "plant-1", none=6),
        "paletteai:environment": _of("dev", "prod", none=10),
        "paletteai:mergedSettings": _of(True, False, False, none=3),
        "paletteai:integrations": st.dictionaries(_KEYS, _integrations, max_size=4),
        "paletteai:tenant": _tenants.map(_told_apart),
    }
)

# Nothing but credentials: everything else in these files is as it should be.
_credentials_only = st.tuples(
    _of("acme", "beta", "gamma"), st.lists(_own_credentials(whole=True), min_size=1, max_size=3)
).map(
    lambda drawn: {
        "paletteai:integrations": {f"i{at}": integration for at, integration in enumerate(drawn[1])},
        "paletteai:tenant": {
            "name": drawn[0],
            "settings": {f"s{at}": {"palette": f"i{at}"} for at in range(len(drawn[1]))},
        },
    }
)


def declarations() -> _Strategy:
    """What one stack file says."""
    return st.one_of(
        *[_anything.map(lambda config: {"config": config})] * 3,
        _anything.map(lambda config: {"config": config, "environment": ["acme/dev"]}),
        *[_credentials_only.map(lambda config: {"config": config})] * 2,
    )


@st.composite
def workspaces(draw: st.DrawFn, most: int = 4) -> Files:
    """Stack files by the name of their stack, in the order in which a fleet reads them."""
    files: Files = {}
    for file in draw(st.lists(declarations(), min_size=1, max_size=most)):
        environment = draw(_of("dev", "dev", "prod"))
        name = f"{file['config']['paletteai:tenant']['name']}.{environment}"
        other = draw(_of(f"acme.eu.{environment}", "acme"))
        # Where the right name is taken, a wrong one has to do.
        files[other if name in files or draw(_of(*range(10))) == 9 else name] = file
    return dict(sorted(files.items(), key=lambda file: f"Pulumi.{file[0]}.yaml"))


_ROLES = ("default", "named", "own", "elsewhere")


def _sound(at: int, drawn: dict[str, Any]) -> File:
    """A stack with nothing wrong with it: every integration has one place and every project gets one, or none."""
    tenant: dict[str, Any] = {"name": f"t{at}", "computeConfigRef": {"name": "default"}, **drawn["tenant"]}
    if not tenant.get("createNamespace", True):
        tenant = {field: value for field, value in tenant.items() if not field.startswith("namespace")}
    made: dict[str, Any] = {}
    projects: list[dict[str, Any]] = []
    elsewhere: list[str] = []
    integrations: dict[str, Any] = {}
    for number, (role, existing) in enumerate(drawn["roles"]):
        key, mark = f"i{number}", f"{at}-{number}"
        if existing:
            integrations[key] = {"existingSecret": f"secret-{number}", "credential": f"vault://{mark}"}
        else:
            made_for = {"value": f"pai1:{at:020}{number:020}", "ciphertext": digest(f"v1:{mark}"), "proof": PROOF}
            fields = {"tenant": "t", "defaultProjectID": f"65-{mark}", "apiKey": {"secure": f"v1:{mark}"}}
            integrations[key] = {"hostUrl": "https://api.example", **fields, "fingerprint": made_for}
        body = {"palette": key, "nvidia": {"existingSecret": f"ngc-{number}"}}
        if role == "elsewhere":
            del integrations[key]
            elsewhere.append(f"there-{number}")
            projects.append({"name": f"p{mark}", "settingsRef": f"there-{number}"})
        elif role == "own":
            own = {"settings": {"name": f"own-{number}", **body}, "deploymentNamespaces": {"allow": ["team-*"]}}
            projects.append({"name": f"p{mark}", "description": "“Own”: é", "annotations": {"by": "us"}, **own})
        elif role == "default" and "default" not in made:
            made["default"] = body
        else:
            made[f"s{number}"] = body
            projects.append({"name": f"p{mark}", "settingsRef": f"s{number}", "roleMapping": {"viewer": ["all"]}})
    alone = {} if "default" in made else {"sharedClusterOnly": True}
    projects += [{"name": f"q{at}-{number}", **alone} for number in range(drawn["more"])]
    tenant |= {"settings": made, "existingSettings": elsewhere, "projects": projects}
    return {"config": {"paletteai:integrations": integrations, "paletteai:tenant": tenant}}


def _sound_drawn(least: int) -> _Strategy:
    both = {"labels": _of({"team": "ml"}, none=2), "onRemoval": _of("delete", "retain", none=2)}
    namespaces = {field: _of(*_ENTRIES, none=3) for field in ("namespaceLabels", "namespaceAnnotations")}
    made = _stated(
        displayName=_of("Acme", "Line 1", none=1),
        description=_of("Makes things: é, “x”.", none=2),
        groups=_of(["admins"], none=1),
        createNamespace=_of(False, none=2),
        extraSpec=_of({}, none=2),
        **both,
        **namespaces,
    )
    tenants = st.one_of(made, made, _stated(existing=_of(True), **both))
    roles = st.lists(st.tuples(_of(*_ROLES), _of(False, True)), min_size=least, max_size=4)
    return st.fixed_dictionaries({"tenant": tenants, "roles": roles, "more": st.integers(0, 2)})


def sound_stacks(least: int = 0) -> _Strategy:
    """What one stack file says that keeps to every rule. Two with many integrations share credentials."""
    return _sound_drawn(least).map(lambda drawn: _sound(0, drawn))


def sound_workspaces() -> _Strategy:
    """Fleets that keep to every rule."""
    return st.lists(_sound_drawn(0), min_size=1, max_size=3).map(
        lambda stacks: {f"t{at}.dev": _sound(at, stack) for at, stack in enumerate(stacks)}
    )


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
    head = str(path[0]) if path else ""
    full: Path = ("config", head if ":" in head else f"paletteai:{head}", *path[1:])
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
    stack = stack_from_config(name, document.value["config"], shown, (document,))
    return replace(stack, imports=imports), lines


def workspace_of(files: Files) -> tuple[Workspace, dict[str, dict[Path, int]]]:
    """The fleet of the files, and the lines of what is in each."""
    stacks = {name: stack_of(name, file) for name, file in files.items()}
    return Workspace(tuple(stack for stack, _ in stacks.values())), {name: lines for name, (_, lines) in stacks.items()}

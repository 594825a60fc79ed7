"""Programs that tests run: what they declare in Python, and stacks as Pulumi hands them over."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pulumi

from paletteai_components import (
    ComputeConfigRefArgs,
    DeclarationError,
    PaletteCredential,
    SettingsArgs,
    Tenant,
    TenantArgs,
    deploy,
)
from paletteai_components.credentials import fingerprint_of, proof_of, settings_proof_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION, PROOF_ANNOTATION, objects_of
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks.stack import Stack
from support.checkout import ROOT
from support.recording import Recording, recorded, ref_of
from support.samples import HOST, PROJECT_ID

# Characters that JSON, base64 and shells each write in their own way.
KEY = 'Canary-"key"\\of/the+mine=7'


def credential(name: str = "shared", api_key: Any = KEY, **fields: Any) -> PaletteCredential:
    """A credential on the usual host."""
    every = {"host_url": HOST, "tenant": "example-tenant", "default_project_id": PROJECT_ID, **fields}
    return PaletteCredential(name, api_key=api_key, **every)


def another(name: str, **fields: Any) -> PaletteCredential:
    """A credential with a key of its own."""
    return credential(name, **{"api_key": another_key(name), **fields})


def another_key(name: str) -> str:
    """The key of its own that a credential of a name has."""
    return f"Key-0f-{name}-of-the-2nd-mine"


def acme(name: str = "acme", opts: Any = None, **fields: Any) -> Tenant:
    """The tenant acme, whose default Settings hold a credential unless other ones are given."""
    every = {
        "name": "acme",
        "settings": {"default": SettingsArgs(palette=credential())},
        "compute_config_ref": ComputeConfigRefArgs("default"),
        **fields,
    }
    return Tenant(name, TenantArgs(**every), opts)


def output(value: Any) -> Any:
    """A value that is known to the engine only."""
    return pulumi.Output.from_input(value)


async def later(value: Any) -> Any:
    """A value that is awaited."""
    return value


def key_in(ciphertext: str) -> str:
    """The key in a ciphertext, as these tests have it."""
    return f'{KEY}-{hashlib.sha256(ciphertext.encode()).hexdigest()[:12]}"'


def handed_over(declared: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """A file's `config` as Pulumi hands it over: opened, objects as JSON; and the keys that hold a secret."""
    config = {"paletteai:integrations": {}, **declared}
    texts = {key: value if isinstance(value, str) else json.dumps(_opened(value)) for key, value in config.items()}
    return texts, [key for key, value in config.items() if _opened(value) != value]


def deployed(folder: Path, name: str, **more: Any) -> Recording:
    """What deploying a stack of a folder does. What is not said otherwise comes from its file."""
    path = folder / f"Pulumi.{name}.yaml"
    declared = document_from(path.read_bytes(), path.name).value["config"] if path.exists() else {}
    config, secret_keys = handed_over(declared)
    given = {"config": config, "secret_keys": secret_keys, **more}
    return recorded(lambda: deploy(folder), name, **given)


def deployment(folder: Path, declared: Mapping[str, Any], before: Recording | None = None, **more: Any) -> Recording:
    """What deploying a declaration as the stack acme.dev does, after another deployment of it."""
    config, secret_keys = handed_over(declared)
    outputs = {"outputs": before.exports} if before else {}
    return deployed(folder, "acme.dev", config=config, secret_keys=secret_keys, **{**outputs, **more})


def rendered(stack: Stack) -> dict[Any, Any]:
    """What `render` prints, with the fingerprints that only somebody with the keys can tell."""
    assert stack.plan is not None
    manifests = {ref_of(each.manifest): each.manifest for each in objects_of(stack.plan, stack.api)}
    for each in stack.plan.settings:
        integration = each.integration
        if integration and integration.api_key and integration.api_key.ciphertext:
            metadata = manifests["Settings", each.namespace, each.name]["metadata"]
            told = fingerprint_of(key_in(integration.api_key.ciphertext))
            proof = settings_proof_of(key_in(integration.api_key.ciphertext), str(each))
            told_by = {FINGERPRINT_ANNOTATION: told, PROOF_ANNOTATION: proof}
            metadata["annotations"] = {**metadata.get("annotations", {}), **told_by}
    return manifests


def refused(recording: Recording) -> list[str]:
    """The codes of what was refused, and that nothing was registered."""
    assert isinstance(recording.error, DeclarationError), recording.error
    assert recording.resources == []
    assert recording.exports == {}
    return [diagnostic.code for diagnostic in recording.error.diagnostics]


def copied_examples(folder: Path) -> Path:
    """The example stacks in another folder, where they may be changed, and are opened by `key_in`."""
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    for path in (folder / "stacks").iterdir():
        text = path.read_text()
        integrations = document_from(text.encode(), path.name).value["config"].get("paletteai:integrations", {})
        for each in integrations.values():
            if "fingerprint" in each:
                told = fingerprint_of(key_in(each["apiKey"]["secure"]))
                text = text.replace(each["fingerprint"]["value"], told)
                sealed = each["apiKey"]["secure"]
                proof = proof_of(key_in(sealed), path.name[7:-5], each["hostUrl"], sealed)
                text = text.replace(each["fingerprint"]["proof"], proof)
        path.write_text(text)
    return folder / "stacks"


def written(folder: Path, name: str, text: str) -> Path:
    """A stack file with a text below `config:`, in a folder of its own."""
    path = folder / f"Pulumi.{name}.yaml"
    lines = [f"  {line}" for line in text.strip("\n").splitlines()]
    path.write_text("\n".join(["config:", *lines]) + "\n")
    return path


def disguises(key: str) -> Iterator[str]:
    """What a key looks like where it leaks: as it is, and in the usual encodings, also inside of more."""
    yield key
    yield json.dumps(key)[1:-1]
    yield json.dumps(key, ensure_ascii=False)[1:-1]
    yield json.dumps(json.dumps(key))[2:-2]
    yield repr(key)[1:-1]
    yield quote(key)
    yield quote(key, safe="")
    yield hashlib.sha256(key.encode()).hexdigest()
    for text in (key, json.dumps(key)[1:-1]):
        for shift in range(3):
            # In base64 a text looks different at each of three positions; its edges mix with what is around it.
            encoded = base64.b64encode(b"\0" * shift + text.encode()).decode().rstrip("=")
            inner = encoded[4 if shift else 0 : len(encoded) - 2]
            yield inner
            yield inner.replace("+", "-").replace("/", "_")


def leaks(texts: Iterator[str] | list[str], *keys: str) -> list[str]:
    """Those of the texts in which a key can be read."""
    every = [form for key in keys for form in disguises(key)]
    return [text for text in texts if any(form in text for form in every)]


def _opened(value: Any) -> Any:
    match value:
        case {"secure": str(ciphertext), **rest} if not rest:
            return key_in(ciphertext)
        case dict():
            return {key: _opened(inner) for key, inner in value.items()}
        case list():
            return [_opened(inner) for inner in value]
    return value

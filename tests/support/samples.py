"""Declarations that tests are about, and short ways to say them."""

from __future__ import annotations

import hashlib
from textwrap import dedent, indent
from typing import Any

from paletteai_components.diagnostics import Diagnostic
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
from paletteai_components.stacks.workspace import Workspace

HOST = "https://api.spectrocloud.com"
PROJECT_ID = "651234567890123456789012"
PROOF = "0" * 40
"""Stands where the proof of a fingerprint stands, which no offline command can verify."""


def digest(ciphertext: str) -> str:
    """The digest by which a fingerprint says which encryption it was made for."""
    parts = (b"paletteai-components/ciphertext", ciphertext.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()[:32]


def declared_credential(ciphertext: str = "v1:AAAA:1111", **fields: Any) -> dict[str, Any]:
    """A complete Palette credential; a field given as None is left out."""
    every = {
        "hostUrl": HOST,
        "tenant": "example-tenant",
        "defaultProjectID": PROJECT_ID,
        "apiKey": {"secure": ciphertext},
        **fields,
    }
    return {field: value for field, value in every.items() if value is not None}


def stack(config: str, name: str = "acme.dev", **more: Any) -> Stack:
    """The stack that some lines below `config:` declare."""
    file = f"stacks/Pulumi.{name}.yaml"
    document = document_from(f"config:\n{indent(dedent(config).strip(), '  ')}\n".encode(), file)
    return stack_from_config(name, document.value["config"], file, (document,), **more)


def workspace(*stacks: Stack) -> Workspace:
    """The stacks as one fleet."""
    return Workspace(stacks)


def told(diagnostics: list[Diagnostic], code: str) -> list[Diagnostic]:
    """The problems of one code."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.code == code]


def codes(diagnostics: list[Diagnostic]) -> list[str]:
    """The codes of the problems, in their order."""
    return [diagnostic.code for diagnostic in diagnostics]


def inline(ciphertext: str, host: str = HOST, project: str = PROJECT_ID, fingerprint: str = "") -> str:
    """A complete credential on one line, with a fingerprint of one repeated digit where one is given."""
    value = f'{{value: "pai1:{fingerprint * 40}", ciphertext: {digest(ciphertext)}, proof: "{PROOF}"}}'
    made = f", fingerprint: {value}" if fingerprint else ""
    return f'{{hostUrl: "{host}", tenant: t, defaultProjectID: "{project}", apiKey: {{secure: "{ciphertext}"}}{made}}}'


def bound(name: str, *integrations: str) -> Stack:
    """A stack in which every integration is in a Settings of its own, and which is fine otherwise."""
    lines = ["kubernetes:context: " + name, "paletteai:integrations:"]
    lines += [f"  i{at}: {integration}" for at, integration in enumerate(integrations)]
    settings = ", ".join(f"s{at}: {{palette: i{at}}}" for at in range(len(integrations)))
    lines += ["paletteai:tenant:", f"  name: {name.partition('.')[0]}", f"  settings: {{{settings}}}"]
    return stack("\n".join(lines), name)

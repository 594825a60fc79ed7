"""Stacks with decrypted keys, to write Secrets or fingerprints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from paletteai_components.cli.folder import project_of
from paletteai_components.cli.selection import Selection
from paletteai_components.credentials import ApiKey
from paletteai_components.deployment.decryption import EngineError, opened_keys
from paletteai_components.diagnostics import Diagnostic, errors_in
from paletteai_components.kube.manifests import Manifest, palette_document
from paletteai_components.model.planned import IntegrationType, PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.rules import diagnostics_of
from paletteai_components.shell import command, folder_of
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import concerning

Keys = Mapping[str, Mapping[str, str]]
"""The keys in plain text, by stack, then by integration."""


def opened(selection: Selection, folder: StackFolder) -> tuple[list[Diagnostic], tuple[Stack, ...], Keys]:
    """Decrypt the keys of the selected stacks with Pulumi, and check the stacks again with their keys.

    Args:
        selection: The stacks.
        folder: The folder of their files.

    Returns:
        The errors, the stacks with their keys, and the keys.

    Raises:
        EngineError: Pulumi cannot decrypt a key.
    """
    keys = {stack.name: _open_keys(stack, folder) for stack in selection.stacks}
    stacks = tuple(_with_keys(stack, keys[stack.name]) for stack in selection.stacks)
    others = [stack for stack in selection.workspace.stacks if stack.name not in keys]
    diagnostics = diagnostics_of(replace(selection.workspace, stacks=(*stacks, *others)))
    return errors_in(concerning(diagnostics, stacks)), stacks, keys


def manifests_with_data(stacks: Iterable[Stack], keys: Keys) -> Iterator[Manifest]:
    """Every manifest of the stacks, including the data of their Secrets."""
    for stack in stacks:
        integrations = stack.integrations
        for each in stack.objects:
            if each.kind == "Secret" and isinstance(each.owner, PlannedSettings):
                palette = str(each.owner.palette)
                document = palette_document(integrations[palette], keys[stack.name][palette])
                encoded = b64encode(document.encode()).decode("ascii")
                yield {**each.manifest, "data": {IntegrationType.PALETTE.value: encoded}}
            else:
                yield each.manifest


def _open_keys(stack: Stack, folder: StackFolder) -> dict[str, str]:
    sealed = {name for name, integration in stack.integrations.items() if integration.existing_secret is None}
    keys = opened_keys(stack.name, project_of(folder)) if sealed else {}
    missing = sorted(sealed - keys.keys())
    if missing:
        config = command("pulumi config", cwd=folder_of(stack.file), stack=stack.name)
        raise EngineError(
            f"pulumi returned no key for integration `{named(missing[0])}` of stack `{stack.name}`. Its Secret "
            "would be empty, so nothing was written.",
            f"`{config}` lists the values that Pulumi has.",
        )
    return {name: keys[name] for name in sealed}


def _with_keys(stack: Stack, keys: Mapping[str, str]) -> Stack:
    if stack.spec is None:
        return stack
    integrations = dict(stack.spec.integrations)
    for name, key in keys.items():
        sealed = integrations[name].api_key
        opened_key = ApiKey.opened(key, ciphertext=sealed.ciphertext if sealed else None)
        integrations[name] = integrations[name].model_copy(update={"api_key": opened_key})
    return replace(stack, spec=stack.spec.model_copy(update={"integrations": integrations}))

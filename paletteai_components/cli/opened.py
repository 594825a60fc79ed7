"""Stacks whose keys were opened, to write Secrets or fingerprints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from paletteai_components.cli.selection import Selection
from paletteai_components.credential import ApiKey
from paletteai_components.engine import EngineError, opened_keys
from paletteai_components.fleet import concerning
from paletteai_components.manifests import Manifest, palette_document
from paletteai_components.problem import Problem, Severity, escaped
from paletteai_components.redaction import named
from paletteai_components.rules import problems_of
from paletteai_components.spec import IntegrationSpec
from paletteai_components.stack import Stack

Keys = Mapping[str, Mapping[str, str]]
"""The keys as text: by stack, then by integration."""


def project_of(folder: Path) -> Path:
    """The folder of the Pulumi project whose stack files lie in a folder."""
    return folder.resolve().parent


def opened(selection: Selection, folder: Path) -> tuple[list[Problem], tuple[Stack, ...], Keys]:
    """The selected stacks with their keys opened, what that shows to be wrong, and the keys.

    Raises EngineError.
    """
    keys = {stack.name: _keys_of(stack, folder) for stack in selection.stacks}
    stacks = tuple(_with_handles(stack, keys[stack.name]) for stack in selection.stacks)
    others = [stack for stack in selection.fleet.stacks if stack.name not in keys]
    judged = problems_of(replace(selection.fleet, stacks=(*stacks, *others)))
    problems = [each for each in concerning(judged, stacks) if each.severity is Severity.ERROR]
    return problems, stacks, keys


def with_data(manifests: Iterable[Manifest], stacks: Iterable[Stack], keys: Keys) -> list[Manifest]:
    """The manifests with the data of their Secrets."""
    data = dict(entry for stack in stacks for entry in _data_of(stack, keys[stack.name]))
    return [
        {**manifest, "data": data[manifest["metadata"]["namespace"], manifest["metadata"]["name"]]}
        if manifest["kind"] == "Secret"
        else manifest
        for manifest in manifests
    ]


def _keys_of(stack: Stack, folder: Path) -> dict[str, str]:
    sealed = {name for name, integration in _integrations(stack) if integration.existing_secret is None}
    keys = opened_keys(stack.name, project_of(folder)) if sealed else {}
    missing = sorted(sealed - keys.keys())
    if missing:
        raise EngineError(
            f"pulumi gave no key for integration {named(missing[0])} of stack {stack.name}, so its Secret "
            "would be empty. Nothing was written.",
            f"Run `pulumi config --stack {escaped(stack.name)}` to see what Pulumi knows.",
        )
    return {name: keys[name] for name in sealed}


def _integrations(stack: Stack) -> Iterator[tuple[str, IntegrationSpec]]:
    if stack.spec is not None:
        yield from stack.spec.integrations.items()


def _with_handles(stack: Stack, keys: Mapping[str, str]) -> Stack:
    if stack.spec is None:
        return stack
    integrations = {
        name: integration.model_copy(update={"api_key": _handle(integration, keys[name])})
        if name in keys
        else integration
        for name, integration in stack.spec.integrations.items()
    }
    return replace(stack, spec=stack.spec.model_copy(update={"integrations": integrations}))


def _handle(integration: IntegrationSpec, key: str) -> ApiKey:
    return ApiKey.opened(key, ciphertext=integration.api_key.ciphertext if integration.api_key else None)


def _data_of(stack: Stack, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    for settings in stack.topology.settings if stack.topology else ():
        secret, integration = settings.palette_secret, settings.integration
        if secret and secret.made and integration and settings.palette is not None:
            document = palette_document(integration, keys[settings.palette])
            encoded = b64encode(document.encode()).decode("ascii")
            yield (secret.namespace, secret.name), {secret.type.value: encoded}

"""The program behind `__main__.py`: checks a stack's complete configuration, then registers it.

Everything is checked before the first resource is registered, because an exception does not undo a registration.
The configuration comes from Pulumi, with defaults, environments and decrypted keys. The files only give the lines and
the other stacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import is_config_secret

from paletteai_components.components.credential import opened_key
from paletteai_components.components.registration import Registration, claims_of, outputs_of, registration
from paletteai_components.components.registry import Registry, admit
from paletteai_components.credentials import KeyState
from paletteai_components.deployment.outputs import OUTPUT
from paletteai_components.deployment.preflight import preflight
from paletteai_components.deployment.previous import (
    PreviousDeployment,
    for_the_next,
    previous_deployment,
    previous_deployment_in_state,
)
from paletteai_components.diagnostics import Diagnostic, Severity, StackFileError, in_order
from paletteai_components.model.plan import Plan
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.sdk import own_process
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.folder import StackFolder, stack_folder
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
from paletteai_components.stacks.validation import misread
from paletteai_components.stacks.workspace import Workspace, concerning, workspace_from

_TEXT_FIELDS = ("environment", "cluster", "apiVersion")
_JSON_FIELDS = ("integrations", "tenant", "vendorFields", "mergedSettings", "silence")


def run() -> None:
    """Deploys in a process that runs nothing else, as Pulumi runs `__main__.py`.

    Raises:
        DeclarationError: the stack is wrong. Nothing is registered.
    """
    own_process()
    deploy()


def deploy(folder: Path | None = None) -> None:
    """Checks the selected stack of a folder of stack files, and registers it.

    Args:
        folder: the folder. Default: the one from which Pulumi reads the stack.

    Raises:
        DeclarationError: the stack is wrong. Nothing is registered.
    """
    root = pulumi.runtime.get_root_directory()
    stacks = stack_folder(folder, Path(root) if root else None)
    workspace = _read_workspace(stacks)
    stack = effective_stack(workspace, stacks)
    diagnostics = _diagnostics(stack, workspace)
    admit(diagnostics, stack)
    previous = previous_deployment()
    cluster = preflight(stack)
    on_cluster = Workspace((stack,))
    if cluster is not None:
        if previous.disagrees_with(cluster, stack):
            previous = previous_deployment_in_state(cluster)
        on_cluster = Workspace((stack,), crds=cluster.crds, cluster=replace(cluster, owned=previous.references))
    found = [diagnostic for diagnostic in diagnostics_of(on_cluster) if diagnostic not in diagnostics]
    admit([*previous.diagnostics(stack), *found], stack)
    if stack.plan is not None:
        _register(stack, stack.plan, previous)


def effective_stack(workspace: Workspace, folder: StackFolder) -> Stack:
    """The stack with the configuration and decrypted keys from Pulumi, and the source locations from its file."""
    name = pulumi.get_stack()
    written = workspace.stack_named(name) or Stack(name, str(folder.file_of(name)))
    ours, kubernetes = pulumi.Config(NAMESPACE), pulumi.Config("kubernetes")
    values: dict[str, Any] = {key: ours.get(key) for key in _TEXT_FIELDS}
    values |= {key: _parsed(ours.get(key)) for key in _JSON_FIELDS}
    values["integrations"] = _with_handles(values["integrations"], written)
    config = {f"{NAMESPACE}:{key}": value for key, value in values.items() if value is not None}
    context = kubernetes.get("context")
    if context:
        config["kubernetes:context"] = context
    stack = stack_from_config(name, config, written.file, written.documents, written.pulumi_project, is_opened=True)
    return replace(
        stack,
        file_diagnostics=(*written.file_diagnostics, *_marked_as_secret(stack, written)),
        kubeconfig=written.kubeconfig,
        salt=written.salt,
        data_key=written.data_key,
        other_secrets=written.other_secrets,
    )


def _marked_as_secret(stack: Stack, written: Stack) -> Iterator[Diagnostic]:
    """Secrets of Pulumi that would become plain text, besides those that are visible in the file."""
    if any(each.severity is Severity.ERROR for each in written.file_diagnostics):
        return
    for field in (*_TEXT_FIELDS, *_JSON_FIELDS):
        # Pulumi marks the complete object if anything in it is secret. The keys of integrations are wrapped again.
        if field != "integrations" and is_config_secret(f"{NAMESPACE}:{field}"):
            fact = f"`{field}` holds a value that Pulumi marks as secret, and it would be in plain text in the state"
            yield misread(
                stack.location(field),
                fact,
                "Only the `apiKey` of an integration may be secret. Make all other configuration plain.",
            )


def _read_workspace(folder: StackFolder) -> Workspace:
    try:
        return workspace_from(folder)
    except StackFileError as error:
        # Without the folder, Pulumi's configuration is still there. It is checked without the other stacks.
        pulumi.log.warn(str(error))
        return Workspace()


def _parsed(text: str | None) -> Any:
    """The value of a JSON text. Invalid JSON stays text, which is then refused without being printed."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _with_handles(integrations: Any, written: Stack) -> Any:
    """The integrations with every key wrapped again, because Pulumi passes keys as plain text."""
    if not isinstance(integrations, Mapping):
        return integrations
    return {
        name: _with_handle(integration, written.integrations.get(name)) for name, integration in integrations.items()
    }


def _with_handle(integration: Any, written: IntegrationSpec | None) -> Any:
    if not isinstance(integration, Mapping) or not isinstance(integration.get("apiKey"), str):
        return integration
    encrypted = is_config_secret(f"{NAMESPACE}:integrations")
    # The ciphertext finds a copy in another stack's file, which this process cannot decrypt.
    sealed = written.api_key if written else None
    handle = opened_key(integration["apiKey"], sealed.ciphertext if sealed else None)
    return {
        **integration,
        "apiKey": handle if encrypted else replace(handle, state=KeyState.PLAINTEXT, diagnostic=None),
    }


def _diagnostics(stack: Stack, workspace: Workspace) -> list[Diagnostic]:
    """The problems of the stack: its own, those with other stacks, and those that are only visible in its file."""
    neighbours = [each for each in workspace.stacks if each.name != stack.name]
    together = Workspace((stack, *neighbours), is_complete=workspace.is_complete)
    diagnostics = concerning(diagnostics_of(together), [stack])
    ours = concerning(workspace.diagnostics, [stack])
    # Another stack that cannot be read must not stop this one, but it is reported.
    diagnostics += [
        each if each in ours else replace(each, severity=Severity.WARNING) for each in workspace.diagnostics
    ]
    written = workspace.stack_named(stack.name)
    if written is not None:
        # A decrypted key looks the same whether or not the file has it in plain text.
        file_codes = {"PAI010"} if written.imports else {"PAI010", "PAI012"}
        diagnostics += [each for each in diagnostics_of_stack(written) if each.code in file_codes]
    return in_order(diagnostics)


def _register(stack: Stack, plan: Plan, previous: PreviousDeployment) -> None:
    # The components of the program have neither cluster nor environment.
    spec = stack.spec.model_copy(update={"environment": None}) if stack.spec else None
    Registry.of_this_program().take(claims_of(replace(stack, spec=spec, cluster=None), plan))
    stack = replace(stack, former_api_versions=previous.api_versions)
    former_urns = {str(each): previous.former_urns(each) for each in plan.settings}
    _export(stack, plan, registration(plan.tenant.logical_name, stack, plan, former_urns))


def _export(stack: Stack, plan: Plan, registered: Registration) -> None:
    urns = {each.reference: each.urn for each in registered.settings}
    outputs = {**outputs_of(plan), OUTPUT: for_the_next(plan, stack.api, urns)}
    # Everything else comes before these resources. The next deployment reads the outputs, so a deployment that fails
    # must not write them.
    last = [
        registered.tenant.resource,
        *(each.settings for each in registered.settings),
        *(each.resource for each in registered.projects),
    ]
    deployed = pulumi.Output.all(*(each.urn for each in last if each is not None))
    for name, value in outputs.items():
        pulumi.export(name, pulumi.Output.all(value, deployed).apply(lambda values: values[0]))

"""The program behind `__main__.py`: a stack's configuration checked as a whole, then registered.

Everything is checked before the first resource is registered, because an exception after that would
not undo what was registered. What is checked is the configuration Pulumi hands over, with defaults,
environments and opened keys in it; the files give the lines, and the neighbouring stacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import is_config_secret

from paletteai_components.components.credential import opened_key
from paletteai_components.components.project import ProjectComponent
from paletteai_components.components.registry import DeclarationError, Ledger
from paletteai_components.components.tenant import TenantOwner
from paletteai_components.credentials import KeyState
from paletteai_components.deployment.preflight import preflight
from paletteai_components.deployment.previous import (
    OUTPUT,
    History,
    for_the_next,
    history_in_state,
    history_of_this_stack,
)
from paletteai_components.diagnostics import Problem, Severity, StackFileError, in_order
from paletteai_components.model.plan import Topology
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.rules import problems_of, problems_of_stack
from paletteai_components.sdk import own_process
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.ownership import Claim, binding_claims, project_claims, tenant_claims
from paletteai_components.stacks.stack import Stack, stack_from_config
from paletteai_components.stacks.validation import misread
from paletteai_components.stacks.workspace import Fleet, concerning, fleet_from

_TEXTS = ("environment", "cluster", "apiVersion")
_VALUES = ("integrations", "tenant", "vendorFields", "mergedSettings")


def run() -> None:
    """Deploys as a process of its own, which is how Pulumi runs `__main__.py`.

    Raises DeclarationError, before anything is registered, where the stack is wrong.
    """
    own_process()
    deploy()


def deploy(folder: Path = Path("stacks")) -> None:
    """Checks the stack that is selected and registers it. `folder` holds the stack files.

    Raises DeclarationError, before anything is registered, where it is wrong.
    """
    fleet = _fleet(folder)
    stack = effective_stack(fleet, folder)
    problems = _problems(stack, fleet)
    _tell(problems)
    history = history_of_this_stack()
    cluster = preflight(stack)
    alive = Fleet((stack,))
    if cluster is not None:
        if history.disagrees_with(cluster, stack):
            history = history_in_state(cluster)
        alive = Fleet((stack,), crds=cluster.crds, cluster=replace(cluster, owned=history.references))
    found = [problem for problem in problems_of(alive) if problem not in problems]
    _tell([*history.problems(stack), *found])
    if stack.topology is not None:
        _register(stack, stack.topology, history)


def _tell(problems: Iterable[Problem]) -> None:
    problems = list(problems)
    for problem in problems:
        if problem.severity is Severity.WARNING:
            pulumi.log.warn(str(problem))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise DeclarationError(in_order(errors))


def effective_stack(fleet: Fleet, folder: Path) -> Stack:
    """The stack as Pulumi hands it over, its keys opened, with the places its file gives."""
    name = pulumi.get_stack()
    written = fleet.stack_named(name) or Stack(name, str(folder / f"Pulumi.{name}.yaml"))
    ours, kubernetes = pulumi.Config(NAMESPACE), pulumi.Config("kubernetes")
    values: dict[str, Any] = {key: ours.get(key) for key in _TEXTS}
    values |= {key: _value(ours.get(key)) for key in _VALUES}
    values["integrations"] = _with_handles(values["integrations"], written)
    config = {f"{NAMESPACE}:{key}": value for key, value in values.items() if value is not None}
    context = kubernetes.get("context")
    if context:
        config["kubernetes:context"] = context
    stack = stack_from_config(name, config, written.file, written.documents, is_opened=True)
    return replace(
        stack,
        file_problems=(*written.file_problems, *_marked_as_secret(stack, written)),
        kubeconfig=written.kubeconfig,
        salt=written.salt,
        data_key=written.data_key,
        other_secrets=written.other_secrets,
    )


def _marked_as_secret(stack: Stack, written: Stack) -> Iterator[Problem]:
    """The values that Pulumi opened where they would become plain text, besides those that the file shows."""
    if written.file_problems:
        return
    for field in (*_TEXTS, *_VALUES):
        # Of an object Pulumi marks the whole, whatever is secret in it. The keys of integrations are wrapped again.
        if field != "integrations" and is_config_secret(f"{NAMESPACE}:{field}"):
            fact = f"`{field}` holds a value that Pulumi marks as secret, and it would be plain text in the state"
            yield misread(stack.place(field), fact, "Take what is no key of an integration as plain configuration.")


def _fleet(folder: Path) -> Fleet:
    try:
        return fleet_from(folder)
    except StackFileError as error:
        # Without the folder Pulumi's configuration is still there, and is judged without neighbours.
        pulumi.log.warn(str(error))
        return Fleet()


def _value(text: str | None) -> Any:
    """A value that is no text. Text that is no JSON stays what it is, to be refused without being repeated."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _with_handles(integrations: Any, written: Stack) -> Any:
    """The integrations with every key wrapped again, because Pulumi hands it over as plain text."""
    if not isinstance(integrations, Mapping):
        return integrations
    declared = written.spec.integrations if written.spec else {}
    return {name: _with_handle(integration, declared.get(name)) for name, integration in integrations.items()}


def _with_handle(integration: Any, written: IntegrationSpec | None) -> Any:
    if not isinstance(integration, Mapping) or not isinstance(integration.get("apiKey"), str):
        return integration
    encrypted = is_config_secret(f"{NAMESPACE}:integrations")
    # By its ciphertext a copy in a neighbour's file is known, which nobody here could open.
    sealed = written.api_key if written else None
    handle = opened_key(integration["apiKey"], sealed.ciphertext if sealed else None)
    return {**integration, "apiKey": handle if encrypted else replace(handle, state=KeyState.PLAINTEXT, problem=None)}


def _problems(stack: Stack, fleet: Fleet) -> list[Problem]:
    """What is wrong with the stack, alone, among its neighbours, and in what only its file shows."""
    neighbours = [each for each in fleet.stacks if each.name != stack.name]
    problems = concerning(problems_of(Fleet((stack, *neighbours))), [stack])
    ours = concerning(fleet.problems, [stack])
    # A neighbour that cannot be read must not stop this stack, nor pass in silence.
    problems += [each if each in ours else replace(each, severity=Severity.WARNING) for each in fleet.problems]
    written = fleet.stack_named(stack.name)
    if written is not None:
        # Opened, a key that stands in the file as plain text looks like any other.
        shown_by_the_file = {"PAI010"} if written.imports else {"PAI010", "PAI012"}
        problems += [each for each in problems_of_stack(written) if each.code in shown_by_the_file]
    return in_order(problems)


def _register(stack: Stack, topology: Topology, history: History) -> None:
    Ledger.of_this_program().take(_claims(stack, topology))
    stack = replace(stack, former_api_versions=history.api_versions)
    planned = topology.tenant
    of_the_tenant = {each.name: history.former_urns(each) for each in planned.settings if each.made}
    tenant = TenantOwner(planned.logical_name, planned, stack, former_urns=of_the_tenant)
    projects = [
        ProjectComponent(
            each.logical_name, tenant, each, stack, former_urns=history.former_urns(each.own) if each.own else ()
        )
        for each in topology.projects
    ]
    _export(stack, topology, tenant, projects)


def _claims(stack: Stack, topology: Topology) -> Iterator[Claim]:
    """What other components of the same program must not claim. They know of no cluster, and of one environment."""
    spec = stack.spec.model_copy(update={"environment": None}) if stack.spec else None
    stack = replace(stack, spec=spec, cluster=None)
    yield from tenant_claims(topology.tenant, stack)
    for project in topology.projects:
        yield from project_claims(project, stack)
    for settings in topology.settings:
        # The keys of its integrations are its own: a credential of the program may have the same name.
        yield from binding_claims(settings, stack, code="PAI002")
        yield from binding_claims(settings, stack, code="PAI003")


def _export(stack: Stack, topology: Topology, tenant: TenantOwner, projects: list[ProjectComponent]) -> None:
    components = [*tenant.integrations.values(), *(each.integration for each in projects if each.integration)]
    urns = {each.reference: each.urn for each in components}
    outputs = {
        "tenant": tenant.tenant_name,
        "namespaces": {"tenant": tenant.namespace, "projects": [each.namespace for each in projects]},
        "settings": {
            each.reference: _stated(
                integration=each.palette,
                secret=each.secret_name,
                fingerprint=each.fingerprint,
                credential=each.credential,
            )
            for each in components
        },
        "projects": {
            each.name: _stated(
                source=each.source.value,
                settings=str(each.provider) if each.provider else None,
                integration=each.provider.palette if each.provider else None,
                reason=each.reason,
            )
            for each in topology.projects
        },
        OUTPUT: for_the_next(topology, stack.vendor, urns),
    }
    # Everything else comes before these. A deployment that fails must not leave outputs that tell of its
    # success: the next one goes by them.
    last = [tenant.resource, *(each.settings for each in components), *(each.resource for each in projects)]
    deployed = pulumi.Output.all(*(each.urn for each in last if each is not None))
    for name, value in outputs.items():
        pulumi.export(name, pulumi.Output.all(value, deployed).apply(lambda known: known[0]))


def _stated(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

"""Rules about who is bound to what: integrations, Secrets and credentials are bound once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic.alias_generators import to_camel

from paletteai_components.credentials import KeyState
from paletteai_components.diagnostics import Place, Problem, Severity, escaped
from paletteai_components.kube.cluster import Cluster
from paletteai_components.listing import listed
from paletteai_components.model.equality import equal_credentials
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.ownership import (
    CONSEQUENCE,
    Claim,
    binding_claims,
    conflict,
    conflicts,
    conflicts_on_clusters,
)
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet

_Bound = tuple[Stack, PlannedSettings]

_PLACES = 10
_OF_A_TENANT_MADE_HERE = {"display_name", "description", "groups", "create_namespace", "extra_spec"}


@rule("PAI001", "An integration is bound to one Settings only")
def integration_bound_once(stack: Stack) -> Iterator[Problem]:
    """A Palette integration discovers compute, edge devices among it. Two Settings with one
    integration make two controllers claim the same devices, and which of them wins is chance.

    Wrong, because the integration `shared` is bound by the tenant and by a project:

    ```yaml
    paletteai:tenant:
      settings:
        default: {palette: shared}
      projects:
        - {name: vision, settings: {palette: shared}}
    ```

    Right: bind it in the tenant's default Settings and leave `settings` out of the project, which
    then falls back to it. A project that must be kept apart needs an integration with another key.
    """
    if stack.topology:
        claims = (
            claim for settings in stack.topology.settings for claim in binding_claims(settings, stack, code="PAI001")
        )
        yield from map(conflict, conflicts(claims))


@rule("PAI002", "A Secret is used by one Settings only, in that Settings' namespace", Scope.FLEET)
def secret_used_once(fleet: Fleet) -> Iterator[Problem]:
    """A Settings finds its credentials in a Secret of its own namespace. Two Settings that share a
    Secret share what is in it, with the same race as two that share an integration.

    This is judged over every stack of one cluster: `paletteai:cluster`, else `kubernetes:context`.
    A stack that names neither is compared with every stack of its environment.

    An existing Secret has to lie where the Settings lies. Written as `namespace/name`, it is refused
    when that is another namespace.
    """
    claims: list[Claim] = []
    for stack, settings in _bound(fleet):
        if not stack.identified:
            continue
        claims.extend(binding_claims(settings, stack, code="PAI002"))
        for secret in settings.secrets:
            if secret.namespace != settings.namespace:
                yield Problem(
                    "PAI002",
                    f"Secret {named(secret.namespace)}/{named(secret.name)} is not in the namespace of Settings "
                    f"{named(str(settings))}, so the Settings could not find it.",
                    "Have the Secret put into the Settings' namespace, and write its name only.",
                    (stack.place(*secret.path),),
                )
    yield from map(conflict, conflicts_on_clusters(claims))


@rule("PAI003", "A credential is in one Settings only", Scope.FLEET)
def credential_used_once(fleet: Fleet) -> Iterator[Problem]:
    """The race is on Palette's side, so it crosses namespaces, clusters, stacks and environments:
    one API key may be in one Settings of the whole fleet, whatever the integration is called and
    whatever host name and default project it states. One installation can have many host names.

    No key is opened to find out. Two credentials are the same when

    - their fingerprints are equal (`paletteai fingerprint` writes them beside the encrypted keys),
    - their ciphertexts are equal, because one was copied from the other, or
    - two existing Secrets state the same `credential`.

    Where none of this can be known, a note says for how many credentials. A fingerprint that was
    made for an earlier encryption of the key is stale; a warning says so.

    Anybody can copy a fingerprint, so it holds a proof as well, which only who knows the key can make:
    for this stack, this host and this encryption. `pulumi preview` opens the stack's own key and
    verifies its proof. A host that was changed by somebody who does not know the key is refused there.
    A neighbour that states the same fingerprint or ciphertext without a proof of its own only warns,
    and is refused in its own preview.

    Different keys for the same host, Palette tenant and default project reach the same compute, and
    may still race for it: that is a warning.

    `pulumi preview` also asks the cluster: a credential that Settings outside of this stack's state
    carry there is in use, whatever the files say. Their annotations hold a proof for that Settings, too.
    An annotation without it, which whoever may write Settings can copy, and a `credential`, which is
    only a name, warn. A move from one stack to another is two deployments, first of the stack that
    gives it up.
    """
    claims: list[Claim] = []
    judged: set[tuple[str, str]] = set()
    undecided: dict[object, _Bound] = {}
    for stack, settings in _bound(fleet):
        integration = settings.integration
        if integration is None:
            continue
        claims.extend(binding_claims(settings, stack, code="PAI003"))
        key = (stack.name, str(settings.palette))
        if key in judged:
            continue
        judged.add(key)
        yield from _fingerprint_problems(str(settings.palette), integration, stack)
        known = integration.fingerprint_in_force or integration.credential
        if not known and _may_be_used_twice(integration, stack):
            undecided[key] = stack, settings
    reported: dict[object, list[frozenset[object]]] = defaultdict(list)
    for group in sorted(conflicts(claims), key=len, reverse=True):
        owners = frozenset(claim.owner for claim in group)
        if not any(owners <= earlier for earlier in reported[group[0].owner]):
            yield _credential_conflict(group)
        for owner in owners:
            undecided.pop(owner, None)
            reported[owner].append(owners)
    yield from _same_compute(fleet)
    yield from _live_elsewhere(fleet)
    if undecided and len(judged) > 1:
        yield Problem(
            "PAI003",
            f"{len(undecided)} of {len(judged)} credentials have neither a fingerprint nor a `credential` name, "
            "so whether one of them is used twice is not decided.",
            "Run `paletteai fingerprint`; for existing Secrets state `credential`.",
            tuple(_place(*each) for each in islice(undecided.values(), _PLACES)),
            Severity.NOTE,
        )


@rule("PAI011", "What is declared is used", severity=Severity.WARNING, holds_for_parts=False)
def declaration_is_used(stack: Stack) -> Iterator[Problem]:
    """An integration that no Settings binds, a Settings without any integration, a `secretName`
    beside an existing Secret, and what is stated of a Tenant that is made elsewhere have no effect.
    They are often what is left of a move or a typing mistake, and a credential that nobody uses had
    better be revoked.
    """
    if stack.spec is None or stack.topology is None:
        return
    bound = {settings.palette for settings in stack.topology.settings}
    # Where a reference leads nowhere, that one is what is missing (PAI005).
    dangles = any(name is not None and name not in stack.spec.integrations for name in bound)
    for name in stack.spec.integrations:
        if name not in bound and not dangles:
            yield _unused(
                f"integration {named(name)} is bound to no Settings, so nothing uses it",
                f"Bind it with `palette: {named(name)}`, or delete it and revoke its key.",
                stack.place("integrations", name),
            )
    tenant = stack.spec.tenant
    for field in sorted(tenant.model_fields_set & _OF_A_TENANT_MADE_HERE) if tenant.existing else ():
        name = to_camel(field)
        yield _unused(
            f"`{name}` of tenant {named(tenant.name)} has no effect: the Tenant is made elsewhere",
            "Delete it, or state it where the Tenant is made.",
            stack.place("tenant", name),
        )
    for settings in stack.topology.settings:
        if not settings.secrets:
            yield _unused(
                f"Settings {named(str(settings))} holds no integration, so it gives nobody anything",
                "Give it `palette`, `huggingFace` or `nvidia`, or delete it.",
                stack.place(*settings.path),
            )
        secret = settings.palette_secret
        if settings.spec.secret_name and (secret is None or not secret.made):
            yield _unused(
                f"`secretName` of Settings {named(str(settings))} has no effect: no Secret is written for it",
                "Delete it.",
                stack.place(*settings.path, "secretName"),
            )


def _fingerprint_problems(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Problem]:
    """What is wrong with the fingerprint of an integration, as far as it can be told."""

    def problem(fact: str, remedy: str, severity: Severity = Severity.ERROR) -> Problem:
        said = f"the fingerprint of integration {named(name)} {fact}."
        return Problem("PAI003", said, remedy, (stack.place("integrations", name, "fingerprint"),), severity)

    again = "Run `paletteai fingerprint` for this stack."
    key, written = integration.api_key, integration.fingerprint
    if integration.has_stale_fingerprint:
        fact = "was made for another encryption of its key, so it says nothing about the credential that is here now"
        yield problem(fact, again, Severity.WARNING)
    elif key is None or written is None or key.fingerprint is None:
        return
    elif key.fingerprint != written.value:
        yield problem("is not that of its key, so the files would hide that a credential is used twice", again)
    elif not integration.is_proven_by(key, stack.name):
        fact = "was made for another stack, host or encryption, perhaps by somebody who does not know the key"
        yield problem(fact, f"Check that `hostUrl` and `apiKey` are as they should be. {again}")


def _credential_conflict(group: list[Claim]) -> Problem:
    """The problem of several owners of one credential. Who is known to have the key is not blamed for a copy."""
    opened = {claim.owner: key for claim in group if (key := _integration_of(claim).api_key) is not None and key.prove}
    proven = [
        claim
        for claim in group
        if any(_integration_of(claim).is_proven_by(key, claim.stack.name) for key in opened.values())
    ]
    if not opened or not opened.keys() <= {claim.owner for claim in proven} or len(proven) == len(group):
        return conflict(group)
    if len(proven) > 1:
        return conflict(proven)
    others = [claim for claim in group if claim not in proven]
    return Problem(
        "PAI003",
        f"{listed((claim.said() for claim in others), 1)} states the credential of "
        f"{proven[0].said()} without a proof of its own, so it may be a copy.",
        f"Run `paletteai fingerprint {escaped(others[0].stack.name)}`, or delete the copy: "
        f"the preview of {escaped(others[0].stack.name)} refuses it.",
        tuple(dict.fromkeys(claim.place for claim in [*others, proven[0]])),
        Severity.WARNING,
    )


def _integration_of(claim: Claim) -> IntegrationSpec:
    spec = claim.stack.spec
    return spec.integrations[str(claim.path[1])] if spec else IntegrationSpec()


def _may_be_used_twice(integration: IntegrationSpec, stack: Stack) -> bool:
    # A key that is missing or exposed is told by other rules.
    key = integration.api_key
    if key is None:
        return integration.existing_secret is not None or bool(stack.imports)
    return key.state is not KeyState.PLAINTEXT


def _unused(fact: str, remedy: str, place: Place) -> Problem:
    return Problem("PAI011", f"{fact}.", remedy, (place,), Severity.WARNING)


def _bound(fleet: Fleet) -> Iterator[_Bound]:
    for stack in fleet.stacks:
        if stack.topology:
            for settings in stack.topology.settings:
                yield stack, settings


def _live_elsewhere(fleet: Fleet) -> Iterator[Problem]:
    """Credentials that Settings of somebody else carry in the cluster at this moment."""
    cluster = fleet.cluster
    if cluster is None:
        return
    bound = list(_bound(fleet))
    ours = {f"Settings/{settings}" for _, settings in bound} | cluster.owned
    for stack, settings in bound:
        integration = settings.integration
        for reference in cluster.carriers(integration) if integration else ():
            if reference in ours or integration is None:
                continue
            known, where = named(str(settings.palette)), f"{named(reference)} in {named(cluster.name)}"
            if _is_proven(cluster, reference, integration):
                fact = (
                    f"the credential of integration {known} is carried by {where}, which is not in this stack's state."
                )
                remedy = "Deploy the stack that gives it up first; or create another API key in Palette."
                severity = Severity.ERROR
            else:
                fact = f"{where} is annotated with the credential of integration {known}, which nothing proves. If so:"
                remedy = "Deploy the stack that gives it up first; or, if it is not true, remove the annotation."
                severity = Severity.WARNING
            place = stack.place("integrations", str(settings.palette))
            yield Problem("PAI003", f"{fact} {CONSEQUENCE}", remedy, (place,), severity)


def _is_proven(cluster: Cluster, reference: str, integration: IntegrationSpec) -> bool:
    live, key = cluster.live(reference), integration.api_key
    proof = key.settings_proof(reference.removeprefix("Settings/")) if key else None
    return live is not None and proof is not None and live.proof == proof


def _same_compute(fleet: Fleet) -> Iterator[Problem]:
    reached: dict[tuple[str, str, str], dict[tuple[str, str], _Bound]] = defaultdict(dict)
    for stack, settings in _bound(fleet):
        subject = settings.integration.compute if settings.integration else None
        if subject:
            reached[subject][(stack.name, str(settings.palette))] = stack, settings
    for bound in reached.values():
        voices = _voices(bound.values())
        if len(voices) > 1:
            told = listed((f"{named(str(settings))} ({escaped(stack.name)})" for stack, settings in voices), 5)
            yield Problem(
                "PAI003",
                f"{len(voices)} Settings reach one Palette project with different keys: {told}. "
                "PaletteAI can still race for the same compute.",
                "Let them fall back to one Settings, or give each a default project of its own in Palette.",
                tuple(_place(*each) for each in voices[:_PLACES]),
                Severity.WARNING,
            )


def _voices(bound: Iterable[_Bound]) -> list[_Bound]:
    """One for each credential: those that are known to be the same are an error already."""
    said = list(bound)
    groups = equal_credentials(settings.integration or IntegrationSpec() for _, settings in said)
    return [said[group[0]] for group in groups]


def _place(stack: Stack, settings: PlannedSettings) -> Place:
    """Where the integration is declared that a Settings binds."""
    return stack.place("integrations", str(settings.palette))

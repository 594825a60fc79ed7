"""The rule about reuse: a credential is in one Settings only, whatever stack, cluster or environment that is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from paletteai_components.credentials import KeyState
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, escaped
from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION
from paletteai_components.listing import listed
from paletteai_components.model.equality import equal_credentials
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.shell import command, exactly, folder_of
from paletteai_components.stacks import ownership
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

_BoundSettings = tuple[Stack, PlannedSettings]

_MAX_LOCATIONS = 10


@rule(
    "PAI003",
    "A credential is in one Settings only",
    Scope.WORKSPACE,
    asks_cluster=True,
    origins={
        Origin.FOUNDING_DOCUMENT: "Projects share a credential by falling back to one Settings.\n"
        "Otherwise, each has its own Settings with a different credential.\n"
        "The race is for compute of Palette, so it does not end at a namespace or a cluster.",
        Origin.PULUMI: "A new Settings is created before the old one is deleted, "
        "unless the move is declared as this package does it.",
        Origin.OWN: "What makes two credentials the same, and what a proof is.\n"
        "A fingerprint that does not match its key, host and stack is refused, to protect the key.",
        Origin.BELIEF: "Different keys for one project in Palette may race for its compute.\n"
        "An annotation or a copied fingerprint without a proof may be right.",
    },
)
def credential_used_once(workspace: Workspace) -> Iterator[Diagnostic]:
    """Settings with one API key race for compute even across clusters.

    The compute is Palette's, so the race crosses namespaces, clusters, stacks and environments.
    One API key may be in one Settings of the complete workspace.
    The name of the integration, its host name and its default project make no difference.
    One installation can have many host names.

    The stack files are compared without decrypting a key.
    Two credentials are the same when

    - their fingerprints are equal (`paletteai fingerprint` writes them beside the encrypted keys),
    - their ciphertexts are equal, because one is a copy of the other, or
    - two existing Secrets have the same `credential`.

    A note counts the credentials for which none of this is known.
    A fingerprint that was made for an earlier encryption of the key is stale, which is a warning.

    Fingerprints are easy to copy, so each comes with a proof for its stack, host and encryption.
    A proof can only be made with the key.
    `pulumi preview` decrypts the stack's own keys and verifies their proofs.
    It refuses a host that was changed without knowledge of the key.
    Another stack with the same fingerprint or ciphertext, but without its own proof, is a warning here.
    Its own preview refuses it.

    Different keys for the same host, Palette tenant and default project reach the same compute.
    They may still race for it, which is a warning.

    `pulumi preview` also asks the cluster.
    A credential is in use if a Settings outside of this stack's state carries it there.
    The annotations of that Settings include a proof for it.
    An annotation without the proof is only a warning, because every user who may write Settings can copy it.
    So is `credential`, which is only a name.

    To fix it, bind the credential once and let other projects fall back to it, or create another API key in Palette.
    To move a credential to another stack, first deploy the stack that gives it up.
    """
    claims: list[ownership.Claim] = []
    checked: set[tuple[str, str]] = set()
    undecided: dict[object, _BoundSettings] = {}
    for stack, settings in _bound_settings(workspace):
        integration = settings.integration
        if integration is None:
            continue
        claims.extend(ownership.binding_claims(settings, stack, code="PAI003"))
        key = (stack.name, str(settings.palette))
        if key in checked:
            continue
        checked.add(key)
        yield from _fingerprint_diagnostics(str(settings.palette), integration, stack)
        identity = integration.fingerprint_in_force or integration.credential
        if not identity and _may_be_used_twice(integration, stack):
            undecided[key] = stack, settings
    reported: dict[object, list[frozenset[object]]] = defaultdict(list)
    for group in sorted(ownership.conflicts(claims), key=len, reverse=True):
        owners = frozenset(claim.owner for claim in group)
        if not any(owners <= earlier for earlier in reported[group[0].owner]):
            yield _credential_conflict(group)
        for owner in owners:
            undecided.pop(owner, None)
            reported[owner].append(owners)
    yield from _same_compute(workspace)
    yield from _live_elsewhere(workspace)
    if undecided and len(checked) > 1:
        stack, _ = next(iter(undecided.values()))
        have = "has" if len(undecided) == 1 else "have"
        all_stacks = command("paletteai fingerprint", stacks=folder_of(stack.file))
        yield Diagnostic(
            "PAI003",
            f"{len(undecided)} of {len(checked)} credentials {have} neither a fingerprint nor a `credential` name, "
            "so one of them may be used twice.",
            stack.remedy(
                f"Run `{all_stacks}`. For existing Secrets, set `credential`.",
                in_objects="Check the Secrets together with these, or name each credential in the annotation "
                f"`{CREDENTIAL_ANNOTATION}` of its Settings.",
            ),
            tuple(_integration_location(*each) for each in islice(undecided.values(), _MAX_LOCATIONS)),
            Severity.NOTE,
        )


def _fingerprint_diagnostics(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Diagnostic]:

    def diagnostic(fact: str, remedy: str, severity: Severity = Severity.ERROR) -> Diagnostic:
        message = f"the fingerprint of integration `{named(name)}` {fact}."
        return Diagnostic("PAI003", message, remedy, (stack.location("integrations", name, "fingerprint"),), severity)

    key, written = integration.api_key, integration.fingerprint
    # Most stacks have nothing to say here, and a command takes longer to build than to leave out.
    if written is None:
        return
    run_again = f"Run `{_fingerprint_command(stack)}`."
    if integration.has_stale_fingerprint:
        fact = "was made for another encryption of its key, so it does not identify the current key"
        yield diagnostic(fact, run_again, Severity.WARNING)
    elif key is None or key.fingerprint is None:
        return
    elif key.fingerprint != written.value:
        yield diagnostic("does not match its key, so a credential that is used twice could go unnoticed", run_again)
    elif not integration.is_proven_by(key, stack.name):
        fact = "was made for another stack, host or encryption, perhaps without knowledge of the key"
        yield diagnostic(fact, f"Check that `hostUrl` and `apiKey` are correct. {run_again}")


def _fingerprint_command(stack: Stack) -> str:
    return command("paletteai fingerprint", exactly(stack.name), stacks=folder_of(stack.file))


def _credential_conflict(group: list[ownership.Claim]) -> Diagnostic:
    """The problem of several owners of one credential. An owner that is proven to know the key is not blamed."""
    opened = {claim.owner: key for claim in group if (key := _integration_of(claim).api_key) is not None and key.prove}
    proven = [
        claim
        for claim in group
        if any(_integration_of(claim).is_proven_by(key, claim.stack.name) for key in opened.values())
    ]
    if not opened or not opened.keys() <= {claim.owner for claim in proven} or len(proven) == len(group):
        return ownership.conflict(group)
    if len(proven) > 1:
        return ownership.conflict(proven)
    others = [claim for claim in group if claim not in proven]
    return Diagnostic(
        "PAI003",
        f"{listed((claim.owner_text() for claim in others), 1)} has the credential of "
        f"{proven[0].owner_text()} without its own proof, so it may be a copy.",
        f"Run `{_fingerprint_command(others[0].stack)}`, or delete the copy: "
        f"the preview of stack `{escaped(others[0].stack.name)}` refuses it.",
        tuple(dict.fromkeys(claim.location for claim in [*others, proven[0]])),
        Severity.WARNING,
    )


def _integration_of(claim: ownership.Claim) -> IntegrationSpec:
    spec = claim.stack.spec
    return spec.integrations[str(claim.path[1])] if spec else IntegrationSpec()


def _may_be_used_twice(integration: IntegrationSpec, stack: Stack) -> bool:
    # Other rules report a key that is missing or exposed.
    key = integration.api_key
    if key is None:
        return integration.existing_secret is not None or bool(stack.imports)
    return key.state is not KeyState.PLAINTEXT


def _bound_settings(workspace: Workspace) -> Iterator[_BoundSettings]:
    for stack, plan in workspace.planned:
        for settings in plan.settings:
            yield stack, settings


def _live_elsewhere(workspace: Workspace) -> Iterator[Diagnostic]:
    """The problems of credentials that Settings outside of the stack's state carry in the cluster."""
    cluster = workspace.cluster
    if cluster is None:
        return
    bound = list(_bound_settings(workspace))
    ours = {f"Settings/{settings}" for _, settings in bound} | cluster.owned
    for stack, settings in bound:
        integration = settings.integration
        for reference in cluster.carriers(integration) if integration else ():
            if reference in ours or integration is None:
                continue
            credential = f"the credential of integration `{named(str(settings.palette))}`"
            carrier = f"`{named(reference)}` in {named(cluster.name)}"
            if _is_proven(cluster, reference, integration):
                fact = f"{carrier} carries {credential}, and is not in this stack's state."
                remedy = "First deploy the stack that gives the credential up, or create another API key in Palette."
                severity = Severity.ERROR
            else:
                fact = f"{carrier} is annotated with {credential}, without a proof. If the annotation is right,"
                remedy = "First deploy the stack that gives the credential up. If it is wrong, remove the annotation."
                severity = Severity.WARNING
            location = stack.location("integrations", str(settings.palette))
            yield Diagnostic("PAI003", f"{fact} {ownership.CONSEQUENCE}", remedy, (location,), severity)


def _is_proven(cluster: Cluster, reference: str, integration: IntegrationSpec) -> bool:
    live, key = cluster.live(reference), integration.api_key
    proof = key.settings_proof(reference.removeprefix("Settings/")) if key else None
    return live is not None and proof is not None and live.proof == proof


def _same_compute(workspace: Workspace) -> Iterator[Diagnostic]:
    reached: dict[tuple[str, str, str], dict[tuple[str, str], _BoundSettings]] = defaultdict(dict)
    for stack, settings in _bound_settings(workspace):
        subject = settings.integration.compute if settings.integration else None
        if subject:
            reached[subject][(stack.name, str(settings.palette))] = stack, settings
    for bound in reached.values():
        distinct = _one_per_credential(bound.values())
        if len(distinct) > 1:
            texts = (f"`{named(str(settings))}`{ownership.stack_text(stack)}" for stack, settings in distinct)
            yield Diagnostic(
                "PAI003",
                f"{len(distinct)} Settings reach one Palette project with different keys: {listed(texts, 5)}. "
                "PaletteAI may race for the same compute.",
                "Let them fall back to one Settings, or give each its own default project in Palette.",
                tuple(_integration_location(*each) for each in distinct[:_MAX_LOCATIONS]),
                Severity.WARNING,
            )


def _one_per_credential(bound: Iterable[_BoundSettings]) -> list[_BoundSettings]:
    # Settings with equal credentials are an error already.
    every = list(bound)
    groups = equal_credentials(settings.integration or IntegrationSpec() for _, settings in every)
    return [every[group[0]] for group in groups]


def _integration_location(stack: Stack, settings: PlannedSettings) -> SourceLocation:
    return stack.location("integrations", str(settings.palette))

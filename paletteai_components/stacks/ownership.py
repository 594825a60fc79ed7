"""Claims: what may belong to one owner only, and who says it is theirs.

Uniqueness is one idea with several subjects: an integration, a Secret, a credential, an identity in
a cluster. Whatever a stack occupies is listed as claims; two claims of different owners on one
subject are a conflict. The rules look at all stacks at once, a program's components one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from paletteai_components.diagnostics import Place, Problem, escaped
from paletteai_components.listing import listed
from paletteai_components.model.plan import PlannedProject, Topology
from paletteai_components.model.planned import Path, PlannedSettings, PlannedTenant
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack

CONSEQUENCE = "PaletteAI would race for the same compute."


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's claim on something that only one may have.

    Words and places are made when they are told, for most claims are never contested.

    Fields:
        code: the rule that is broken by a second owner.
        subject: what is claimed; equal subjects conflict.
        what: says the subject in words. Never a secret.
        owner: who claims it; claims of equal owners do not conflict.
        said: says the owner in words.
        stack, path: where the claim is made.
    """

    code: str
    subject: tuple[Hashable, ...]
    what: Callable[[], str] = field(compare=False)
    owner: Hashable
    said: Callable[[], str] = field(compare=False)
    stack: Stack = field(compare=False, repr=False)
    path: Path = field(compare=False)

    @property
    def place(self) -> Place:
        """Where the claim is made."""
        return self.stack.place(*self.path)


_ENDINGS = {
    "PAI001": (
        CONSEQUENCE,
        "Bind it once: in the tenant's default Settings, which its projects fall back to; "
        "or declare a second integration with another key.",
    ),
    "PAI002": (
        "Two controllers would use one Secret: " + CONSEQUENCE,
        "Give each Settings a Secret of its own, by `secretName` or another `existingSecret`.",
    ),
    "PAI003": (
        CONSEQUENCE,
        "Bind the credential once and let the others fall back to it, or create another API key in Palette.",
    ),
    "PAI006": (
        "One would take the other's place in the cluster.",
        "Give one of them another name, or declare it once.",
    ),
}


def conflict(claims: list[Claim]) -> Problem:
    """The problem of several owners with one claim."""
    first = claims[0]
    consequence, remedy = _ENDINGS[first.code]
    owners = [claim.said() for claim in claims]
    told = listed(owners, 4) if len(owners) > 5 else f"{', '.join(owners[:-1])} and {owners[-1]}"
    return Problem(
        first.code,
        f"{first.what()} is claimed by {told}. {consequence}",
        remedy,
        tuple(dict.fromkeys(claim.place for claim in claims)),
    )


def conflicts(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    """The claims of different owners on one subject, a list for each subject."""
    first: dict[tuple[str, Hashable], Claim] = {}
    contested: dict[tuple[str, Hashable], dict[Hashable, Claim]] = {}
    for claim in claims:
        key = (claim.code, claim.subject)
        holder = first.setdefault(key, claim)
        if holder.owner != claim.owner:
            contested.setdefault(key, {holder.owner: holder}).setdefault(claim.owner, claim)
    for by_owner in contested.values():
        yield list(by_owner.values())


def conflicts_on_clusters(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    """The claims of different owners on what there is once in a cluster; a subject begins with the cluster.

    A stack that names no cluster may share one with any stack of its environment, so it is compared with all of them.
    """
    claims = list(claims)
    undecided = {claim.stack.environment for claim in claims if claim.stack.cluster is None}
    also = [
        replace(claim, subject=(claim.stack.environments_cluster, *claim.subject[1:]))
        for claim in claims
        if claim.stack.cluster is not None and claim.stack.environment in undecided
    ]
    told: dict[tuple[Hashable, ...], list[set[Hashable]]] = {}
    for group in sorted(conflicts([*claims, *also]), key=len, reverse=True):
        clusters = {claim.stack.cluster for claim in group}
        owners = {claim.owner for claim in group}
        earlier = told.setdefault(group[0].subject[1:], [])
        # Two named clusters are two, whatever another stack leaves open.
        if (len(clusters) == 1 or None in clusters) and not any(owners <= each for each in earlier):
            earlier.append(owners)
            yield group


def binding_claims(settings: PlannedSettings, stack: Stack, *, code: str | None = None) -> Iterator[Claim]:
    """What a Settings claims: its integration, its Secrets and its credential."""
    owner = (*_declarer(stack), settings.namespace, settings.name, settings.path)

    def said() -> str:
        return f"Settings {named(str(settings))} of {named(settings.owner)} ({escaped(stack.name)})"

    if settings.palette is not None and code in (None, "PAI001"):
        at: Path = (*settings.path, "palette")
        what = partial(_words, "integration", settings.palette)
        yield Claim("PAI001", (stack.name, settings.palette), what, owner, said, stack, at)
    for secret in settings.secrets if code in (None, "PAI002") else ():
        subject = (stack.cluster_name, secret.namespace, secret.name)
        what = partial(_words, "Secret", f"{secret.namespace}/{secret.name}")
        yield Claim("PAI002", subject, what, owner, said, stack, secret.path)
    if settings.integration is not None and code in (None, "PAI003"):
        at = ("integrations", str(settings.palette))
        for how, credential in settings.integration.identities:
            what = partial("one credential (equal {})".format, how)
            # The owner is the integration: one that is bound twice is PAI001's to tell.
            yield Claim("PAI003", credential, what, (stack.name, settings.palette), said, stack, at)


def tenant_claims(tenant: PlannedTenant, stack: Stack) -> Iterator[Claim]:
    """The identities in the cluster that a Tenant claims for itself."""
    cluster = stack.cluster_name
    said = partial(_words, "tenant", f"{tenant.name} ({stack.name})")
    if not tenant.spec.existing:
        yield Claim(
            "PAI006",
            (cluster, "Tenant", tenant.name),
            partial(_words, "Tenant", tenant.name),
            _declarer(stack),
            said,
            stack,
            ("tenant", "name"),
        )
    what = partial(_words, "namespace", tenant.namespace)
    owner = ("tenant", tenant.name)
    path = ("tenant", "namespace" if tenant.spec.namespace else "name")
    yield Claim("PAI006", (cluster, "Namespace", tenant.namespace), what, owner, said, stack, path)
    for settings in tenant.settings:
        if settings.made:
            yield from settings_claims(settings, stack)


def project_claims(project: PlannedProject, stack: Stack) -> Iterator[Claim]:
    """The identities in the cluster that a Project claims for itself: its name, which is its namespace."""

    def said() -> str:
        return f"project {named(project.name)} of tenant {named(project.tenant)} ({escaped(stack.name)})"

    subject = (stack.cluster_name, "Namespace", project.namespace)
    what = partial(_words, "Project and namespace", project.name)
    yield Claim("PAI006", subject, what, (*_declarer(stack), project.path), said, stack, (*project.path, "name"))


def import_claims(topology: Topology, stack: Stack, own: Iterable[Claim]) -> Iterator[Claim]:
    """What a stack takes over besides what it claims as its own."""
    taken_over = list(topology.import_ids)
    # Few stacks take anything over.
    declared = {claim.subject for claim in own} if taken_over else ()
    for reference, path in taken_over:
        kind, _, name = reference.partition("/")
        # A Project is its namespace.
        subject = ("Namespace", name.rpartition("/")[2]) if kind == "Project" else (kind, *name.split("/"))
        if (stack.cluster_name, *subject) not in declared:
            what, said = partial(_words, kind, name), partial(_words, "importIds of", stack.name)
            yield Claim("PAI006", (stack.cluster_name, *subject), what, _declarer(stack), said, stack, path)


def settings_claims(settings: PlannedSettings, stack: Stack) -> Iterator[Claim]:
    """The identity in the cluster of one of a tenant's Settings."""
    subject = (stack.cluster_name, "Settings", settings.namespace, settings.name)
    said = partial(_words, settings.owner, f"({stack.name})")
    yield Claim(
        "PAI006",
        subject,
        partial(_words, "Settings", str(settings)),
        _declarer(stack),
        said,
        stack,
        settings.path,
    )


def _words(kind: str, name: str) -> str:
    return f"{named(kind)} {named(name)}"


def _declarer(stack: Stack) -> tuple[str, str]:
    return stack.name, stack.part

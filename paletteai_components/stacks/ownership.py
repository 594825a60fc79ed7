"""Ownership: claims on what can have only one owner, and the conflicts between them.

The subject of a claim is an integration, a Secret, a credential or an object's identity in a cluster. Two claims of
different owners on one subject are a conflict. The rules check the claims of all stacks at once, a program those of
one component at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from paletteai_components.diagnostics import Diagnostic, SourceLocation, escaped
from paletteai_components.listing import listed
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import Path, PlannedSettings, PlannedTenant
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack

CONSEQUENCE = "PaletteAI would race for the same compute."


@dataclass(frozen=True, slots=True)
class Claim:
    """An owner's claim on a subject that can have only one owner.

    Words and locations are made on demand, because most claims are never contested.
    """

    code: str
    """The rule that a second owner breaks."""
    subject: tuple[Hashable, ...]
    """What is claimed. Claims on equal subjects conflict."""
    what: Callable[[], str] = field(compare=False)
    """Returns the subject in words. Never a secret."""
    owner: Hashable
    """Who claims it. Claims of equal owners do not conflict."""
    said: Callable[[], str] = field(compare=False)
    """Returns the owner in words."""
    stack: Stack = field(compare=False, repr=False)
    """The stack that makes the claim."""
    path: Path = field(compare=False)
    """Where the stack makes it."""

    @property
    def location(self) -> SourceLocation:
        """Where the stack makes the claim."""
        return self.stack.location(*self.path)


_CONSEQUENCES_AND_REMEDIES = {
    "PAI001": (
        CONSEQUENCE,
        "Bind it once: in the tenant's default Settings, which its projects fall back to; "
        "or declare a second integration with another key.",
    ),
    "PAI002": (
        "Two controllers would use one Secret: " + CONSEQUENCE,
        "Give each Settings its own Secret: set `secretName` or another `existingSecret`.",
    ),
    "PAI003": (
        CONSEQUENCE,
        "Bind the credential once and let the others fall back to it, or create another API key in Palette.",
    ),
    "PAI006": (
        "One would replace the other in the cluster.",
        "Rename one of them, or declare it once.",
    ),
}


def conflict(claims: list[Claim]) -> Diagnostic:
    """The diagnostic for the claims of several owners on one subject."""
    first = claims[0]
    consequence, remedy = _CONSEQUENCES_AND_REMEDIES[first.code]
    owners = [claim.said() for claim in claims]
    shown = listed(owners, 4) if len(owners) > 5 else f"{', '.join(owners[:-1])} and {owners[-1]}"
    return Diagnostic(
        first.code,
        f"{first.what()} is claimed by {shown}. {consequence}",
        remedy,
        tuple(dict.fromkeys(claim.location for claim in claims)),
    )


def conflicts(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    """The claims of different owners on one subject, one list for each subject."""
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
    """The claims of different owners on one subject in a cluster, one list for each. A subject starts with the cluster.

    A stack without a cluster may share one with any stack of its environment, so it is compared with all of them.
    """
    claims = list(claims)
    undecided = {claim.stack.environment for claim in claims if claim.stack.cluster is None}
    also = [
        replace(claim, subject=(claim.stack.environments_cluster, *claim.subject[1:]))
        for claim in claims
        if claim.stack.cluster is not None and claim.stack.environment in undecided
    ]
    reported: dict[tuple[Hashable, ...], list[set[Hashable]]] = {}
    for group in sorted(conflicts([*claims, *also]), key=len, reverse=True):
        clusters = {claim.stack.cluster for claim in group}
        owners = {claim.owner for claim in group}
        earlier = reported.setdefault(group[0].subject[1:], [])
        # Two named clusters stay two, even if a third stack names none.
        if (len(clusters) == 1 or None in clusters) and not any(owners <= each for each in earlier):
            earlier.append(owners)
            yield group


def binding_claims(settings: PlannedSettings, stack: Stack, *, code: str | None = None) -> Iterator[Claim]:
    """The claims of a Settings: its integration, its Secrets and its credential."""
    owner = (*_declarer(stack), settings.namespace, settings.name, settings.path)

    def said() -> str:
        return f"{_quoted('Settings', str(settings))} of {_owner(settings)} (`{escaped(stack.name)}`)"

    if settings.palette is not None and code in (None, "PAI001"):
        at: Path = (*settings.path, "palette")
        what = partial(_quoted, "integration", settings.palette)
        yield Claim("PAI001", (stack.name, settings.palette), what, owner, said, stack, at)
    for secret in settings.secrets if code in (None, "PAI002") else ():
        subject = (stack.cluster_name, secret.namespace, secret.name)
        what = partial(_quoted, "Secret", f"{secret.namespace}/{secret.name}")
        yield Claim("PAI002", subject, what, owner, said, stack, secret.path)
    if settings.integration is not None and code in (None, "PAI003"):
        at = ("integrations", str(settings.palette))
        for how, credential in settings.integration.identities:
            what = partial("one credential (equal {})".format, how)
            # The owner is the integration, because PAI001 reports one that is bound twice.
            yield Claim("PAI003", credential, what, (stack.name, settings.palette), said, stack, at)


def tenant_claims(tenant: PlannedTenant, stack: Stack) -> Iterator[Claim]:
    """The claims of a Tenant on identities in the cluster."""
    cluster = stack.cluster_name

    def said() -> str:
        return f"{_quoted('tenant', tenant.name)} (`{named(stack.name)}`)"

    if not tenant.spec.existing:
        yield Claim(
            "PAI006",
            (cluster, "Tenant", tenant.name),
            partial(_quoted, "Tenant", tenant.name),
            _declarer(stack),
            said,
            stack,
            ("tenant", "name"),
        )
    what = partial(_quoted, "namespace", tenant.namespace)
    owner = ("tenant", tenant.name)
    path = ("tenant", "namespace" if tenant.spec.namespace else "name")
    yield Claim("PAI006", (cluster, "Namespace", tenant.namespace), what, owner, said, stack, path)
    for settings in tenant.settings:
        if settings.managed:
            yield from settings_claims(settings, stack)


def project_claims(project: PlannedProject, stack: Stack) -> Iterator[Claim]:
    """The claim of a Project on its name, which is also its namespace."""

    def said() -> str:
        owners = f"{_quoted('project', project.name)} of {_quoted('tenant', project.tenant)}"
        return f"{owners} (`{escaped(stack.name)}`)"

    subject = (stack.cluster_name, "Namespace", project.namespace)
    what = partial(_quoted, "Project and namespace", project.name)
    yield Claim("PAI006", subject, what, (*_declarer(stack), project.path), said, stack, (*project.path, "name"))


def import_claims(plan: Plan, stack: Stack, own: Iterable[Claim]) -> Iterator[Claim]:
    """The claims of a stack on the objects it takes over without declaring them."""
    taken_over = list(plan.import_ids)
    # Most stacks take over nothing.
    declared = {claim.subject for claim in own} if taken_over else ()
    for reference, path in taken_over:
        kind, _, name = reference.partition("/")
        # A Project and its namespace are one subject.
        subject = ("Namespace", name.rpartition("/")[2]) if kind == "Project" else (kind, *name.split("/"))
        if (stack.cluster_name, *subject) not in declared:
            what, said = partial(_quoted, kind, name), partial(_quoted, "`importIds` of", stack.name)
            yield Claim("PAI006", (stack.cluster_name, *subject), what, _declarer(stack), said, stack, path)


def settings_claims(settings: PlannedSettings, stack: Stack) -> Iterator[Claim]:
    """The claim of one of a tenant's Settings on its identity in the cluster."""
    subject = (stack.cluster_name, "Settings", settings.namespace, settings.name)

    def said() -> str:
        return f"{_owner(settings)} (`{named(stack.name)}`)"

    yield Claim(
        "PAI006",
        subject,
        partial(_quoted, "Settings", str(settings)),
        _declarer(stack),
        said,
        stack,
        settings.path,
    )


def _quoted(kind: str, name: str) -> str:
    return f"{named(kind)} `{named(name)}`"


def _owner(settings: PlannedSettings) -> str:
    """The Tenant or Project of a Settings, in words."""
    return _quoted("tenant", settings.tenant) if settings.project is None else _quoted("project", settings.project)


def _declarer(stack: Stack) -> tuple[str, str]:
    return stack.name, stack.part

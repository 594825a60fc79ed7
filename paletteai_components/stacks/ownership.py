"""Claims: what only one owner may have, and who claims it.

The subject of a claim is an integration, a Secret, a credential or an identity in a cluster.
Everything that a stack occupies is listed as claims. Two claims of different owners on one subject are a conflict.
The rules check all stacks at once, a program's components one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from paletteai_components.diagnostics import Diagnostic, SourceLocation, escaped
from paletteai_components.listing import listed
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import Path, PlannedSettings, PlannedTenant
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack

CONSEQUENCE = "PaletteAI would race for the same compute."


class Claim(NamedTuple):
    """An owner's claim on something that only one owner may have.

    Texts and locations are built on demand, because most claims are never contested. A tuple, which is made fastest.
    """

    code: str
    """The rule that a second owner breaks."""
    subject: tuple[Hashable, ...]
    """What is claimed. Equal subjects conflict."""
    subject_text: Callable[[], str]
    """Describes the subject. Never contains a secret."""
    owner: Hashable
    """Who claims it. Claims of equal owners do not conflict."""
    owner_text: Callable[[], str]
    stack: Stack
    path: Path

    @property
    def location(self) -> SourceLocation:
        """Where the claim is made."""
        return self.stack.location(*self.path)


_ENDINGS = {
    "PAI001": (
        CONSEQUENCE,
        "Bind it once: in the tenant's default Settings, which its projects fall back to; "
        "or declare a second integration with another key.",
    ),
    "PAI002": (
        "They would share its credential: " + CONSEQUENCE,
        "Give each Settings its own Secret, with `secretName` or another `existingSecret`.",
    ),
    "PAI003": (
        CONSEQUENCE,
        "Bind the credential once and let the others fall back to it, or create another API key in Palette.",
    ),
    "PAI006": (
        "Only one of them can own it.",
        "Give one of them another name, or declare the object once.",
    ),
}


# Objects have no fields of a stack file.
_REMEDIES_IN_OBJECTS = {"PAI002": "Give each Settings its own Secret, with another key."}


def conflict(claims: list[Claim]) -> Diagnostic:
    """The problem of several owners that claim one subject."""
    first = claims[0]
    consequence, remedy = _ENDINGS[first.code]
    times = Counter(claim.owner_text() for claim in claims)
    owners = [f"{owner} ({number} times)" if number > 1 else owner for owner, number in times.items()]
    *others, last = owners
    both = f"{', '.join(others)} and {last}" if others else last
    claimants = listed(owners, 4) if len(owners) > 5 else both
    return Diagnostic(
        first.code,
        f"{first.subject_text()} is claimed by {claimants}. {consequence}",
        first.stack.remedy(remedy, in_objects=_REMEDIES_IN_OBJECTS.get(first.code, remedy)),
        tuple(dict.fromkeys(claim.location for claim in claims)),
    )


def refused_move(stack: Stack, settings: PlannedSettings, former: str, occupied: str, when: str) -> Diagnostic:
    """The problem of a credential that moves to another Settings, where one deployment is not enough.

    Args:
        stack: The stack.
        settings: The Settings that gets the credential.
        former: The Settings that it was in, as ``namespace/name``.
        occupied: Which of the two stays in use with another credential.
        when: When it was in the former one, in words.
    """
    return Diagnostic(
        "PAI003",
        f"the credential of Settings `{named(str(settings))}` was in Settings `{named(former)}` {when}, and Settings "
        f"`{named(occupied)}` stays in use with another credential. In one deployment, two Settings would hold one "
        "credential for a moment.",
        f"Use two deployments: first remove the credential from Settings `{named(former)}`, "
        f"then bind it in Settings `{named(str(settings))}`.",
        (stack.location(*settings.path, "palette"), stack.location("integrations", str(settings.palette))),
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
    """The claims of different owners on one object of a cluster. A subject begins with the cluster.

    A stack that names no cluster may share one with any stack of its environment, so it is compared with all of them.
    """
    claims = list(claims)
    undecided = {claim.stack.environment for claim in claims if claim.stack.cluster is None}
    also = [
        claim._replace(subject=(claim.stack.environments_cluster, *claim.subject[1:]))
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
    """What a Settings claims: its integration, its Secrets and its credential."""
    owner = (*_declarer(stack), settings.namespace, settings.name, settings.path)

    def owner_text() -> str:
        return f"{_quoted('Settings', str(settings))} of {_settings_owner(settings, stack)}"

    if settings.palette is not None and code in (None, "PAI001"):
        at: Path = (*settings.path, "palette")
        subject_text = partial(_quoted, "integration", settings.palette)
        yield Claim("PAI001", (stack.name, settings.palette), subject_text, owner, owner_text, stack, at)
    for secret in settings.secrets if code in (None, "PAI002") else ():
        subject = (stack.cluster_name, secret.namespace, secret.name)
        subject_text = partial(_quoted, "Secret", f"{secret.namespace}/{secret.name}")
        yield Claim("PAI002", subject, subject_text, owner, owner_text, stack, secret.path)
    if settings.integration is not None and code in (None, "PAI003"):
        at = ("integrations", str(settings.palette))
        for how, credential in settings.integration.identities:
            subject_text = partial("one credential (equal {})".format, how)
            # The owner is the integration: PAI001 reports one that is bound twice.
            yield Claim("PAI003", credential, subject_text, (stack.name, settings.palette), owner_text, stack, at)


def tenant_claims(tenant: PlannedTenant, stack: Stack) -> Iterator[Claim]:
    """The identities in the cluster that a Tenant claims."""
    cluster = stack.cluster_name
    owner_text = partial(_in_stack, "tenant", tenant.name, stack)
    if not tenant.spec.existing:
        subject, subject_text = (cluster, "Tenant", tenant.name), partial(_quoted, "Tenant", tenant.name)
        yield Claim("PAI006", subject, subject_text, _declarer(stack), owner_text, stack, ("tenant", "name"))
    subject, subject_text = (cluster, "Namespace", tenant.namespace), partial(_quoted, "namespace", tenant.namespace)
    path = ("tenant", "namespace" if tenant.spec.namespace else "name")
    yield Claim("PAI006", subject, subject_text, ("tenant", tenant.name), owner_text, stack, path)
    for settings in tenant.settings:
        if settings.managed:
            yield from settings_claims(settings, stack)


def project_claims(project: PlannedProject, stack: Stack) -> Iterator[Claim]:
    """The identity in the cluster that a Project claims: its name, which is its namespace."""

    def owner_text() -> str:
        return f"{_quoted('project', project.name)} of {_in_stack('tenant', project.tenant, stack)}"

    subject = (stack.cluster_name, "Namespace", project.namespace)
    subject_text = partial(_quoted, "Project and namespace", project.name)
    owner = (*_declarer(stack), project.path)
    yield Claim("PAI006", subject, subject_text, owner, owner_text, stack, (*project.path, "name"))


def import_claims(plan: Plan, stack: Stack, own: Iterable[Claim]) -> Iterator[Claim]:
    """What a stack takes over in addition to what it declares."""
    taken_over = list(plan.import_ids)
    # Few stacks take anything over.
    declared = {claim.subject for claim in own} if taken_over else ()
    for reference, path in taken_over:
        kind, _, name = reference.partition("/")
        # A Project is its namespace.
        subject = ("Namespace", name.rpartition("/")[2]) if kind == "Project" else (kind, *name.split("/"))
        if (stack.cluster_name, *subject) not in declared:
            subject_text, owner_text = partial(_quoted, kind, name), partial("`importIds`{}".format, stack_text(stack))
            yield Claim(
                "PAI006", (stack.cluster_name, *subject), subject_text, _declarer(stack), owner_text, stack, path
            )


def settings_claims(settings: PlannedSettings, stack: Stack) -> Iterator[Claim]:
    """The identity in the cluster of one of a tenant's Settings."""
    subject = (stack.cluster_name, "Settings", settings.namespace, settings.name)
    subject_text, owner_text = partial(_quoted, "Settings", str(settings)), partial(_settings_owner, settings, stack)
    yield Claim("PAI006", subject, subject_text, _declarer(stack), owner_text, stack, settings.path)


def _quoted(kind: str, name: str) -> str:
    return f"{named(kind)} `{named(name)}`"


def stack_text(stack: Stack) -> str:
    """The words that say in which stack something is. Empty for what was read from objects."""
    return "" if stack.is_observed else f" in stack `{escaped(stack.name)}`"


def _in_stack(kind: str, name: str, stack: Stack) -> str:
    return f"{_quoted(kind, name)}{stack_text(stack)}"


def _settings_owner(settings: PlannedSettings, stack: Stack) -> str:
    if settings.project is None:
        return _in_stack("tenant", settings.tenant, stack) if settings.tenant else "no tenant"
    return _in_stack("project", settings.project, stack)


def _declarer(stack: Stack) -> tuple[str, str]:
    return stack.name, stack.part

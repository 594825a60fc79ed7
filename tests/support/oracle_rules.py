"""The oracle of the rules: which are broken in a fleet of stack files, told a second time.

It follows the rules' pages and shares no code with the package. Everything is compared with
everything. PAI012 is not here: the files are ones that the schema accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from support.oracle import (
    Binding,
    File,
    Files,
    Path,
    Thing,
    bindings,
    cluster_of,
    default_of,
    environment_of,
    looks_up,
    namespace_of,
    projects_of,
    resolutions,
    said,
    secrets_of,
    tenant_of,
    tenant_settings,
)
from support.samples import digest

Report = Callable[..., None]


class Finding(NamedTuple):
    """A problem that is expected: at most ten places are named in a warning or a note."""

    code: str
    severity: str
    things: frozenset[Thing]


class Claim(NamedTuple):
    """Somebody's claim on something that may have one owner."""

    subject: object
    owner: object
    thing: Thing
    cluster: object = None
    environment: str = ""


def findings(files: Files) -> list[Finding]:
    """Every finding in stack files, given by the stack's name in the order of the fleet."""
    found: list[Finding] = []

    def report(code: str, severity: str, *things: Thing) -> None:
        found.append(Finding(code, severity, frozenset(things if severity == "error" else things[:10])))

    every = bindings(files)
    _bound_once(files, every, report)
    _credentials(files, every, report)
    for group in _clashes_on_clusters(_identities(files, every)):
        report("PAI006", "error", *group)
    _contexts(files, report)
    _environments(files, report)
    for stack, file in files.items():
        mine = [binding for binding in every if binding.stack == stack]
        _names(stack, file, mine, report)
        _references(stack, file, mine, report)
        _fallback(stack, file, report)
        _unused(stack, file, mine, report)
        for key, integration in said(file, "integrations", {}).items():
            _integration((stack, ("integrations", key)), integration, bool(file.get("environment")), report)
        _file_name(stack, files, report)
    return found


def _clashes(claims: Iterable[Claim]) -> Iterator[list[Thing]]:
    """The things of each group of claims on one subject, if there are two owners; one thing an owner."""
    claims = list(claims)
    for at, claim in enumerate(claims):
        if any(earlier.subject == claim.subject for earlier in claims[:at]):
            continue
        group = [each for each in claims if each.subject == claim.subject]
        voices = [
            each
            for position, each in enumerate(group)
            if not any(earlier.owner == each.owner for earlier in group[:position])
        ]
        if len(voices) > 1:
            yield [voice.thing for voice in voices]


def _clashes_on_clusters(claims: Iterable[Claim]) -> Iterator[list[Thing]]:
    """As `_clashes`, for what is in a cluster. Who names no cluster meets everybody of the environment."""
    claims = list(claims)
    for subject in {claim.subject for claim in claims}:
        rivals = [claim for claim in claims if claim.subject == subject]
        locations = [
            [each for each in rivals if each.cluster == name] for name in {each.cluster for each in rivals} - {None}
        ]
        # Of one owner's claims the first is shown, and who names no cluster comes first.
        rivals.sort(key=lambda claim: claim.cluster is not None)
        locations += [
            [each for each in rivals if each.environment == environment]
            for environment in {each.environment for each in rivals if each.cluster is None}
        ]
        # Of an owner's several claims one is named: the first of those that leave the cluster open, else the first.
        voices = [
            {each.owner: each for each in (*location[::-1], *(each for each in location[::-1] if each.cluster is None))}
            for location in locations
        ]
        for at, group in enumerate(voices):
            covered = any(
                group.keys() < other.keys() or (group.keys() == other.keys() and position < at)
                for position, other in enumerate(voices)
            )
            if len(group) > 1 and not covered:
                yield [each.thing for each in group.values()]


def _contexts(files: Files, report: Report) -> None:
    named: dict[str, dict[object, tuple[str, File]]] = {}
    for stack, file in files.items():
        context = file["config"].get("kubernetes:context")
        if context:
            named.setdefault(context, {}).setdefault(cluster_of(stack, file), (stack, file))
    for by_name in named.values():
        for (one, first), (two, second) in zip(list(by_name.values()), list(by_name.values())[1:], strict=False):
            report("PAI006", "error", *(_named(*each) for each in ((one, first), (two, second))))


def _environments(files: Files, report: Report) -> None:
    for environment in {environment_of(*each) for each in files.items()}:
        stacks = {stack: file for stack, file in files.items() if environment_of(stack, file) == environment}
        silent = [stack for stack, file in stacks.items() if not cluster_of(stack, file) and "environment" not in file]
        if silent and any(cluster_of(*each) for each in stacks.items()):
            report("PAI021", "warning", *((stack, ("kubernetes:context",)) for stack in silent))
        first: dict[str, Thing] = {}
        for stack, file in stacks.items():
            context = file["config"].get("kubernetes:context")
            if context and not said(file, "cluster"):
                first.setdefault(context, (stack, ("kubernetes:context",)))
        if len(first) > 1:
            report("PAI021", "warning", *first.values())
        clusters: dict[object, list[Thing]] = {}
        for stack, file in stacks.items():
            if cluster_of(stack, file):
                at = ("cluster",) if said(file, "cluster") else ("kubernetes:context",)
                clusters.setdefault(cluster_of(stack, file), []).append((stack, at))
        # The only names in these files that differ by a slip.
        alike = [clusters[name] for name in ("dev", "dve") if name in clusters]
        if len(alike) == 2 and any(at == ("cluster",) for users in alike for _, at in users):
            report("PAI021", "warning", *(users[0] for users in alike))


def _named(stack: str, file: File) -> Thing:
    return stack, (("cluster",) if said(file, "cluster") else ())


def _bound_once(files: Files, every: list[Binding], report: Report) -> None:
    bound = [Claim((b.stack, b.key), b.path, (b.stack, (*b.path, "palette"))) for b in every if b.key is not None]
    for group in _clashes(bound):
        report("PAI001", "error", *group)
    used = [(b, secret) for b in every for secret in secrets_of(b)]
    # Told once of Settings that are called alike.
    for _, thing in {
        ((b.namespace, b.name), (b.stack, secret.path)) for b, secret in used if secret.namespace != b.namespace
    }:
        report("PAI002", "error", thing)
    for group in _clashes_on_clusters(
        Claim(
            (secret.namespace, secret.name),
            (b.stack, b.path),
            (b.stack, secret.path),
            b.cluster,
            environment_of(b.stack, files[b.stack]),
        )
        for b, secret in used
    ):
        report("PAI002", "error", *group)


def _marks(integration: dict[str, Any]) -> set[tuple[str, str]]:
    """By what a credential can be recognised."""
    key, fingerprint = integration.get("apiKey"), integration.get("fingerprint")
    marks = set()
    sealed = key.get("secure") if isinstance(key, dict) else None
    if fingerprint and not _stale(integration):
        marks.add(("fingerprint", fingerprint["value"]))
    if sealed:
        marks.add(("ciphertext", sealed))
    if integration.get("credential"):
        marks.add(("credential", integration["credential"]))
    return marks


def _stale(integration: dict[str, Any]) -> bool:
    key, fingerprint = integration.get("apiKey"), integration.get("fingerprint")
    if not fingerprint or not isinstance(key, dict) or not key["secure"]:
        return False
    return bool(fingerprint["ciphertext"] != digest(key["secure"]))


def _credentials(files: Files, every: list[Binding], report: Report) -> None:
    bound: dict[tuple[str, str], dict[str, Any]] = {}
    for binding in every:
        if binding.integration is not None and binding.key is not None:
            bound.setdefault((binding.stack, binding.key), binding.integration)

    def thing(owner: tuple[str, str], *field: str) -> Thing:
        return owner[0], ("integrations", owner[1], *field)

    marks = {mark for integration in bound.values() for mark in _marks(integration)}
    groups = {frozenset(owner for owner in bound if mark in _marks(bound[owner])) for mark in marks}
    for group in groups:
        if len(group) > 1 and not any(group < other for other in groups):
            report("PAI003", "error", *map(thing, group))
    for owner, integration in bound.items():
        if _stale(integration):
            report("PAI003", "warning", thing(owner, "fingerprint"))
    reported = {owner for group in groups if len(group) > 1 for owner in group}
    undecided = [
        owner
        for owner, integration in bound.items()
        if owner not in reported and _is_undecided(integration, files[owner[0]])
    ]
    if undecided and len(bound) > 1:
        report("PAI003", "note", *map(thing, undecided))
    _same_compute(bound, report)


def _is_undecided(integration: dict[str, Any], file: File) -> bool:
    if {kind for kind, _ in _marks(integration)} & {"fingerprint", "credential"}:
        return False
    # A key that is missing or exposed is told by other rules.
    if "apiKey" in integration:
        return not isinstance(integration["apiKey"], str)
    return "existingSecret" in integration or bool(file.get("environment"))


def _same_compute(bound: dict[tuple[str, str], dict[str, Any]], report: Report) -> None:
    def compute(integration: dict[str, Any]) -> tuple[str, ...] | None:
        if not all(integration.get(field) for field in ("hostUrl", "tenant", "defaultProjectID")):
            return None
        host = integration["hostUrl"].split("://")[-1].split("/")[0].lower().removesuffix(":443").rstrip(".")
        return host, integration["tenant"], integration["defaultProjectID"]

    for reached in {compute(integration) for integration in bound.values()} - {None}:
        group = [owner for owner in bound if compute(bound[owner]) == reached]
        # Who is known to have one credential with somebody before them has no voice of their own.
        same = {(a, b) for a, b in combinations(group, 2) if _marks(bound[a]) & _marks(bound[b])}
        for _ in group:
            same |= {
                (a, b)
                for a, b in combinations(group, 2)
                for c in group
                if {(a, c), (c, a)} & same and {(b, c), (c, b)} & same
            }
        voices = [owner for owner in group if not any(b == owner for _, b in same)]
        if len(voices) > 1:
            report("PAI003", "warning", *((stack, ("integrations", key)) for stack, key in voices))


def _identities(files: Files, every: list[Binding]) -> Iterator[Claim]:
    for stack, file in files.items():
        on, tenant = (cluster_of(stack, file), environment_of(stack, file)), tenant_of(file)
        if not tenant.get("existing"):
            yield Claim(("Tenant", tenant["name"]), stack, (stack, ("tenant", "name")), *on)
        at = "namespace" if "namespace" in tenant else "name"
        # Stacks with one tenant share its namespace.
        owner = ("tenant", tenant["name"])
        yield Claim(("Namespace", namespace_of(file)), owner, (stack, ("tenant", at)), *on)
        for project, path in projects_of(file):
            yield Claim(("Namespace", project["name"]), (stack, path), (stack, (*path, "name")), *on)
        for b in every:
            if b.stack == stack and b.path[:2] == ("tenant", "settings"):
                yield Claim(("Settings", b.namespace, b.name), stack, (stack, b.path), *on)


_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PLAIN = re.compile(r"[A-Za-z0-9]+( +[A-Za-z0-9]+)*")


def _names(stack: str, file: File, mine: list[Binding], report: Report) -> None:
    tenant = tenant_of(file)
    labels: set[Path] = set()

    def wants(pattern: re.Pattern[str], name: str, *path: str | int, of: dict[str, Any] | None = None) -> None:
        reserved = of is not None and (name == "mural-system" or name.startswith("kube-"))
        makes = of is not None and of.get("createNamespace", True) and not of.get("existing")
        if not pattern.fullmatch(name) or reserved or (makes and name == "default"):
            labels.add(path)

    if len(tenant["name"]) > 63:
        labels.add(("tenant", "name"))
    wants(_SUBDOMAIN, tenant["name"], "tenant", "name")
    if "." in tenant["name"] and ("tenant", "name") not in labels and "namespace" in tenant:
        report("PAI007", "warning", (stack, ("tenant", "name")))
    wants(_LABEL, namespace_of(file), "tenant", "namespace" if "namespace" in tenant else "name", of=tenant)
    for name, _, path in tenant_settings(file):
        wants(_LABEL, name, *path)
    for project, path in projects_of(file):
        wants(_LABEL, project["name"], *path, "name", of=project)
        if "settings" in project:
            wants(_LABEL, project["settings"].get("name", "default"), *path, "settings", "name")
    for holder, path in [(tenant, ("tenant",)), *projects_of(file)]:
        reference = holder.get("computeConfigRef", {})
        if reference:
            wants(_SUBDOMAIN, reference["name"], *path, "computeConfigRef", "name")
        if reference.get("namespace"):
            wants(_LABEL, reference["namespace"], *path, "computeConfigRef", "namespace")
        if "displayName" in holder and not _PLAIN.fullmatch(holder["displayName"]):
            documented = path != ("tenant",) and re.search(r"[^\w ]|_", holder["displayName"])
            report("PAI008", "error" if documented else "warning", (stack, (*path, "displayName")))
    for binding in mine:
        for secret in secrets_of(binding):
            wants(_SUBDOMAIN, secret.name, *secret.path)
    for path in labels:
        report("PAI007", "error", (stack, path))


def _references(stack: str, file: File, mine: list[Binding], report: Report) -> None:
    tenant, known = tenant_of(file), [name for name, _, _ in tenant_settings(file)]
    for binding in mine:
        if binding.key is not None and binding.integration is None:
            report("PAI005", "error", (stack, (*binding.path, "palette")))
    if tenant.get("settingsRef", known and known[0]) not in known and "settingsRef" in tenant:
        report("PAI005", "error", (stack, ("tenant", "settingsRef")))
    for project, path in projects_of(file):
        if {"settings", "settingsRef"} <= project.keys():
            report("PAI005", "error", (stack, (*path, "settingsRef")), (stack, (*path, "settings")))
        elif "settingsRef" in project and project["settingsRef"] not in known:
            report("PAI005", "error", (stack, (*path, "settingsRef")))


def _fallback(stack: str, file: File, report: Report) -> None:
    tenant, default = tenant_of(file), default_of(file)
    known = [name for name, _, _ in tenant_settings(file)]
    at_default = [(stack, default[2])] if default else []
    if tenant.get("sharedClusterOnly") and default and default[1]:
        report("PAI013", "error", (stack, ("tenant", "sharedClusterOnly")), *at_default)
    for (project, path), (source, provider) in zip(projects_of(file), resolutions(file), strict=True):
        if project.get("sharedClusterOnly") and provider is not None:
            report("PAI013", "error", (stack, (*path, "sharedClusterOnly")), (stack, provider))
        astray = "settings" not in project and project.get("settingsRef", known and known[0]) not in known
        astray = astray and "settingsRef" in project
        # A reference that leads nowhere is PAI005's to tell, where it is what would have helped.
        waits = looks_up(file, project) and "settingsRef" in tenant and default is None
        if source == "nowhere" and not astray and not waits:
            report("PAI004", "error", (stack, (*path, "name")), *at_default)
    without = [path for project, path in projects_of(file) if not {**tenant, **project}.get("computeConfigRef")]
    if without:
        report("PAI015", "warning", *((stack, (*path, "name")) for path in without))


_NAMESPACES = {"namespaceLabels", "namespaceAnnotations"}
_SECRETS = {"secretName", "secretLabels", "secretAnnotations"}


def _unused(stack: str, file: File, mine: list[Binding], report: Report) -> None:
    # Where a reference leads nowhere, that one is what is missing.
    astray = any(binding.key is not None and binding.integration is None for binding in mine)
    for key in said(file, "integrations", {}):
        if not astray and all(binding.key != key for binding in mine):
            report("PAI011", "warning", (stack, ("integrations", key)))
    if tenant_of(file).get("existing"):
        managed = {"displayName", "description", "groups", "createNamespace", "extraSpec", *_NAMESPACES}
        for field in managed & tenant_of(file).keys():
            report("PAI011", "warning", (stack, ("tenant", field)))
    for holder, path in [(tenant_of(file), ("tenant",)), *projects_of(file)]:
        if not holder.get("existing") and not holder.get("createNamespace", True):
            for field in _NAMESPACES & holder.keys():
                report("PAI011", "warning", (stack, (*path, field)))
    for binding in mine:
        if not list(secrets_of(binding)):
            report("PAI011", "warning", (stack, binding.path))
        for field in _SECRETS & binding.body.keys() if not any(each.written for each in secrets_of(binding)) else ():
            report("PAI011", "warning", (stack, (*binding.path, field)))


_PLACEHOLDERS = {"", "CHANGE_ME", "<tenant>", "${HOST}"}
_LIKE_PLACEHOLDERS = {"todo", "xxx"}
_HOST = re.compile(r"(?i)https://[a-z0-9]+([.-][a-z0-9]+)*\.?(:[0-9]{1,5})?/?")
_FIELDS = ("apiKey", "defaultProjectID", "hostUrl", "tenant")


def _integration(thing: Thing, integration: dict[str, Any], imports: bool, report: Report) -> None:
    stack, path = thing
    stated = [field for field in _FIELDS if field in integration]
    key = integration.get("apiKey")
    if isinstance(key, str) or (isinstance(key, dict) and not key["secure"]):
        report("PAI010", "error", (stack, (*path, "apiKey")))
    if "existingSecret" in integration:
        if stated:
            report("PAI009", "error", (stack, (*path, stated[0])))
        return
    missing = set(_FIELDS) - set(stated)
    if imports and "apiKey" in missing:
        report("PAI009", "note", thing)
        missing -= {"apiKey"}
    if missing:
        report("PAI009", "error", thing)
    wrong = {field for field in set(stated) - {"apiKey"} if integration[field] in _PLACEHOLDERS}
    if not _HOST.fullmatch(integration.get("hostUrl", "https://a")):
        wrong.add("hostUrl")
    if "credential" in integration:
        wrong.add("credential")
    written = integration.get("fingerprint")
    if written and not re.fullmatch(r"pai1:[0-9a-f]{40} [0-9a-f]{32} [0-9a-f]{40}", " ".join(written.values())):
        wrong.add("fingerprint")
    # A path is only unusual.
    if "hostUrl" in wrong and _HOST.fullmatch(integration["hostUrl"].removesuffix("/v1")):
        wrong.remove("hostUrl")
        report("PAI009", "warning", (stack, (*path, "hostUrl")))
    for field in wrong:
        report("PAI009", "error", (stack, (*path, field)))
    for field in {"tenant", "defaultProjectID"} & set(stated):
        if integration[field] in _LIKE_PLACEHOLDERS:
            report("PAI009", "warning", (stack, (*path, field)))


def _file_name(stack: str, files: Mapping[str, File], report: Report) -> None:
    file = files[stack]
    tenant, _, environment = stack.rpartition(".")
    declared = tenant_of(file)["name"]
    if not tenant:
        report("PAI014", "warning", (stack, ("tenant", "name")))
    elif tenant != declared:
        owners = [each for each in files if each.rpartition(".")[0] == declared == tenant_of(files[each])["name"]]
        owners.sort(key=lambda each: each.rpartition(".")[2] != environment)
        report("PAI014", "error", *((each, ("tenant", "name")) for each in (stack, *owners[:1])))
    elif said(file, "environment", environment) != environment:
        report("PAI014", "error", (stack, ("environment",)))

"""The rule about environments: their stacks say which cluster they are deployed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from paletteai_components.diagnostics import Diagnostic, Severity, escaped
from paletteai_components.listing import listed
from paletteai_components.naming import did_you_mean, slips
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

_MAX_LOCATIONS = 10


@rule(
    "PAI021",
    "The stacks of an environment say which cluster they are deployed to",
    Scope.WORKSPACE,
    Severity.WARNING,
    origins={
        Origin.PULUMI: "Without `kubernetes:context`, a stack is deployed to the kubeconfig's current context.",
        Origin.OWN: "Stacks are compared with each other if they are deployed to one cluster.",
        Origin.BELIEF: "The stacks of an environment are deployed to one cluster, unless they say otherwise.",
    },
)
def cluster_is_named(workspace: Workspace) -> Iterator[Diagnostic]:
    """A wrong name of a cluster turns off every comparison between stacks, and nothing else shows it.

    A stack's cluster is `paletteai:cluster`, or else `kubernetes:context`.
    What two stacks have on different clusters is not compared, so a misspelt context hides every conflict.

    There are three warnings about the stacks of one environment:

    - Some name a cluster and others do not.
      The others are deployed to the current context of whoever deploys them.
      Set `kubernetes:context` in them, too.
    - They have different contexts.
      Correct the one that is wrong.
      If there are several clusters, say so: name them with `paletteai:cluster`.
      A stack with `paletteai:cluster`, or with a kubeconfig of its own, may have any context.
    - The `paletteai:cluster` of one and the cluster of another differ by a slip, such as `palnt` and `plant`.
      Names with other numbers, or other signs as in `plant-a` and `plant-b`, are taken for those of two clusters.
      If two clusters are named so much alike, silence the warning with that reason.

    If no stack of an environment names a cluster, they are all compared with each other, and there is no warning.
    A stack that imports ESC environments may get its context from one, so it is not asked for it.
    """
    environments: dict[str, list[Stack]] = defaultdict(list)
    for stack in workspace.stacks:
        if stack.spec is not None and stack.identified:
            environments[stack.environment].append(stack)
    for environment, stacks in environments.items():
        silent = [stack for stack in stacks if stack.cluster is None and not stack.imports]
        speaker = next((stack for stack in stacks if stack.cluster is not None), None)
        if silent and speaker is not None:
            yield _silent(silent, speaker)
        contexts: dict[str, list[Stack]] = {}
        for stack in stacks:
            if stack.context is not None and not stack.names_its_cluster and stack.kubeconfig is None:
                contexts.setdefault(stack.context, []).append(stack)
        if len(contexts) > 1:
            yield _different(environment, contexts)
        clusters: dict[str, list[Stack]] = {}
        for stack in stacks:
            if stack.cluster is not None:
                clusters.setdefault(stack.cluster, []).append(stack)
        for pair in slips(clusters):
            # The rarer name is the one to look at first.
            rare, other = sorted((clusters[name] for name in pair), key=len)
            if any(stack.names_its_cluster for stack in (*rare, *other)):
                yield _nearly_the_same(rare, other)


def _silent(silent: list[Stack], speaker: Stack) -> Diagnostic:
    names = listed((f"`{escaped(stack.name)}`" for stack in silent), 5)
    return Diagnostic(
        "PAI021",
        f"no cluster is named in stack {names}, but in `{escaped(speaker.name)}` of the same environment, so the "
        "current context decides where it is deployed, and stacks of other environments are not compared with it.",
        f"Set `kubernetes:context`, as `{escaped(speaker.name)}` does, or `paletteai:cluster`.",
        tuple(stack.cluster_location for stack in silent[:_MAX_LOCATIONS]),
        Severity.WARNING,
    )


def _different(environment: str, contexts: Mapping[str, list[Stack]]) -> Diagnostic:
    # The rarest is the one to look at first.
    ordered = sorted(contexts.items(), key=lambda each: len(each[1]))
    uses = listed((f"`{named(context)}` in stack `{escaped(users[0].name)}`" for context, users in ordered), 5)
    odd, (first, *_) = ordered[0]
    question = did_you_mean(odd, map(named, (context for context, _ in ordered[1:])))
    otherwise = f"set `paletteai:cluster` in `{escaped(first.name)}` to say that it is another cluster."
    return Diagnostic(
        "PAI021",
        f"the stacks of environment `{named(environment)}` have different contexts, {uses}, so what they deploy is not "
        "compared.",
        f"{question} If not, {otherwise}" if question else f"Correct the wrong one, or {otherwise}",
        tuple(users[0].cluster_location for _, users in ordered[:_MAX_LOCATIONS]),
        Severity.WARNING,
    )


def _nearly_the_same(rare: list[Stack], other: list[Stack]) -> Diagnostic:
    first, second = rare[0], other[0]
    meant = named(str(second.cluster))
    return Diagnostic(
        "PAI021",
        f"stack `{escaped(first.name)}` is for cluster `{named(str(first.cluster))}`, and `{escaped(second.name)}` of "
        f"the same environment for `{meant}`, so what they deploy is not compared.",
        f"Did you mean `{meant}`? If these are two clusters, add `paletteai:silence: {{PAI021: REASON}}`.",
        (first.cluster_location, second.cluster_location),
        Severity.WARNING,
    )

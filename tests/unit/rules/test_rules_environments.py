"""Which cluster the stacks of an environment are deployed to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.samples import codes, stack, workspace

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack


def tenant(name: str, top: str = "", environment: str = "dev") -> Stack:
    return stack(f"{top}\npaletteai:tenant: {{name: {name}}}".lstrip(), f"{name}.{environment}")


def only(*stacks: Stack) -> Diagnostic:
    (diagnostic,) = diagnostics_of(workspace(*stacks))
    assert (diagnostic.code, diagnostic.severity) == ("PAI021", Severity.WARNING)
    return diagnostic


def test_a_stack_that_names_no_cluster_beside_one_that_does_is_told() -> None:
    diagnostic = only(tenant("acme"), tenant("beta", "kubernetes:context: dev"))
    assert diagnostic.message.startswith("no cluster is named in stack `acme.dev`, but in `beta.dev`")
    assert [location.file for location in diagnostic.where] == ["stacks/Pulumi.acme.dev.yaml"]


def test_another_context_in_one_environment_is_told_with_the_one_that_was_meant() -> None:
    stacks = [tenant(name, "kubernetes:context: dev") for name in ("acme", "beta")]
    diagnostic = only(*stacks, tenant("gamma", "kubernetes:context: dve"))
    assert "`dve` in stack `gamma.dev`, `dev` in stack `acme.dev`, so what they deploy" in diagnostic.message
    assert diagnostic.help.startswith("Did you mean `dev`? If not, set `paletteai:cluster` in `gamma.dev`")
    assert str(diagnostic.where[0]) == "stacks/Pulumi.gamma.dev.yaml:2"


def test_a_context_unlike_the_others_may_be_right_or_wrong() -> None:
    diagnostic = only(tenant("acme", "kubernetes:context: dev"), tenant("beta", "kubernetes:context: plant"))
    assert diagnostic.help.startswith("Correct the wrong one, or set `paletteai:cluster`")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kubernetes:context: dev", "kubernetes:context: dev"),
        ("kubernetes:context: 12", 'kubernetes:context: "12"'),
        ("kubernetes:context: dev", "kubernetes:context: plant\npaletteai:cluster: plant"),
        ("kubernetes:context: dev", "paletteai:cluster: plant"),
        ("kubernetes:context: dev", "kubernetes:context: plant\nkubernetes:kubeconfig: plant.yaml"),
        ("", ""),
    ],
    ids=["one", "a number", "said", "only a name", "own kubeconfig", "none"],
)
def test_stacks_that_agree_or_say_that_they_do_not_are_right(one: str, other: str) -> None:
    assert diagnostics_of(workspace(tenant("acme", one), tenant("beta", other))) == []


@pytest.mark.parametrize("name", ["palnt", "plan", "plants", "plent", "Plant", "pl-ant"])
def test_a_name_of_a_cluster_that_differs_by_a_slip_is_told(name: str) -> None:
    stacks = [tenant(each, "paletteai:cluster: plant") for each in ("acme", "beta")]
    diagnostic = only(*stacks, tenant("gamma", f"paletteai:cluster: {name}"))
    assert diagnostic.message == (
        f"stack `gamma.dev` is for cluster `{name}`, and `acme.dev` of the same environment for `plant`, so what they "
        "deploy is not compared."
    )
    assert diagnostic.help.startswith("Did you mean `plant`? If these are two clusters, add `paletteai:silence: {PAI0")
    assert str(diagnostic.where[0]) == "stacks/Pulumi.gamma.dev.yaml:2"


def test_the_context_of_another_stack_is_the_name_of_a_cluster_too() -> None:
    diagnostic = only(tenant("acme", "kubernetes:context: plant"), tenant("beta", "paletteai:cluster: palnt"))
    assert "for cluster `plant`, and `beta.dev` of the same environment for `palnt`" in diagnostic.message


@pytest.mark.parametrize(
    ("one", "other"),
    [("plant-1", "plant-2"), ("plant-a", "plant-b"), ("eus", "euw"), ("plant", "harbour"), ("1234567", "1234568")],
)
def test_names_of_clusters_that_are_made_to_differ_are_right(one: str, other: str) -> None:
    stacks = [tenant("acme", f'paletteai:cluster: "{one}"'), tenant("beta", f'paletteai:cluster: "{other}"')]
    assert diagnostics_of(workspace(*stacks)) == []


def test_other_environments_have_other_clusters() -> None:
    stacks = tenant("acme", "kubernetes:context: dev"), tenant("acme", environment="prod")
    assert diagnostics_of(workspace(*stacks)) == []


def test_an_imported_environment_may_name_the_cluster() -> None:
    importing = replace(tenant("acme"), imports=("acme/dev",))
    assert diagnostics_of(workspace(importing, tenant("beta", "kubernetes:context: dev"))) == []


def test_the_warning_can_be_silenced_where_it_is_known() -> None:
    known = "paletteai:silence: {PAI021: The pipeline sets the context.}"
    found = diagnostics_of(workspace(tenant("acme", known), tenant("beta", "kubernetes:context: dev")))
    assert codes(found) == ["PAI021"]
    assert found[0].severity is Severity.SILENCED

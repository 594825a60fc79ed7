"""What components take: records or dicts of their fields, Outputs where no rule needs a value, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from support.programs import acme, another, credential, handed_over, key_in, later, output
from support.recording import Recording, Secret, recorded, run
from support.samples import declared_credential

from paletteai_components import (
    DeclarationError,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    RoleMappingArgs,
    SettingsArgs,
    Tenant,
    TenantArgs,
    TenantReference,
    TenantReferenceArgs,
    components,
    deploy,
)

RECORDS = sorted(name for name in vars(components) if name.endswith("Args"))


@pytest.mark.parametrize("name", RECORDS)
def test_a_dict_may_have_the_fields_of_its_record_and_must_have_those_that_it_must_have(name: str) -> None:
    record, typed = getattr(components, name), getattr(components, f"{name}Dict")
    assert typed.__annotations__.keys() == {each.name for each in fields(record)}
    stated = get_type_hints(typed, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)
    assert {key for key in typed.__required_keys__ if get_origin(stated[key]) is not NotRequired} == {
        each.name for each in fields(record) if each.default is MISSING and each.default_factory is MISSING
    }


def by_records() -> None:
    """A program whose components are given records."""
    own = SettingsArgs(palette=credential(), labels={"tier": "one"})
    tenant = Tenant("acme", TenantArgs("acme", settings={"default": own}, role_mapping=RoleMappingArgs(admin=["a"])))
    edge = PaletteIntegrationArgs(tenant, "edge", another("edge"))
    lab = SettingsArgs(palette=another("lab"))
    Project("acme.vision", ProjectArgs(tenant, "vision", settings_ref=PaletteIntegration("acme.edge", edge)))
    Project("acme.lab", ProjectArgs(tenant, "lab", settings=lab))
    TenantReference("beta", TenantReferenceArgs("beta", shared_cluster_only=True))


def by_dicts() -> None:
    """The same program, whose components are given dicts."""
    tenant = Tenant(
        "acme",
        {
            "name": "acme",
            "settings": {"default": {"palette": credential(), "labels": {"tier": "one"}}},
            "role_mapping": {"admin": ["a"]},
        },
    )
    edge = PaletteIntegration("acme.edge", {"tenant": tenant, "name": "edge", "credential": another("edge")})
    lab = another("lab")
    Project("acme.vision", {"tenant": tenant, "name": "vision", "settings_ref": edge})
    Project("acme.lab", {"tenant": tenant, "name": "lab", "settings": {"palette": lab}})
    TenantReference("beta", {"name": "beta", "shared_cluster_only": True})


def test_dicts_register_what_records_do() -> None:
    records, dicts = run(by_records), run(by_dicts)
    assert {each.urn: each for each in records.resources} == {each.urn: each for each in dicts.resources}


@pytest.mark.parametrize("given", [pulumi.Output.from_input, later], ids=["Output", "awaitable"])
def test_what_no_rule_needs_may_be_known_later(given: Callable[[Any], Any]) -> None:
    def program() -> None:
        tenant = acme(
            description=given("Vision"),
            groups=["admins", given("guests")],
            annotations={"example.com/owner": given("Acme")},
            role_mapping=RoleMappingArgs(admin=given(["ops"]), viewer=[given("guests")]),
            extra_spec={"quota": {"zones": [given("a")]}},
        )
        Project("acme.lab", ProjectArgs(tenant, "lab", annotations={"example.com/owner": given("Lab")}))

    recording = run(program)
    inputs = recording.object("Tenant", "acme").inputs
    assert inputs["metadata"]["annotations"] == {"example.com/owner": "Acme"}
    assert inputs["spec"]["description"] == "Vision"
    assert inputs["spec"]["tenantRoleMapping"] == {"groups": ["admins", "guests"]}
    assert inputs["spec"]["quota"] == {"zones": ["a"]}
    assert recording.object("Secret", "acme.default").inputs["metadata"]["annotations"] == {"example.com/owner": "Acme"}
    project = recording.object("Project", "acme.lab").inputs
    assert project["metadata"]["annotations"] == {"example.com/owner": "Lab"}
    assert project["spec"]["roleMapping"] == {"admin": ["ops"], "viewer": ["guests"]}


def test_what_is_known_later_brings_along_what_it_comes_from_and_stays_secret() -> None:
    def program() -> None:
        made = kubernetes.core.v1.ConfigMap("made", metadata={"name": "made", "namespace": "default"})
        acme(description=made.id, annotations={"example.com/owner": pulumi.Output.secret("Acme")})

    tenant = (recording := run(program)).object("Tenant", "acme")
    assert tenant.property_dependencies["spec"] == {recording.object("ConfigMap", "made").urn}
    assert tenant.inputs["metadata"]["annotations"] == {"example.com/owner": Secret("Acme")}


def refusal(program: Callable[[], object]) -> list[str]:
    """What a refused program is told of each problem."""
    recording = recorded(program)
    assert isinstance(recording.error, DeclarationError), recording.error
    assert {diagnostic.code for diagnostic in recording.error.diagnostics} == {"PAI012"}
    return [diagnostic.message for diagnostic in recording.error.diagnostics]


LATE = "is an Output, but it is checked before anything is registered, so it must be a plain value."


def test_what_a_rule_needs_is_refused_by_name_where_it_is_an_output() -> None:
    palette = credential(host_url=output("x"))
    of_a_tenant = TenantArgs(
        name=output("acme"),
        display_name=output("Acme"),
        labels={"team": output("one")},
        create_namespace=output(True),
        on_removal=output("retain"),
        vendor_fields=output({}),
        former_api_versions=output(["v1"]),
        settings={"default": SettingsArgs(palette=palette, secret_name=output("x")), output("x"): SettingsArgs()},
    )
    assert refusal(lambda: Tenant("acme", of_a_tenant)) == sorted(
        f"{said} {LATE}"
        for said in (
            "`name`",
            "`display_name`",
            "an entry of `labels`",
            "`create_namespace`",
            "`on_removal`",
            "`vendor_fields`",
            "`former_api_versions`",
            "a name in `settings`",
            "`settings.default.secret_name`",
            "`host_url` of the credential `shared`",
        )
    )
    assert refusal(lambda: Project("x", ProjectArgs(acme(), output("lab"), settings_ref=output("x")))) == [
        f"`name` {LATE}",
        f"`settings_ref` {LATE}",
    ]
    assert refusal(lambda: PaletteIntegration("x", PaletteIntegrationArgs(acme(), output("x"), credential()))) == [
        f"`name` {LATE}"
    ]
    assert refusal(lambda: acme(settings={"x": SettingsArgs(palette=credential(output("x")))})) == [
        f"`name` of a PaletteCredential {LATE}"
    ]


def test_what_is_of_a_wrong_type_is_told_with_its_name_and_what_is_expected() -> None:
    wrong: dict[str, Any] = {
        "name": None,
        "displayName": "Acme",
        "description": 6,
        "groups": "admins",
        "shared_cluster_only": "yes",
        "on_removal": "never",
        "labels": ["x"],
        "settings": {
            "default": {"palette": "shared", "nvidia": "ngc", "secretName": "x"},
            "edge": credential(),
            "lab": {"palette": credential("x", {"secure": "v1:x"}), "hugging_face": credential()},
            "two": {"palette": {"host_url": "https://api.example"}},
            1: {},
        },
        "extra_spec": {"x": [object()]},
    }
    assert refusal(lambda: Tenant("acme", wrong)) == sorted(  # type: ignore[arg-type]
        [
            "`name` is missing.",
            "`args` has no field `displayName`, so it would have no effect.",
            "`description` should be text, but is of type int.",
            "`groups` should be a list, but is of type str.",
            "`shared_cluster_only` should be True or False, but is of type str.",
            "`on_removal` should be refuse, retain or delete, but is of type str.",
            "`labels` should be a dict, but is of type list.",
            "`settings.default.palette` should be a PaletteCredential, but is of type str.",
            "`settings.default.nvidia` should be a SecretReferenceArgs, but is of type str.",
            "`settings.default` has no field `secretName`, so it would have no effect.",
            "`settings.edge` should be a SettingsArgs, but is of type str.",
            "`settings.two.palette` should be a PaletteCredential, but is of type dict.",
            "`settings.lab.hugging_face` should be a SecretReferenceArgs, but is of type str.",
            "`api_key` of the credential `x` should be text or an Output of it, but is of type dict.",
            "a name in `settings` should be text, but is of type int.",
            "`extra_spec` holds a value of type object, which a manifest cannot hold.",
        ]
    )


@pytest.mark.parametrize(
    ("component", "args", "said"),
    [
        (Project, lambda: ["x"], "`args` should be a ProjectArgs or a dict of its fields, but is of type list."),
        (
            Project,
            lambda: {"tenant": "acme", "name": "x"},
            "`tenant` should be a Tenant or TenantReference, but is of type str.",
        ),
        (
            Project,
            lambda: {"tenant": acme(), "name": "x", "settings": {"name": 1}},
            "`settings.name` should be text, but is of type int.",
        ),
        (
            PaletteIntegration,
            lambda: {"tenant": acme(), "name": "x", "credential": "shared"},
            "`credential` should be a PaletteCredential, but is of type str.",
        ),
    ],
)
def test_what_is_of_a_wrong_type_is_told_by_every_component(
    component: Any, args: Callable[[], object], said: str
) -> None:
    assert refusal(lambda: component("x", args())) == [said]


def test_what_a_component_gives_can_be_given_to_another_resource() -> None:
    def program() -> None:
        tenant = acme()
        lab = Project("acme.lab", ProjectArgs(tenant, "lab", settings_ref=None))
        own = tenant.integrations["default"]
        data: dict[str, pulumi.Input[str]] = {
            "tenant": tenant.tenant_name,
            "project": lab.namespace,
            "by": own.reference,
        }
        data |= {} if own.fingerprint is None else {"fingerprint": own.fingerprint}
        kubernetes.core.v1.ConfigMap("told", metadata={"name": "told", "namespace": own.namespace}, data=data)

    data = run(program).object("ConfigMap", "told").inputs["data"]
    assert data.pop("fingerprint").startswith("pai1:")
    assert data == {"tenant": "acme", "project": "lab", "by": "tenant-acme/default"}


def test_nothing_but_outputs_is_public_on_a_component() -> None:
    def program() -> list[set[str]]:
        tenant = acme()
        lab = Project("acme.lab", ProjectArgs(tenant, "lab"))
        own = tenant.integrations["default"]
        inherited = {*dir(pulumi.ComponentResource), "id"}
        return [
            {name for name in {*dir(each), *vars(each)} - inherited if not name.startswith("_")}
            for each in (tenant, lab, own)
        ]

    assert run(program).returned == [
        {"tenant_name", "namespace", "integrations", "resource"},
        {"project_name", "namespace", "source", "settings", "integration", "resource"},
        {
            "settings_name",
            "namespace",
            "reference",
            "palette",
            "secret_name",
            "credential",
            "fingerprint",
            "settings",
            "secret",
        },
    ]


def deployed_with(folder: Path, more: Callable[[], object], *, first: bool = False) -> Recording:
    """What a program does that deploys a stack and declares more beside it."""
    config, secret_keys = handed_over(
        {
            "kubernetes:context": "dev",
            "paletteai:integrations": {"shared": declared_credential("v1:a")},
            "paletteai:tenant": {
                "name": "acme",
                "settings": {"default": {"palette": "shared"}},
                "projects": [{"name": "vision"}],
            },
        }
    )

    def program() -> None:
        for step in (more, lambda: deploy(folder)) if first else (lambda: deploy(folder), more):
            step()

    return recorded(program, config=config, secret_keys=secret_keys)


MORE: dict[str, tuple[Callable[[], object], str | None]] = {
    "another tenant": (
        lambda: Tenant("beta", {"name": "beta", "settings": {"default": {"palette": credential()}}}),
        None,
    ),
    "a project of one name": (
        lambda: Project("x", ProjectArgs(TenantReference("b", {"name": "b", "shared_cluster_only": True}), "vision")),
        "PAI006",
    ),
    "one key": (
        lambda: Tenant("b", {"name": "b", "settings": {"default": {"palette": credential("b", key_in("v1:a"))}}}),
        "PAI003",
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("more", MORE)
def test_what_a_program_declares_beside_its_stack_is_compared_with_it(tmp_path: Path, more: str, first: bool) -> None:
    declare, code = MORE[more]
    recording = deployed_with(tmp_path, declare, first=first)
    if code is None:
        assert recording.error is None
    else:
        assert isinstance(recording.error, DeclarationError)
        assert [diagnostic.code for diagnostic in recording.error.diagnostics] == [code]

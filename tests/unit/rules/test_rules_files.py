"""Files: understood as they are meant, and named after what is in them (PAI012, PAI014)."""

from __future__ import annotations

import pytest
from support.samples import codes, stack, told, workspace

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.stacks.stack_file import stack_from_config

TENANT = "paletteai:tenant: {name: acme}\n"


def misread(config: str) -> list[Diagnostic]:
    """What PAI012 says of a configuration, which has nothing else wrong with it."""
    diagnostics = diagnostics_of_stack(stack(config))
    assert set(codes(diagnostics)) <= {"PAI012"}
    return diagnostics


@pytest.mark.parametrize(
    ("config", "line", "said", "remedy"),
    [
        ("paletteai:tennant: {}\n" + TENANT, 2, "`paletteai:tennant` is no key of", "Did you mean `paletteai:tenant`?"),
        ("TENANT, display-name: A}", 2, "`tenant` has no such field", "Did you mean `displayName`?"),
        ("TENANT, disp_name: A}", 2, "no field `disp_name`", "Did you mean `displayName`?"),
        ("TENANT, x: 1}", 2, "`tenant` has no field `x`", "Known fields: annotations, "),
        (
            "paletteai:tenant:\n  name: acme\n  roleMapping: {admins: []}",
            4,
            "`tenant.roleMapping` has no field `admins`",
            "Did you mean `admin`?",
        ),
        (
            "paletteai:integrations:\n  nvidia: {existingSecrets: a}\n" + TENANT,
            3,
            "`integrations.nvidia` has no field `existingSecrets`",
            "Did you mean `existingSecret`?",
        ),
        ("paletteai:tenant: {}", 2, "`tenant` lacks the field `name`", "Add `name`."),
        ("other:a: 1", 1, "the configuration lacks `paletteai:tenant`, so nothing", "Add `paletteai:tenant`."),
        (TENANT + "paletteai:cluster: 12", 3, "without quotes it reads as a number", "Write the value in quotes."),
        (TENANT + "paletteai:cluster: [12]", 3, "`cluster` should be text", "Make it text."),
        (TENANT + "paletteai:mergedSettings: [12]", 3, "should be true or false", "Write `true` or `false`"),
        ("TENANT, groups: staff}", 2, "`tenant.groups` should be a list", "Write `groups: [staff]`."),
        ("TENANT, settings: []}", 2, "`tenant.settings` should be an object", "Write each entry as `NAME: …`, without"),
        (
            "TENANT, onRemoval: keep}",
            2,
            "`tenant.onRemoval` has none of its possible values",
            "Write `refuse`, `retain` or `delete`.",
        ),
        (
            "paletteai:integrations: {a: {apiKey: {secret: x}}}\n" + TENANT,
            2,
            "`integrations.a.apiKey` is not an encrypted key",
            "Run `pulumi config set --secret --path --stack acme.dev paletteai:integrations.a.apiKey`.",
        ),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_its_line_and_what_was_meant(
    config: str, line: int, said: str, remedy: str
) -> None:
    (diagnostic,) = told(
        diagnostics_of_stack(stack(config.replace("TENANT", "paletteai:tenant: {name: acme"))), "PAI012"
    )
    assert said in diagnostic.message
    assert diagnostic.help.startswith(remedy)
    assert [location.line for location in diagnostic.where] == [line]


def test_keys_of_other_programs_are_none_of_ours() -> None:
    assert misread(TENANT + "kubernetes:anything: 1\naws:region: x\nother:tenant: {}") == []


@pytest.mark.parametrize(
    "spill",
    [
        "{integrations: {a: {KEY: {hostUrl: x}}}, tenant: {name: acme}}",
        "{integrations: {a: {apikey: KEY}}, tenant: {name: acme}}",
        "{integrations: {a: {apiKey: [KEY]}}, tenant: {name: acme}}",
        "{integrations: {a: KEY}, tenant: {name: acme}}",
        "{integrations: KEY, tenant: {name: acme}}",
        "{integrations: {KEY: KEY}, tenant: {name: acme}}",
        "{integrations: {a: {KEY: x}}, tenant: {name: acme}}",
        "{integrations: {a: {apiKey: {secure: [KEY]}}}, tenant: {name: acme}}",
        "{integrations: {a: {apiKey: {secure: x, KEY: y}}}, tenant: {name: acme}}",
        "{tenant: {name: acme, onRemoval: KEY}}",
        "{tenant: {name: acme, existing: KEY}}",
        "{tenant: KEY}",
        "{KEY: KEY, tenant: {name: acme}}",
        "{apiVersion: [KEY], tenant: {name: acme}}",
        "{vendorFields: {KEY: KEY}, tenant: {name: acme}}",
        "{vendorFields: {settings.palette: KEY}, tenant: {name: acme}}",
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(spill: str) -> None:
    key = "q9Z-kj3_8sPPw1-fake-key-77"
    declared = document_from(spill.replace("KEY", f'"{key}"').encode(), "spilt").value
    diagnostics = diagnostics_of_stack(
        stack_from_config("acme.dev", {f"paletteai:{name}": declared[name] for name in declared})
    )
    assert "PAI012" in codes(diagnostics)
    assert key not in "".join(str(diagnostic) for diagnostic in diagnostics if diagnostic.code == "PAI012")


@pytest.mark.parametrize(
    ("fields", "said", "remedy"),
    [
        ("{settings.pallete: spec.a}", "has no field `settings.pallete`", "Did you mean `settings.palette`"),
        ("{project.tenant: spec.a}", "the path of `project.tenant` is known from the vendor", "Delete it. Only"),
        ("{settings.nvidia: spec..a}", "the path of `settings.nvidia` has an empty name", "Write it like `spec."),
        ("{settings.nvidia: metadata.name}", "is not below `spec`", "Write it like `spec."),
        ("{settings.nvidia: spec}", "is not below `spec`", "Write it like `spec."),
        (
            "{settings.nvidia: spec.integrations.palette.secretRef.name}",
            "the path of `settings.nvidia` overlaps the path of `settings.palette`",
            "Give each field its own path.",
        ),
        ("{settings.nvidia: spec.integrations.palette}", "overlaps the path of `settings.palette`", "Give each field"),
        (
            "{settings.nvidia: spec.integrations.palette.secretRef.name.x}",
            "overlaps the path of `settings.palette`",
            "Give each field",
        ),
        (
            "{settings.nvidia: 'spec.all[type=nvidia].name', settings.palette: 'spec.all[type=nvidia]'}",
            "the path of `settings.palette` ends with an element, not with one of its fields, so it would set no field",
            "Write it like `spec.integrations.palette.secretRef.name`, or like "
            "`spec.integrations[type=palette].secretRef.name` for an element of a list.",
        ),
        ("{settings.nvidia: 'spec.all[type=nvidia.name'}", "has a bracket without its counterpart", "Write it like"),
    ],
)  # fmt: skip
def test_only_assumed_fields_get_another_path_and_one_that_leads_somewhere_of_its_own(
    fields: str, said: str, remedy: str
) -> None:
    (diagnostic,) = misread(f"{TENANT}paletteai:vendorFields: {fields}")
    assert said in diagnostic.message
    assert diagnostic.help.startswith(remedy)


def in_one_list(path: str) -> list[Diagnostic]:
    """What PAI012 says of two fields, one of which is in an element of a list."""
    return misread(
        f"{TENANT}paletteai:vendorFields: {{settings.nvidia: 'spec.all[type=nvidia].name', settings.palette: '{path}'}}"
    )


def test_two_fields_may_be_in_two_elements_of_a_list() -> None:
    assert in_one_list("spec.all[type=palette].name") == []


@pytest.mark.parametrize(
    "rival",
    [
        "spec.all",
        "spec.all[type=nvidia].name",
        "spec.all[type=nvidia].name.x",
        # Another path takes the list for a mapping, or selects its elements by another field.
        "spec.all.palette.name",
        "spec.all[kind=palette].name",
    ],
)
def test_two_fields_are_not_in_one_element_nor_is_a_list_read_in_two_ways(rival: str) -> None:
    assert [diagnostic.message.split("`")[1::2] for diagnostic in in_one_list(rival)] == [
        ["settings.nvidia", "settings.palette"],
        ["settings.palette", "settings.nvidia"],
    ]


def test_a_field_that_is_used_follows_the_layout_that_another_one_shows() -> None:
    listed = "paletteai:vendorFields: {settings.palette: 'spec.integrations[type=palette].secretRef.name'%s}\n"
    uses = "paletteai:tenant: {name: acme, settings: {ngc: {%s: {existingSecret: n}}}}"
    assert misread(listed % "" + TENANT) == []
    for name in ("nvidia", "huggingFace"):
        (diagnostic,) = misread(listed % "" + uses % name)
        assert diagnostic.message == (
            f"the path of `settings.palette` and the assumed path of `settings.{name}` disagree on whether "
            "`spec.integrations` is a list, so one would overwrite the other."
        )
        assert diagnostic.help == f"Set the path of `settings.{name}`, too."
        assert diagnostic.where[0].line == 2
    more = ", settings.nvidia: 'spec.integrations[type=nvidia].secretRef.name'"
    assert misread(listed % more + uses % "nvidia") == []


def test_assumed_fields_can_trade_places() -> None:
    traded = "{settings.nvidia: spec.integrations.huggingFace.secretRef.name, settings.huggingFace: spec.hf}"
    assert misread(f"{TENANT}paletteai:vendorFields: {traded}") == []


def test_a_field_may_stand_where_another_object_has_another() -> None:
    assert misread(f"{TENANT}paletteai:vendorFields: {{settings.nvidia: spec.displayName}}") == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("name: acme, extraSpec: {displayName: A}", "`extraSpec` sets `displayName` of a Tenant"),
        ("name: acme, extraSpec: {settingsRef: {name: a}}", "sets `settingsRef.name` of a Tenant"),
        ("name: acme, extraSpec: {tenantRoleMapping: staff}", "sets `tenantRoleMapping` of a Tenant"),
        (
            "name: acme, settings: {ngc: {nvidia: {existingSecret: n}, extraSpec: {integrations: null}}}",
            "sets `integrations` of a Settings",
        ),
    ],
)
def test_extra_spec_cannot_say_what_a_field_says(config: str, said: str) -> None:
    (diagnostic,) = misread(f"paletteai:tenant: {{{config}}}")
    assert said in diagnostic.message
    assert "which is modelled, so one would overwrite the other" in diagnostic.message
    assert diagnostic.help == "Use the modelled field, and delete it here."


def test_extra_spec_of_a_project_and_of_its_own_settings_is_read_too() -> None:
    diagnostics = told(
        diagnostics_of_stack(
            stack(
                """
                paletteai:tenant:
                  name: acme
                  projects:
                    - name: vision
                      extraSpec: {tenantRef: {name: other}}
                      settings:
                        extraSpec: {integrations: {palette: {secretRef: {name: x}}}}
                """
            )
        ),
        "PAI012",
    )
    assert [(diagnostic.where[0].line, diagnostic.message.split("`")[3]) for diagnostic in diagnostics] == [
        (6, "tenantRef.name"),
        (8, "integrations.palette.secretRef.name"),
    ]


def test_extra_spec_follows_a_field_that_was_given_another_path() -> None:
    moved = "paletteai:vendorFields: {settings.nvidia: spec.ngc}\npaletteai:tenant: {name: acme, settings: {ngc: {%s}}}"
    body = "nvidia: {existingSecret: n}, extraSpec: {ngc: x}"
    (diagnostic,) = misread(moved % body)
    assert "`ngc` of a Settings" in diagnostic.message
    assert misread(moved % body.replace("ngc: x", "integrations: {nvidia: {secretRef: {name: x}}}")) == []


def test_extra_spec_adds_to_an_element_and_sets_none_of_its_modelled_fields() -> None:
    file = """
        paletteai:vendorFields: {settings.nvidia: "spec.integrations[type=nvidia].secretRef.name"}
        paletteai:tenant:
          name: acme
          settings:
            ngc: {nvidia: {existingSecret: n}, extraSpec: {integrations: [{type: nvidia, %s}, {type: other}]}}
    """
    assert misread(file % "region: eu") == []
    (diagnostic,) = misread(file % "secretRef: {name: x}")
    assert "sets `integrations[type=nvidia].secretRef.name` of a Settings" in diagnostic.message


def test_extra_spec_may_say_everything_else() -> None:
    extra = "extraSpec: {gpuQuota: {limits: [1, 2]}, settingsRef: {kind: Settings}}"
    assert misread(f"paletteai:tenant: {{name: acme, {extra}}}") == []


@pytest.mark.parametrize(
    ("name", "config", "said", "remedy"),
    [
        ("my-acme.dev", "name: acme", "the stack `my-acme.dev` declares tenant `acme`", "Pulumi.acme.dev.yaml"),
        ("beta.dev", "name: acme", "the stack `beta.dev` declares tenant `acme`", "Pulumi.acme.dev.yaml"),
        (
            "beta.dev",
            "name: acme\npaletteai:environment: prod",
            "the stack `beta.dev` declares tenant `acme`",
            "Pulumi.acme.prod.yaml",
        ),
        ("acme.eu.dev", "name: acme", "the stack `acme.eu.dev` declares tenant `acme`", "Pulumi.acme.dev.yaml"),
    ],
)
def test_a_file_is_called_after_the_tenant_in_it(name: str, config: str, said: str, remedy: str) -> None:
    (diagnostic,) = diagnostics_of(workspace(stack(f"paletteai:tenant:\n  {config}", name)))
    assert diagnostic.code == "PAI014"
    assert diagnostic.message == f"{said}, so its name would mislead the person who deploys or removes it."
    assert f"Rename the file to `{remedy}`" in diagnostic.help
    assert [str(location) for location in diagnostic.where] == [f"stacks/Pulumi.{name}.yaml:3"]


@pytest.mark.parametrize(
    ("name", "config", "lacks", "remedy"),
    [
        ("acme", "name: acme", "environment", "Pulumi.acme.<environment>.yaml"),
        ("acme", "name: acme\npaletteai:environment: prod", "environment", "Pulumi.acme.prod.yaml"),
        ("prod", "name: acme", "tenant", "Pulumi.acme.prod.yaml"),
        ("main", "name: acme\npaletteai:environment: prod", "tenant", "Pulumi.acme.prod.yaml"),
    ],
)
def test_a_stack_name_without_a_dot_is_a_warning(name: str, config: str, lacks: str, remedy: str) -> None:
    (diagnostic,) = diagnostics_of(workspace(stack(f"paletteai:tenant:\n  {config}", name)))
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.WARNING)
    assert diagnostic.message == (
        f"the stack `{name}` is not named `<tenant>.<environment>`, so its name does not say which {lacks} it is."
    )
    assert diagnostic.help == f"Rename the file to `{remedy}`, or correct the name in it."


def test_a_file_is_called_after_the_environment_that_it_states() -> None:
    (diagnostic,) = diagnostics_of(workspace(stack(f"paletteai:environment: prod\n{TENANT}")))
    assert diagnostic.code == "PAI014"
    assert diagnostic.message.startswith("the stack `acme.dev` declares environment `prod`, ")
    assert [location.line for location in diagnostic.where] == [2]
    assert diagnostics_of(workspace(stack(f"paletteai:environment: dev\n{TENANT}"))) == []


def test_a_tenant_may_have_dots_before_its_environment() -> None:
    (diagnostic,) = diagnostics_of(workspace(stack("paletteai:tenant: {name: acme.eu, namespace: eu}", "acme.eu.dev")))
    assert (diagnostic.code, diagnostic.severity) == ("PAI007", Severity.WARNING)
    assert diagnostic.message == "the name of tenant `acme.eu` has a dot, which PaletteAI may not accept."


def test_a_declaration_without_a_file_is_called_as_it_likes() -> None:
    assert diagnostics_of(workspace(stack_from_config("anything", {"paletteai:tenant": {"name": "acme"}}))) == []

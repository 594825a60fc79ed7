"""A stack: its file and the project's defaults, as Pulumi puts them together."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.checkout import CRD_FOLDER
from support.samples import codes

from paletteai_components.diagnostics import StackFileError
from paletteai_components.kube.crds import crds_from
from paletteai_components.kube.palette_api import API_VERSION, PaletteApi
from paletteai_components.model import spec
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.stacks.files import document_in, stack_name_of
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config, stack_from_file
from paletteai_components.stacks.workspace import Workspace

CRDS = crds_from(CRD_FOLDER)
TENANT = "config:\n  paletteai:tenant: {name: acme}\n"


def read(tmp_path: Path, text: str, project: str = "", name: str = "acme.dev") -> Stack:
    """The stack in a file of this text, in a project of these defaults."""
    file = tmp_path / f"Pulumi.{name}.yaml"
    file.write_text(dedent(text))
    if not project:
        return stack_from_file(file)
    path = tmp_path / "Pulumi.yaml"
    path.write_text(f"name: paletteai\n{dedent(project)}")
    return stack_from_file(file, PulumiProject(path, document_in(path)))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Pulumi.acme.dev.yaml", "acme.dev"),
        ("Pulumi.acme.eu.dev.yaml", "acme.eu.dev"),
        ("Pulumi.acme.yaml", "acme"),
        ("Pulumi.a.yaml.yaml", "a.yaml"),
        ("Pulumi.yaml", None),
        ("Pulumi..yaml", None),
        ("Pulumi.acme.dev.yml", None),
        ("Pulumi.acme.dev.json", None),
        ("Pulumi.acme.dev.yaml.bak", None),
        ("pulumi.acme.dev.yaml", None),
        ("xPulumi.acme.dev.yaml", None),
    ],
)
def test_the_name_of_a_stack_is_read_off_its_file(file: str, name: str | None) -> None:
    assert stack_name_of(file) == name


def test_a_value_of_the_stack_replaces_the_projects_default_as_a_whole(tmp_path: Path) -> None:
    project = """
        config:
          paletteai:integrations:
            type: object
            default:
              theirs: {existingSecret: a}
              kept: {existingSecret: b}
          paletteai:tenant:
            default: {name: other, description: gone}
          paletteai:cluster: {default: plant}
        """
    stack = read(tmp_path, TENANT + "  paletteai:integrations: {ours: {existingSecret: c}}\n", project)
    assert stack.spec
    assert list(stack.spec.integrations) == ["ours"]
    assert (stack.spec.tenant.name, stack.spec.tenant.description) == ("acme", None)
    assert stack.cluster == "plant"


@pytest.mark.parametrize(
    ("entry", "cluster"),
    [
        ("paletteai:cluster: plant", "plant"),
        ("cluster: plant", "plant"),
        ("paletteai:cluster: {default: plant}", "plant"),
        ("cluster: {type: string, default: plant}", "plant"),
        ("paletteai:cluster: {value: plant}", "plant"),
        ("paletteai:cluster: {type: string, description: no default}", None),
        ("kubernetes:context: plant", "plant"),
        ("kubernetes:context: {value: plant}", "plant"),
        ("context: plant", None),
    ],
)
def test_a_default_may_be_written_in_every_form_that_pulumi_knows(
    tmp_path: Path, entry: str, cluster: str | None
) -> None:
    assert read(tmp_path, TENANT, f"config:\n  {entry}\n").cluster == cluster


def test_a_default_that_is_a_list_is_taken_as_it_stands(tmp_path: Path) -> None:
    stack = read(tmp_path, TENANT, "config:\n  paletteai:mergedSettings: [a]\n")
    assert codes(list(stack.diagnostics)) == ["PAI012"]


@pytest.mark.parametrize("project", ["description: x\n", "config:\n"])
def test_a_project_file_without_defaults_changes_nothing(tmp_path: Path, project: str) -> None:
    assert read(tmp_path, TENANT, project).spec == read(tmp_path, TENANT).spec


def test_keys_without_a_namespace_are_the_projects_own(tmp_path: Path) -> None:
    text = "config:\n  tenant:\n    name: acme\n    displayName: A!\n  cluster: plant\n  tenannt: {}\n"
    stack = read(tmp_path, text, "description: x\n")
    assert stack.cluster == "plant"
    told = {(diagnostic.code, diagnostic.where[0].line) for diagnostic in diagnostics_of_stack(stack)}
    assert told == {("PAI012", 6), ("PAI008", 4)}


@pytest.mark.parametrize(
    ("config", "cluster", "name"),
    [
        ("paletteai:cluster: a\n  kubernetes:context: b", "a", "a"),
        ("kubernetes:context: b", "b", "b"),
        ("paletteai:cluster: ''\n  kubernetes:context: b", "b", "b"),
        ("paletteai:environment: prod", None, "the cluster of prod"),
        ("kubernetes:context: ''", None, "the cluster of dev"),
        ("other:key: x", None, "the cluster of dev"),
    ],
)
def test_the_cluster_is_what_is_stated_else_the_context_else_the_environments(
    tmp_path: Path, config: str, cluster: str | None, name: str
) -> None:
    stack = read(tmp_path, f"{TENANT}  {config}\n")
    assert (stack.cluster, stack.cluster_name) == (cluster, name)


def test_the_environment_is_what_is_stated_else_the_end_of_the_name(tmp_path: Path) -> None:
    assert read(tmp_path, TENANT, name="acme.eu.dev").environment == "dev"
    assert read(tmp_path, f"{TENANT}  paletteai:environment: prod\n").environment == "prod"


@pytest.mark.parametrize(
    ("environment", "imports"),
    [
        ("environment: [acme/dev, shared]", ("acme/dev", "shared")),
        ("environment: [{acme/dev: {merge: false}}, shared]", ("acme/dev", "shared")),
        ("environment: {imports: [acme/dev]}", ("acme/dev",)),
        ("environment:", ()),
        ("", ()),
    ],
)
def test_imported_environments_are_known_by_name(tmp_path: Path, environment: str, imports: tuple[str, ...]) -> None:
    assert read(tmp_path, f"{environment}\n{TENANT}").imports == imports


def test_the_salt_of_the_passphrase_is_kept_with_its_line(tmp_path: Path) -> None:
    stack = read(tmp_path, f"encryptionsalt: v1:salt\n{TENANT}")
    assert stack.salt == "v1:salt"
    assert str(stack.file_location("encryptionsalt")) == f"{tmp_path}/Pulumi.acme.dev.yaml:1"
    assert read(tmp_path, TENANT).salt is None
    assert read(tmp_path, f"encryptionsalt: []\n{TENANT}").salt is None


def test_the_vendors_api_is_the_stacks_to_choose(tmp_path: Path) -> None:
    chosen = "  paletteai:apiVersion: spectrocloud.com/v1\n  paletteai:vendorFields: {settings.nvidia: spec.ngc}\n"
    assert read(tmp_path, TENANT + chosen).api == PaletteApi("spectrocloud.com/v1", {"settings.nvidia": "spec.ngc"})
    assert read(tmp_path, TENANT).api.api_version == API_VERSION == "spectrocloud.com/v1alpha1"
    assert Stack("nothing").api == PaletteApi()


@pytest.mark.parametrize("text", ["name: x\n", "config:\n", "config: []\n", "config: acme\n"])
def test_a_file_without_config_declares_nothing_and_says_so(tmp_path: Path, text: str) -> None:
    stack = read(tmp_path, text)
    assert (stack.spec, stack.plan, stack.is_complete) == (None, None, False)
    assert "has no `config` object, so it declares no tenant" in stack.diagnostics[-1].message
    assert set(codes(diagnostics_of_stack(stack))) == {"PAI012"}


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        ("paletteai:tenant: {name: b}", "`paletteai:tenant` is outside of `config`"),
        ("integrations: {}", "`integrations` is outside of `config`"),
        ("encryptionSalt: x", "the file, outside of `config`, has no field `encryptionSalt`"),
    ],
)
def test_what_stands_outside_of_config_has_no_effect_and_is_told(tmp_path: Path, outside: str, said: str) -> None:
    (diagnostic,) = diagnostics_of_stack(read(tmp_path, f"{TENANT}{outside}\n"))
    assert said in diagnostic.message
    assert "no effect" in diagnostic.message
    assert [location.line for location in diagnostic.where] == [3]


def test_a_link_within_the_folder_is_followed_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(TENANT)
    (tmp_path / "Pulumi.acme.prod.yaml").symlink_to("Pulumi.acme.dev.yaml")
    assert stack_from_file(tmp_path / "Pulumi.acme.prod.yaml").spec
    with pytest.raises(StackFileError, match="no such file, so nothing in it was checked"):
        stack_from_file(tmp_path / "Pulumi.gone.dev.yaml")


SPECS = [each for each in vars(spec).values() if isinstance(each, type) and issubclass(each, spec.Spec)]
FIELDS = sorted({str(info.alias) for each in SPECS for info in each.model_fields.values()})
names = st.sampled_from([*FIELDS, "default", "shared", "secure"])
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), names)
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


paths = st.lists(st.sampled_from(["spec", "a", "integrations", "nvidia", "metadata", "name"]), max_size=4).map(".".join)
moved = st.dictionaries(st.sampled_from(["settings.palette", "settings.nvidia", "settings.huggingFace"]), paths)


@given(st.dictionaries(names, anything, max_size=4), st.dictionaries(names, anything, max_size=4), moved)
@settings(max_examples=settings().max_examples // 2)
def test_whatever_is_declared_is_judged_without_an_exception(
    config: dict[str, Any], tenant: dict[str, Any], fields: dict[str, str]
) -> None:
    every = {reference: {"existingSecret": "a"} for reference in ("nvidia", "huggingFace")}
    named = {"name": "acme", "settings": {"default": every}, **tenant}
    declared = {f"paletteai:{key}": value for key, value in config.items()}
    for extra in ({}, {"paletteai:tenant": named, "paletteai:vendorFields": fields}):
        stack = stack_from_config("acme.dev", {**declared, **extra})
        told = codes(diagnostics_of(Workspace((stack,), crds=CRDS)))
        assert (stack.spec is not None) or told
        assert stack.is_complete or "PAI012" in told


@pytest.mark.parametrize(
    "config",
    [
        {"tenant": {"name": "acme", "displayName": "A", "extraSpec": {"displayName": {"a": "b"}}}},
        {
            "tenant": {"name": "acme", "settings": {"default": {"nvidia": {"existingSecret": "a"}}}},
            "vendorFields": {"settings.nvidia": "metadata.name.x"},
        },
    ],
)
def test_what_cannot_be_written_is_refused_without_an_exception(config: dict[str, Any]) -> None:
    stack = stack_from_config("acme.dev", {f"paletteai:{key}": value for key, value in config.items()})
    assert "PAI012" in codes(diagnostics_of(Workspace((stack,), crds=CRDS)))

"""`paletteai crds`: the vendor's fields, held against CRDs, and the lines that set what does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import CRD_FOLDER, ROOT
from support.pasted import keys
from support.projects import PULUMI_YAML, Project, changed
from support.settings_layouts import FIELDS, LAYOUTS, SettingsLayout, as_yaml, crds_with

LISTED = next(each for each in LAYOUTS if each.name == "a list with keys")
TWO = """
palette: {type: object, properties: {secretName: {type: string}}}
spectroCloud: {type: object, properties: {secretName: {type: string}}}
"""


def stack(layout: SettingsLayout) -> str:
    """A stack that binds two types of integrations, with what the layout needs besides."""
    body: dict[str, Any] = {"palette": "shared", "nvidia": {"existingSecret": "ngc"}}
    body |= {"extraSpec": layout.extra} if layout.extra else {}
    return changed("{palette: shared}", json.dumps(body))


def with_crds(project: Project, spec: dict[str, Any] = LISTED.spec) -> None:
    (project.folder / "crds.yaml").write_text(as_yaml(crds_with(spec)))


def spec_of(properties: str) -> dict[str, Any]:
    return {"type": "object", "properties": yaml.safe_load(properties)}


@pytest.fixture(autouse=True)
def declared(project: Project) -> None:
    project.declare()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_what_it_writes_makes_render_and_check_clean(layout: SettingsLayout, project: Project) -> None:
    with_crds(project, layout.spec)
    project.stack(stack(layout))
    assert "PAI016" in project.refused("render", "--crds", "crds.yaml", code=1)
    printed = project.printed("crds", "crds.yaml", "--write", code=int(bool(layout.needs)))
    assert "\nWrote 3 paths to Pulumi.yaml.\n" in printed
    plausible = ", ".join(f"`{name}`" for name in FIELDS)
    assert (f"\nOnly plausible: {plausible}. Compare" in printed) is not layout.certain
    rendered = list(yaml.safe_load_all(project.printed("render", "--crds", "crds.yaml")))
    assert [each["kind"] for each in rendered] == ["Namespace", "Settings", "Tenant", "Namespace", "Project"]
    assert "no problems" in project.printed("check", "--select", "PAI012")
    again = project.run("crds", "crds.yaml", "--write")
    assert again.exit_code == int(bool(layout.needs))
    assert again.stdout.endswith("Nothing was found to write.\n")


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_lines_that_it_prints_are_those_that_it_writes(layout: SettingsLayout, project: Project) -> None:
    with_crds(project, layout.spec)
    printed = project.printed("crds", "crds.yaml", code=1)
    lines = printed[printed.index("\nconfig:\n") + 1 :].split("\n\n")[0]
    assert yaml.safe_load(lines) == {"config": {"paletteai:vendorFields": {"default": layout.paths}}}
    project.run("crds", "crds.yaml", "--write")
    assert Path("Pulumi.yaml").read_text() == f"{PULUMI_YAML}{lines}\n"


def test_the_table_has_every_field_with_its_path_and_whether_it_fits(project: Project) -> None:
    with_crds(project)
    assert project.printed("crds", "crds.yaml", code=1) == TABLE


TABLE = """\
CRDs of crds.yaml
Tenant, Project, Settings: spectrocloud.com/v1alpha1, served and stored

FIELD                           RESULT                PATH
tenant.displayName              fits                  spec.displayName
tenant.description              fits                  spec.description
tenant.settingsName             fits                  spec.settingsRef.name
tenant.settingsNamespace        fits                  spec.settingsRef.namespace
tenant.groups                   fits                  spec.tenantRoleMapping.groups
project.tenant                  fits                  metadata.labels[palette.ai/tenant-name]
project.displayName             fits                  spec.displayName
project.description             fits                  spec.description
project.tenantName              fits                  spec.tenantRef.name
project.settingsName            fits                  spec.settingsRef.name
project.computeConfigName       fits                  spec.computeConfigRef.name
project.computeConfigNamespace  fits                  spec.computeConfigRef.namespace
project.admin                   fits                  spec.roleMapping.admin
project.editor                  fits                  spec.roleMapping.editor
project.viewer                  fits                  spec.roleMapping.viewer
project.allow                   fits                  spec.admissionConfiguration.workloadConfiguration.deploymentNamespaces.allow
project.disallow                fits                  spec.admissionConfiguration.workloadConfiguration.deploymentNamespaces.disallow
settings.palette                does not fit          spec.integrations.palette.secretRef.name  (`spec.integrations` is of type array, not object)
settings.huggingFace            does not fit          spec.integrations.huggingFace.secretRef.name  (`spec.integrations` is of type array, not object)
settings.nvidia                 does not fit          spec.integrations.nvidia.secretRef.name  (`spec.integrations` is of type array, not object)

settings.palette may be at:
  spec.integrations[type=palette].secretRef.name

settings.huggingFace may be at:
  spec.integrations[type=hugging-face].secretRef.name

settings.nvidia may be at:
  spec.integrations[type=ngc].secretRef.name

Set this in Pulumi.yaml, or let `--write` do it:

config:
  paletteai:vendorFields:
    default:
      settings.palette: spec.integrations[type=palette].secretRef.name
      settings.huggingFace: spec.integrations[type=hugging-face].secretRef.name
      settings.nvidia: spec.integrations[type=ngc].secretRef.name

20 fields: 3 do not fit, 17 fit
"""  # noqa: E501


def test_the_page_of_the_command_shows_what_is_printed() -> None:
    page = (ROOT / "docs" / "command.md").read_text()
    above, below = page.split("$ paletteai crds crds.yaml\n")[1].split("```")[0].split("…\n")
    assert TABLE.startswith(above)
    assert TABLE.endswith(below)


def test_where_everything_fits_there_is_nothing_to_set(project: Project) -> None:
    printed = project.printed("crds", str(CRD_FOLDER))
    assert printed.endswith("\n20 fields: 20 fit\n")
    assert "vendorFields" not in printed


def test_json_says_the_same(project: Project) -> None:
    with_crds(project)
    told = json.loads(project.printed("crds", "crds.yaml", "--format", "json", code=1))
    assert told["source"] == "crds.yaml"
    (read,) = told["layouts"]
    assert (read["stacks"], read["sets"]) == ([], [])
    assert read["kinds"][2] == {
        "kind": "Settings",
        "apiVersion": "spectrocloud.com/v1alpha1",
        "served": ["spectrocloud.com/v1alpha1"],
        "stored": "spectrocloud.com/v1alpha1",
    }
    assert {each["name"]: each["result"] for each in read["fields"] if each["result"] != "fits"} == dict.fromkeys(
        FIELDS, "mismatch"
    )
    (palette,) = (each for each in read["fields"] if each["name"] == "settings.palette")
    assert palette["candidates"] == [{"path": LISTED.palette, "certain": True, "needs": [], "description": ""}]
    assert (palette["assumed"], palette["ambiguous"]) == (True, False)
    assert read["vendorFields"] == LISTED.paths


def test_beside_json_only_the_error_stream_tells_what_was_written(project: Project) -> None:
    with_crds(project)
    result = project.run("crds", "crds.yaml", "--write", "--format", "json")
    assert json.loads(result.stdout)["layouts"][0]["vendorFields"] == LISTED.paths
    assert (result.exit_code, result.stderr) == (0, "Wrote 3 paths to Pulumi.yaml.\n")


def test_the_paths_of_the_project_are_those_that_are_compared(project: Project) -> None:
    project.declare(PULUMI_YAML + f"config:\n  paletteai:vendorFields: {{default: {json.dumps(LISTED.paths)}}}\n")
    with_crds(project)
    assert project.printed("crds", "crds.yaml").endswith("\n20 fields: 20 fit\n")


def test_what_is_set_already_stays_among_the_lines(project: Project) -> None:
    kept = "spec.integrations[type=palette].secretRef.name"
    project.declare(PULUMI_YAML + f"config:\n  paletteai:vendorFields: {{default: {{settings.palette: '{kept}'}}}}\n")
    with_crds(project)
    printed = project.printed("crds", "crds.yaml", "--write", code=0)
    assert "Wrote 2 paths" in printed
    written = yaml.safe_load(Path("Pulumi.yaml").read_text())["config"]["paletteai:vendorFields"]["default"]
    assert written == LISTED.paths


def test_a_project_of_another_name_has_a_value_instead_of_a_default(project: Project) -> None:
    project.declare(changed("name: paletteai", "name: platform", PULUMI_YAML))
    with_crds(project)
    project.stack(stack(LISTED))
    assert "\n  paletteai:vendorFields:\n    value:\n" in project.printed("crds", "crds.yaml", code=1)
    project.run("crds", "crds.yaml", "--write")
    assert project.run("render", "--crds", "crds.yaml").exit_code == 0


def of_its_own(fields: dict[str, str] | None = None, version: str = "", context: str = "dev") -> str:
    """A stack that sets some of the vendor's API itself."""
    own = f"  paletteai:vendorFields: {json.dumps(fields)}\n" if fields is not None else ""
    own += f"  paletteai:apiVersion: {version}\n" if version else ""
    return changed("  paletteai:tenant:", f"{own}  paletteai:tenant:").replace("context: dev", f"context: {context}")


def test_each_distinct_set_of_paths_is_judged_with_the_stacks_that_have_it(project: Project) -> None:
    with_crds(project)
    project.stack(of_its_own(LISTED.paths), "right.dev")
    project.stack(of_its_own(LISTED.paths), "right.prod")
    project.stack(of_its_own({"settings.palette": "spec.integrations[type=palette].name"}), "wrong.dev")
    project.stack(name="other.dev")
    printed = project.printed("crds", "crds.yaml", code=1)
    default, right, wrong = printed.split("\n\nWhat ")
    assert "\nWhat Pulumi.yaml sets, for stack other.dev\nTenant, Project, Settings: " in default
    assert default.endswith("\n20 fields: 3 do not fit, 17 fit")
    assert right == RIGHT
    assert wrong.startswith("stack wrong.dev sets: paletteai:vendorFields\n")
    assert "\nSet this in the file of this stack:\n\nconfig:\n  paletteai:vendorFields:\n    settings.pal" in wrong
    assert "settings.palette      is not there          spec.integrations[type=palette].name  (there is" in wrong
    assert wrong.endswith("\n20 fields: 1 is not there, 2 do not fit, 17 fit\n")


RIGHT = """\
stacks right.dev, right.prod set: paletteai:vendorFields
Tenant, Project, Settings: spectrocloud.com/v1alpha1, served and stored

FIELD                 RESULT                PATH
settings.palette      fits                  spec.integrations[type=palette].secretRef.name
settings.huggingFace  fits                  spec.integrations[type=hugging-face].secretRef.name
settings.nvidia       fits                  spec.integrations[type=ngc].secretRef.name

20 fields: 20 fit"""


def test_a_stack_whose_own_paths_are_wrong_is_an_error_even_if_those_of_the_project_fit(project: Project) -> None:
    project.stack(of_its_own({"settings.palette": "spec.other"}))
    read = json.loads(project.printed("crds", str(CRD_FOLDER), "--format", "json", code=1))
    default, own = read["layouts"]
    assert (
        *(default["stacks"], default["sets"]),
        *(own["stacks"], own["sets"]),
    ) == ([], [], ["acme.dev"], ["paletteai:vendorFields"])
    assert {each["result"] for each in default["fields"]} == {"fits"}
    (wrong,) = (each for each in own["fields"] if each["result"] != "fits")
    assert wrong["candidates"][0]["path"] == "spec.integrations.palette.secretRef.name"


def test_what_is_written_reaches_no_stack_with_paths_of_its_own_and_that_is_said(project: Project) -> None:
    with_crds(project)
    files = [
        project.stack(of_its_own({"settings.palette": "spec.other"})),
        project.stack(of_its_own(version="spectrocloud.com/v1alpha1"), "other.dev"),
    ]
    before = [each.read_bytes() for each in files]
    result = project.run("crds", "crds.yaml", "--write")
    told = "Wrote 3 paths to Pulumi.yaml.\nIt has no effect for these stacks, whose files have their own "
    assert f"{told}`paletteai:vendorFields`: `acme.dev`.\n" in result.stdout
    assert result.exit_code == 1
    assert [each.read_bytes() for each in files] == before
    files[0].unlink()
    assert project.run("crds", "crds.yaml").exit_code == 0


def test_stacks_of_another_environment_or_cluster_can_be_left_out(project: Project) -> None:
    project.stack(of_its_own({"settings.palette": "spec.other"}, context="prod"), "acme.prod")
    project.stack(name="acme.dev")
    crds = str(CRD_FOLDER)
    assert project.run("crds", crds).exit_code == 1
    for choice in (["--env", "dev"], ["--cluster", "dev"]):
        assert "What " not in project.printed("crds", crds, *choice)
    printed = project.printed("crds", crds, "--env", "prod", code=1)
    assert printed.startswith(f"CRDs of {crds}\nWhat stack acme.prod sets: paletteai:vendorFields\n")
    assert "Pulumi.yaml" not in printed
    assert "belongs to environment `stage`" in project.refused("crds", crds, "--env", "stage")


def test_what_a_broken_file_sets_is_not_known_and_that_is_noted(project: Project) -> None:
    with_crds(project)
    project.stack("config: [", "broken.dev")
    printed = project.printed("crds", "crds.yaml", code=1)
    note = "note: `paletteai check` shows why what these stacks set could not be compared: `broken.dev`."
    assert note in printed.splitlines()


def test_the_version_that_the_project_writes_is_compared(project: Project) -> None:
    crds = crds_with(LISTED.spec)
    for crd in crds:
        (old,) = crd["spec"]["versions"]
        crd["spec"]["versions"] = [{**old, "name": "v1beta1"}, {**old, "storage": False}]
    Path("crds.yaml").write_text(as_yaml(crds))
    kinds = "Tenant, Project, Settings:"
    said = f"{kinds} spectrocloud.com/v1alpha1, served and stored as spectrocloud.com/v1beta1; also served: spectro"
    assert said in project.printed("crds", "crds.yaml", code=1)
    project.declare(PULUMI_YAML + "config:\n  paletteai:apiVersion: spectrocloud.com/v2\n")
    printed = project.printed("crds", "crds.yaml", code=1)
    assert f"{kinds} `spectrocloud.com/v2` is not served, but spectrocloud.com/v1beta1, spectrocloud.com/v1" in printed
    assert "\n20 fields: 20 are not known\n" in printed


def test_an_open_schema_is_said_to_be_open_and_is_no_error(project: Project) -> None:
    with_crds(project, {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    printed = project.printed("crds", "crds.yaml")
    assert "settings.palette                not known             " in printed
    assert printed.count("(the schema is open there)") == 3


def test_what_a_field_needs_is_named_with_the_way_to_set_it(project: Project) -> None:
    layout = next(each for each in LAYOUTS if each.needs)
    project.declare(PULUMI_YAML + f"config:\n  paletteai:vendorFields: {{default: {json.dumps(layout.paths)}}}\n")
    with_crds(project, layout.spec)
    printed = project.printed("crds", "crds.yaml", code=1)
    assert f"needs more beside it  {layout.palette}  (the CRD requires `{layout.needs}`)" in printed
    assert "settings.palette: set what it needs with `extraSpec` of the Settings." in printed


def test_where_nothing_is_found_it_says_where_to_look(project: Project) -> None:
    with_crds(project, spec_of("other: {type: string}"))
    printed = project.printed("crds", "crds.yaml", code=1)
    assert "`kubectl explain settings.spec --recursive`" in printed
    assert "Set this" not in printed


def test_a_field_whose_path_is_known_cannot_be_moved(project: Project) -> None:
    crds = crds_with(LISTED.spec)
    del crds[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["displayName"]
    Path("crds.yaml").write_text(as_yaml(crds))
    printed = project.printed("crds", "crds.yaml", code=1)
    assert (
        "tenant.displayName: its path is known from the vendor and cannot be replaced; update the package." in printed
    )


def test_constraints_that_are_not_evaluated_are_noted(project: Project) -> None:
    spec = {**LISTED.spec, "x-kubernetes-validations": [{"rule": "true"}]}
    with_crds(project, spec)
    assert (
        "constraints that are not evaluated here: a CEL rule of `Settings.spec`"
        in project.run("crds", "crds.yaml").output
    )


# Where the CRDs are from


def test_files_folders_and_standard_input_are_read_together(project: Project) -> None:
    tenant, *others = crds_with(LISTED.spec)
    Path("crds").mkdir()
    Path("crds/one.yaml").write_text(as_yaml(others[:1]))
    Path("settings.json").write_text(json.dumps({"kind": "List", "items": others[1:]}))
    result = project.run("crds", "crds", "settings.json", "-", input=as_yaml([tenant]))
    assert result.stdout.startswith("CRDs of crds, settings.json, <stdin>\n")
    assert "there is no CRD" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.yaml"], "the file cannot be read: No such file or directory"),
        (["broken.yaml"], "broken.yaml:2: error PAI016: the file is not valid YAML"),
        (["empty.yaml"], "it contains no CustomResourceDefinition"),
        (["other.yaml"], "has no CRD of Tenant, Project or Settings of the group of `spectrocloud.com/v1alpha1`"),
        (["other.yaml", "--context", "dev"], "are for a cluster instead of files, so nothing was compared"),
        (["other.yaml", "--kubeconfig", "other.yaml"], "are for a cluster instead of files, so nothing was compared"),
        (
            ["--context", "dev"],
            "the CRDs could not be read from the cluster: the kubeconfig has no usable context `dev`",
        ),
        ([], "the CRDs could not be read from the cluster"),
    ],
)
def test_what_cannot_be_read_is_exit_code_2(arguments: list[str], says: str, project: Project) -> None:
    Path("broken.yaml").write_text("a: [\nb: ]: ")
    Path("empty.yaml").write_text("kind: Secret\n")
    Path("other.yaml").write_text(as_yaml(crds_with(LISTED.spec, "other.example")))
    assert says in project.refused("crds", *arguments)


def test_a_project_that_cannot_be_read_is_exit_code_2(project: Project) -> None:
    with_crds(project)
    project.declare("name: [")
    assert "Pulumi.yaml" in project.refused("crds", "crds.yaml")


# What is not written


def refused(project: Project, says: str) -> None:
    """The project file stays as it is, and the reason is told below the table."""
    before = project.files(), Path("Pulumi.yaml").read_bytes()
    result = project.run("crds", "crds.yaml", "--write")
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout.startswith("CRDs of crds.yaml\n")
    assert (project.files(), Path("Pulumi.yaml").read_bytes()) == before


def test_of_two_equally_likely_paths_none_is_written(project: Project) -> None:
    with_crds(project, spec_of(TWO))
    refused(project, "two paths are equally likely for `settings.palette`, so Pulumi.yaml was left unchanged.")
    assert "The first two are equally likely: choose one." in project.run("crds", "crds.yaml").stdout


def test_a_path_that_overlaps_one_that_is_set_is_not_written(project: Project) -> None:
    with_crds(project, spec_of("palette: {type: object, properties: {secretName: {type: string}}}"))
    set_already = "config:\n  paletteai:vendorFields: {default: {settings.nvidia: spec.palette}}\n"
    project.declare(PULUMI_YAML + set_already)
    refused(project, "the paths of `settings.palette` and `settings.nvidia` overlap")


def test_a_file_that_cannot_be_edited_gets_the_lines_to_add(project: Project) -> None:
    with_crds(project)
    project.declare("name: paletteai\nruntime: python\nstackConfigDir: stacks\nconfig: &all {}\nother: *all\n")
    refused(
        project, "  help: Add these lines:\nconfig:\n  paletteai:vendorFields:\n    default:\n      settings.palette: "
    )


def test_a_project_that_pulumi_refuses_is_not_edited(project: Project) -> None:
    with_crds(project)
    project.declare(PULUMI_YAML + "config:\n  paletteai:vendorFields: {settings.nvidia: spec.ngc}\n")
    refused(project, "Pulumi refuses every stack of the project")


def test_without_a_project_nothing_is_written(project: Project) -> None:
    with_crds(project)
    Path("Pulumi.yaml").unlink()
    result = project.run("crds", "crds.yaml", "--write")
    assert result.exit_code == 2
    assert "no Pulumi project was found, so nothing was written." in result.stderr
    assert not Path("Pulumi.yaml").exists()


def test_a_file_that_changes_meanwhile_stays_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with_crds(project)
    other = b"name: paletteai\nruntime: python\nstackConfigDir: stacks\nconfig: {a:b: c}\n"
    monkeypatch.setattr("paletteai_components.stacks.files.bytes_of", lambda path: other)
    result = project.run("crds", "crds.yaml", "--write")
    assert result.exit_code == 2
    assert "Pulumi.yaml was changed while this command ran" in result.stderr


@pytest.mark.parametrize("kind", keys())
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_in_a_crd_or_in_the_project_is_told_nowhere(kind: str, form: str, project: Project) -> None:
    key = keys()[kind]
    spec = spec_of(
        f"""
        palette:
          type: object
          description: "{key}"
          required: ["{key}"]
          x-kubernetes-validations: [{{rule: "{key}"}}]
          properties: {{secretName: {{type: string, description: "A Secret, {key}"}}, "{key}": {{type: object}}}}
        """
    )
    with_crds(project, spec)
    project.declare(PULUMI_YAML + f"config:\n  paletteai:vendorFields: {{default: {{settings.nvidia: spec.{key}}}}}\n")
    for more in ([], ["--write"]):
        result = project.run("crds", "crds.yaml", "--format", form, *more, color=True)
        assert "spec.palette.secretName" in result.stdout
        assert key not in result.output

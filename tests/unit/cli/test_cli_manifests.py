"""`paletteai check --manifests`: the rules for a repository that has no stack files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.observations import WHOLE, api_key, manifest, project, secret, settings, tenant
from support.projects import Project

from paletteai_components.cli.reading import MANY
from paletteai_components.kube.manifests import Manifest

OF_ONE_PATH = ["--vendor-field", "settings.palette=spec.a", "--vendor-field", "settings.nvidia=spec.a.name"]
FORMS = ("text", "json")


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder that has never heard of Pulumi."""
    project = Project(tmp_path, monkeypatch)
    project.stacks.rmdir()
    return project


def yaml(objects: Iterable[Manifest]) -> str:
    return "".join(f"---\n{json.dumps(each, indent=2)}\n" for each in objects)


def test_what_is_right_has_no_problem_and_is_counted(anywhere: Project) -> None:
    result = anywhere.run("check", "--manifests", "-", input=yaml(WHOLE))
    assert (result.exit_code, result.output) == (0, "1 tenant, 1 project: no problems\n")


def test_a_problem_has_its_code_its_file_and_its_line(anywhere: Project) -> None:
    Path("all.yaml").write_text(yaml([*WHOLE, settings(name="edge")]))
    result = anywhere.run("check", "--manifests", "all.yaml")
    lines = Path("all.yaml").read_text().split("\n")
    first, second = (at for at, line in enumerate(lines, 1) if '"secretRef"' in line)
    assert result.exit_code == 1
    assert result.output.startswith(
        f"all.yaml:{first + 1}: error PAI002: Secret `tenant-acme/key` is claimed by Settings"
    )
    assert f"  also: all.yaml:{second + 1}\n" in result.output
    assert result.output.endswith("1 error in 1 tenant\n")


def test_files_folders_and_standard_input_are_checked_together(anywhere: Project) -> None:
    Path("tenants/acme").mkdir(parents=True)
    Path("tenants/acme/tenant.yml").write_text(yaml([tenant()]))
    Path("tenants/projects.json").write_text(json.dumps({"kind": "List", "items": [project()]}))
    Path("secret.yaml").write_text(yaml([secret()]))
    sources = ["--manifests", "tenants", "--manifests", "secret.yaml", "--manifests", "-"]
    result = anywhere.run("check", *sources, input=yaml([settings()]))
    assert result.output == "1 tenant, 1 project: no problems\n"


def test_of_a_folder_hidden_folders_links_and_other_files_are_left_out(anywhere: Project, tmp_path: Path) -> None:
    Path("deploy/.git").mkdir(parents=True)
    for name in ("deploy/.git/copy.yaml", "deploy/all.yaml", "deploy/README.md", "deploy/values.tpl", "outside.yaml"):
        Path(name).write_text(yaml(WHOLE))
    os.symlink(tmp_path / "outside.yaml", "deploy/link.yaml")
    os.symlink(tmp_path, "deploy/up")
    os.mkfifo("deploy/pipe.yaml")
    assert anywhere.run("check", "--manifests", "deploy").output == "1 tenant, 1 project: no problems\n"


def test_json_has_the_problems_as_for_stack_files_and_the_tenants(anywhere: Project) -> None:
    result = anywhere.run(
        "check", "--manifests", "-", "--format", "json", input=yaml([tenant(settings=None), project()])
    )
    read = json.loads(result.stdout)
    assert read["tenants"] == ["acme"]
    assert [each["code"] for each in read["problems"]] == ["PAI004"]
    assert read["problems"][0]["where"] == [{"file": "<stdin>", "line": 15}]


def test_settings_without_a_tenant_count_as_none(anywhere: Project) -> None:
    shown = [anywhere.run("check", "--manifests", "-", "--format", form, input=yaml([settings()])) for form in FORMS]
    assert shown[0].output.endswith("2 notes in 0 tenants\n")
    assert json.loads(shown[1].stdout)["tenants"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.yaml"], "there is no file or folder `nowhere.yaml`"),
        (["empty"], "there is no manifest in `empty`"),
        (["all.yaml", "acme.dev"], "no stack can be chosen"),
        (["all.yaml", "--env", "dev"], "no stack can be chosen"),
        (["all.yaml", "--vendor-field", "settings.palete=spec.x"], "Did you mean `settings.palette`?"),
        (["all.yaml", "--vendor-field", "tenant.displayName=spec.x"], "is no field whose path is assumed"),
        (["all.yaml", "--vendor-field", "settings.palette"], "has an empty name"),
        (["all.yaml", "--vendor-field", "settings.palette=metadata.name"], "is not below `spec`"),
        (["all.yaml", "--vendor-field", "settings.palette=spec.a[type=palette]"], "ends with an element"),
        (["all.yaml", "--vendor-field", "settings.palette=spec.a[palette].name"], "else than `[KEY=VALUE]`"),
        (["all.yaml", *OF_ONE_PATH], "overlaps the path of `settings.nvidia`"),
        (["all.yaml", *OF_ONE_PATH[:2], "--vendor-field", "settings.palette=spec.b"], "has two paths"),
    ],
)
def test_a_wrong_call_is_refused_with_the_remedy(anywhere: Project, arguments: list[str], says: str) -> None:
    Path("all.yaml").write_text(yaml(WHOLE))
    Path("empty").mkdir()
    assert says in anywhere.refused("check", "--manifests", *arguments)


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_pipe_from_a_command_that_failed_is_refused(anywhere: Project, text: str) -> None:
    assert "there is nothing on standard input" in anywhere.refused("check", "--manifests", "-", input=text)


def test_options_of_manifests_without_manifests_are_refused(anywhere: Project) -> None:
    for option in (["--vendor-field", "settings.palette=spec.x"], ["--no-merged-settings"]):
        assert "--manifests" in anywhere.refused("check", *option)


def test_what_cannot_be_read_is_exit_code_2_and_the_rest_is_checked(anywhere: Project) -> None:
    Path("deploy").mkdir()
    Path("deploy/a.yaml").write_text("kind: Secret\ndata: {\n")
    Path("deploy/b.yaml").write_text(yaml([tenant(settings=None), project()]))
    result = anywhere.run("check", "--manifests", "deploy")
    assert result.exit_code == 2
    assert "deploy/a.yaml:3: error PAI012" in result.output
    assert "deploy/b.yaml" in result.output
    assert "could not be read" in result.output


def test_another_layout_is_read_where_the_option_says_it_is(anywhere: Project) -> None:
    other = manifest("Settings", "default", "tenant-acme", spec={"palette": {"credentials": "key"}})
    objects = yaml([tenant(), other, secret(), project()])
    assert "warning PAI016" in anywhere.run("check", "--manifests", "-", input=objects).output
    field = ["--vendor-field", "settings.palette=spec.palette.credentials"]
    assert "no problems" in anywhere.run("check", "--manifests", "-", *field, input=objects).output


def test_the_option_takes_a_path_that_leads_through_a_list(anywhere: Project) -> None:
    listed = {"integrations": [{"type": "other"}, {"type": "palette", "secretRef": {"name": "key"}}]}
    objects = yaml([tenant(), manifest("Settings", "default", "tenant-acme", spec=listed), secret(), project()])
    field = ["--vendor-field", "settings.palette=spec.integrations[type=palette].secretRef.name"]
    assert "no problems" in anywhere.run("check", "--manifests", "-", *field, input=objects).output


def test_before_1_1_a_projects_own_settings_hide_the_default(anywhere: Project) -> None:
    own = settings("vision", "own", None)
    objects = yaml([*WHOLE, own])
    assert anywhere.run("check", "--manifests", "-", input=objects).exit_code == 0
    result = anywhere.run("check", "--manifests", "-", "--no-merged-settings", input=objects)
    assert "error PAI004" in result.output


@pytest.mark.parametrize("form", FORMS)
def test_no_key_is_printed(anywhere: Project, form: str) -> None:
    Path("all.json").write_text(json.dumps({"kind": "List", "items": [*WHOLE, secret("other"), settings("other")]}))
    result = anywhere.run("check", "--manifests", "all.json", "--format", form, color=True)
    assert "PAI003" in result.output
    assert api_key("one") not in result.output
    assert secret()["data"]["palette"][:16] not in result.output


def test_many_files_are_read_by_several_processes_and_say_what_one_says(anywhere: Project) -> None:
    Path("many").mkdir()
    broken = "kind: Secret\ndata: {\n"
    for at in range(2 * MANY):
        objects = [tenant(f"t{at}"), settings(f"tenant-t{at}", secret="key"), project(f"p{at}", of=f"t{at}")]
        Path(f"many/{at:04}.yaml").write_text(broken if at == MANY else yaml(objects))
    several = anywhere.run("check", "--manifests", "many")
    with ThreadPoolExecutor(1) as other:
        # Where there are threads, nothing is forked.
        other.submit(int).result()
        one = anywhere.run("check", "--manifests", "many")
    assert (several.exit_code, several.output) == (one.exit_code, one.output)
    assert f"many/{MANY:04}.yaml:3: error PAI012" in several.output
    assert f"{2 * MANY - 1} Secrets are not among these objects" in several.output

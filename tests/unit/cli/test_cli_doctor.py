"""`paletteai doctor`: what is wrong on a cluster, whoever made it."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from textwrap import indent
from typing import Any

import click
import pytest
from click.testing import Result
from support.applied import ACME, BETA, BETAS_PROJECT, on_cluster
from support.checkout import ROOT
from support.fake_api import TOKEN, FakeApi, Reply
from support.observations import WHOLE, api_key, document, manifest, secret, settings, tenant
from support.observations import project as project_of
from support.projects import KEY, Project
from support.samples import stack
from support.terminals import terminal

from paletteai_components.cli.output.waiting import counted
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable
from paletteai_components.kube.manifests import Manifest
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.kube.snapshot import Request, snapshot_of
from paletteai_components.observation.credentials import credential_in
from paletteai_components.observation.objects import ObservedObject, inventory_of


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder that has never heard of Pulumi."""
    project = Project(tmp_path, monkeypatch)
    project.stacks.rmdir()
    return project


class Cluster:
    """A cluster with some objects, and the command run on it."""

    api: FakeApi

    def __init__(self, folder: Project) -> None:
        self._folder = folder

    def doctor(self, objects: Any, *arguments: str, forbidden: tuple[str, ...] = (), **options: Any) -> Result:
        with FakeApi(objects, forbidden) as self.api:
            kubeconfig = self.api.kubeconfig(self._folder.folder)
            return self._folder.run("doctor", "--kubeconfig", kubeconfig, *arguments, **options)


@pytest.fixture
def cluster(anywhere: Project) -> Cluster:
    return Cluster(anywhere)


def test_a_cluster_with_nothing_wrong_has_no_problem_and_is_counted(cluster: Cluster) -> None:
    result = cluster.doctor(WHOLE)
    assert (result.exit_code, result.output) == (0, "the cluster of context dev, 1 tenant, 1 project: no problems\n")


def test_a_problem_is_at_the_object_that_has_it(cluster: Cluster) -> None:
    result = cluster.doctor([*WHOLE, settings(name="edge")])
    assert result.exit_code == 1
    assert result.output.startswith("dev/Settings/tenant-acme/default: error PAI002: Secret `tenant-acme/key` is ")
    assert "  also: dev/Settings/tenant-acme/edge\n" in result.output
    assert result.output.endswith("the cluster of context dev, 1 tenant, 1 project: 1 error\n")


def test_one_key_under_two_names_is_found_and_not_shown(cluster: Cluster) -> None:
    objects = [*WHOLE, settings("vision", "own", "mine"), secret("vision", "mine", defaultProjectID="other")]
    for form in ("text", "json"):
        result = cluster.doctor(objects, "--format", form, color=True)
        assert "PAI003" in result.output
        assert api_key("one") not in result.output
        assert secret()["data"]["palette"][:16] not in result.output
        assert TOKEN not in result.output


def test_what_is_referred_to_and_not_there_is_an_error(cluster: Cluster) -> None:
    result = cluster.doctor([tenant(), settings(), project_of(settings="gone"), project_of("lost", of="nobody")])
    told = json.loads(cluster.doctor([tenant(), settings(), project_of("lost", of="no")], "--format", "json").stdout)
    assert "Secret `tenant-acme/key` of Settings `default` does not exist" in result.output
    assert "Tenant `nobody` does not exist" in result.output
    assert {each["severity"] for each in told["problems"] if each["code"] == "PAI005"} == {"error"}


def test_what_is_alike_in_many_objects_is_told_once(cluster: Cluster) -> None:
    result = cluster.doctor([*WHOLE, *(project_of(f"p{number}", of=None) for number in range(20))])
    assert result.output.count("names no Tenant") == 1
    assert "likewise: `p1`, `p10`" in result.output
    assert result.output.count("names no Tenant") < cluster.doctor(
        [*WHOLE, *(project_of(f"p{number}", of=None) for number in range(20))], "--verbose"
    ).output.count("names no Tenant")


def test_without_secrets_none_is_asked_for_and_annotations_tell_the_credentials(cluster: Cluster) -> None:
    same: dict[str, Any] = {"annotations": {"paletteai-components/credential": "vault://one"}}
    objects = [tenant(), settings(**same), project_of(), settings("vision", "mine", "other", **same)]
    result = cluster.doctor(objects, "--no-secrets")
    assert not any("/secrets" in path for path in cluster.api.paths)
    assert "error PAI003" in result.output
    assert "does not exist" not in result.output
    assert "note: Secrets were not read, so only annotations tell which credentials there are.\n" in result.output


@pytest.mark.parametrize(
    ("kind", "unjudged"),
    [
        ("Secret", []),
        ("Namespace", ["PAI004", "PAI011", "PAI023"]),
        ("Tenant", ["PAI004", "PAI011", "PAI023"]),
        ("Settings", ["PAI004", "PAI023"]),
        ("Project", ["PAI011"]),
    ],
)
def test_what_may_not_be_listed_is_named_and_nothing_is_taken_for_missing(
    cluster: Cluster, kind: str, unjudged: list[str]
) -> None:
    objects = [*WHOLE, project_of("lost", of=None)]
    resource = f"{kind.lower().removesuffix('s')}s"
    result = cluster.doctor(objects, forbidden=(resource,))
    assert f"note: this user may not list all objects of kind {kind}.\n" in result.output
    assert ("not judged: " + ", ".join(unjudged) in result.output) == bool(unjudged)
    told = json.loads(cluster.doctor(objects, "--format", "json", forbidden=(resource,)).stdout)
    assert [each["kind"] for each in told["unread"]] == [kind]
    assert told["unjudged"] == unjudged
    errors = [each["message"] for each in told["problems"] if each["severity"] != "note"]
    assert all("`lost` names no Tenant" in each for each in errors)
    assert bool(errors) == (kind != "Project")


def test_json_says_what_was_read(cluster: Cluster) -> None:
    told = json.loads(cluster.doctor([*WHOLE, manifest("Namespace", "vision")], "--format", "json").stdout)
    assert told == {
        "problems": [],
        "context": "dev",
        "apiVersion": "spectrocloud.com/v1alpha1",
        "objects": {"Project": 1, "Tenant": 1, "Settings": 1, "Secret": 1, "Namespace": 1},
        "unread": [],
        "unjudged": [],
        "drift": None,
    }


def test_problems_are_selected_and_counted_as_in_check(cluster: Cluster) -> None:
    objects = [*WHOLE, settings("forgotten", secret=None)]
    assert cluster.doctor(objects).exit_code == 0
    assert cluster.doctor(objects, "--fail-on", "warning").exit_code == 1
    assert "no problems" in cluster.doctor(objects, "--ignore", "PAI011").output


@pytest.mark.parametrize("choose", [lambda *_: Reply(500), lambda *_: Reply(), lambda *_: Reply(401)])
def test_a_cluster_that_cannot_be_read_is_one_error_and_exit_code_2(
    anywhere: Project, monkeypatch: pytest.MonkeyPatch, choose: Any
) -> None:
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda seconds: None)
    with FakeApi(WHOLE) as api:
        api.choose = choose
        told = anywhere.refused("doctor", "--kubeconfig", api.kubeconfig(anywhere.folder))
    assert told.startswith("error: the cluster could not be read, so nothing was checked: it ")
    assert told.count("\n") == 2
    assert TOKEN not in told


def test_a_context_that_is_not_there_is_refused(anywhere: Project) -> None:
    with FakeApi(WHOLE) as api:
        told = anywhere.refused("doctor", "--kubeconfig", api.kubeconfig(anywhere.folder), "--context", "nope")
    assert "the kubeconfig has no usable context `nope`" in told


def test_another_layout_is_read_where_the_option_says_it_is(cluster: Cluster) -> None:
    other = manifest("Settings", "default", "tenant-acme", spec={"palette": {"credentials": "key"}})
    objects: list[Manifest] = [tenant(), other, secret(), project_of()]
    assert "warning PAI016" in cluster.doctor(objects).output
    field = ["--vendor-field", "settings.palette=spec.palette.credentials"]
    assert "no problems" in cluster.doctor(objects, *field).output


def test_before_1_1_a_projects_own_settings_hide_the_default(cluster: Cluster) -> None:
    objects = [*WHOLE, settings("vision", "own", None)]
    assert cluster.doctor(objects).exit_code == 0
    assert "error PAI004" in cluster.doctor(objects, "--no-merged-settings").output


# With stacks


@pytest.fixture
def fleet(project: Project) -> Project:
    """The stack files of two tenants, which are for one cluster."""
    project.declare()
    for name, text in (("acme.dev", ACME), ("beta.dev", BETA)):
        project.stack(f"config:\n{indent(text.strip(), '  ')}\n", name)
    return project


def applied() -> dict[str, Manifest]:
    """The objects of both, with another key in the Secret of the second."""
    objects = on_cluster(stack(ACME), stack(BETA, "beta.dev"))
    objects["Secret/tenant-beta/default-palette"]["data"] = document(api_key("beta"), defaultProjectID=BETAS_PROJECT)
    return objects


def drifted() -> list[Manifest]:
    """The same after a week in which everybody did as they liked."""
    objects = applied()
    del objects["Project/lab/lab"]
    objects["Tenant/acme"]["spec"]["displayName"] = "Acme, Inc."
    del objects["Tenant/acme"]["metadata"]["labels"]["team"]
    objects["Project/vision/vision"]["spec"]["limits"][0]["count"] = 4
    objects["Secret/tenant-acme/default-palette"]["data"] = document(api_key("rotated"), tenant="other")
    del objects["Settings/tenant-acme/default"]["metadata"]["annotations"]
    extra = [project_of("extra", "acme"), settings("extra", "own"), secret("extra", key="extra")]
    return [*objects.values(), *extra]


def test_what_was_applied_has_no_drift(fleet: Project) -> None:
    result = Cluster(fleet).doctor(applied().values(), "*")
    assert (result.exit_code, result.output) == (
        0,
        "Not compared (1)\n"
        "    stack beta.dev: Secret/tenant-beta/default-palette\n"
        "      its key has no fingerprint in the stack file, or none could be made on the\n"
        "        cluster\n"
        "no drift; 16 as declared\n"
        "the cluster of context dev, 2 tenants, 4 projects: no problems\n",
    )


@pytest.mark.parametrize(("form", "file"), [("text", "drift.txt"), ("markdown", "drift.md"), ("json", "drift.json")])
def test_every_line_about_a_drift_is_as_recorded(fleet: Project, form: str, file: str) -> None:
    result = Cluster(fleet).doctor(drifted(), "acme.dev", "--format", form)
    assert result.exit_code == 1
    assert result.stderr == ""
    for name in ("rotated", "beta", "extra"):
        assert api_key(name) not in result.output
    recorded = ROOT / "tests" / "recorded" / "doctor" / file
    if os.environ.get("RECORD"):
        recorded.parent.mkdir(exist_ok=True)
        recorded.write_text(result.stdout)
    assert result.stdout == recorded.read_text()


@pytest.mark.parametrize("file", ["out.json", "out.md"])
def test_a_file_takes_the_report_and_may_be_written_again(fleet: Project, file: str) -> None:
    for objects in (drifted(), applied().values()):
        result = Cluster(fleet).doctor(objects, "acme.dev", "-o", file)
        assert result.stdout.startswith(f"Wrote {file}, ")
        form = "json" if file.endswith("json") else "markdown"
        printed = Cluster(fleet).doctor(objects, "acme.dev", "--format", form)
        assert (fleet.folder / file).read_text() == printed.stdout
        assert result.exit_code == printed.exit_code


def test_stacks_are_chosen_as_everywhere(fleet: Project) -> None:
    for choice in (
        ["beta.*"],
        ["stacks/Pulumi.beta.dev.yaml"],
        ["beta.dev", "--env", "dev"],
        ["beta.dev", "--cluster", "dev"],
    ):
        told = json.loads(Cluster(fleet).doctor(drifted(), *choice, "--format", "json").stdout)
        assert told["drift"]["totals"]["agreeing"] == 8
        assert told["drift"]["totals"]["differing"] == 0


def test_other_tenants_are_undeclared_only_where_all_stacks_are_asked_for(fleet: Project) -> None:
    objects = [*applied().values(), tenant("gamma", None)]
    for choice, said in ((["*"], True), (["--env", "dev"], True), (["acme.dev", "beta.dev"], False), (["a*"], False)):
        assert ("+ Tenant/gamma" in Cluster(fleet).doctor(objects, *choice).output) == said


def test_the_context_is_that_of_the_stacks(fleet: Project) -> None:
    for name in ("acme.dev", "beta.dev"):
        file = fleet.stacks / f"Pulumi.{name}.yaml"
        file.write_text(file.read_text().replace("context: dev", "context: prod"))
    told = json.loads(Cluster(fleet).doctor(applied().values(), "*", "--format", "json").stdout)
    assert told["context"] == "prod"
    told = json.loads(Cluster(fleet).doctor(applied().values(), "*", "--format", "json", "--context", "dev").stdout)
    assert told["context"] == "dev"


def test_stacks_of_two_clusters_are_refused(fleet: Project) -> None:
    file = fleet.stacks / "Pulumi.beta.dev.yaml"
    file.write_text(file.read_text().replace("context: dev", "context: prod"))
    assert "these stacks are for 2 clusters (`dev`, `prod`)" in fleet.refused("doctor", "*")


def test_a_stack_with_a_kubeconfig_of_its_own_needs_the_option(fleet: Project) -> None:
    file = fleet.stacks / "Pulumi.acme.dev.yaml"
    file.write_text(file.read_text() + "  kubernetes:kubeconfig: other.yaml\n")
    assert "`acme.dev` has a kubeconfig of its own" in fleet.refused("doctor", "acme.dev")
    assert "no drift" in Cluster(fleet).doctor(applied().values(), "acme.dev").output


def test_errors_of_the_stack_files_are_told_before_anything_is_compared(fleet: Project) -> None:
    file = fleet.stacks / "Pulumi.acme.dev.yaml"
    file.write_text(file.read_text().replace("name: vision", "name: Vision"))
    told = fleet.refused("doctor", "acme.dev", code=1)
    assert "error PAI007" in told
    assert told.endswith("nothing was compared.\n")


def test_what_the_file_no_longer_declares_and_pulumi_wrote_is_told_to_a_reviewer(fleet: Project) -> None:
    objects = applied()
    it = objects["Tenant/acme"]
    fields = {"f:metadata": {"f:labels": {"f:team": {}}}, "f:spec": {"f:displayName": {}}}
    it["metadata"]["managedFields"] = [{"manager": "pulumi-kubernetes", "operation": "Apply", "fieldsV1": fields}]
    file = fleet.stacks / "Pulumi.acme.dev.yaml"
    file.write_text(file.read_text().replace("    labels: {team: a}\n", ""))
    result = Cluster(fleet).doctor(objects.values(), "acme.dev")
    assert result.exit_code == 1
    assert '  ~ stack acme.dev: Tenant/acme: metadata.labels.team only in the cluster: "a"\n' in result.output


def test_without_schemas_the_comparison_says_so(fleet: Project) -> None:
    cluster = Cluster(fleet)
    with FakeApi(applied().values()) as cluster.api:
        cluster.api.choose = lambda path, times: Reply(403) if path.startswith("/openapi") else None
        result = fleet.run("doctor", "--kubeconfig", cluster.api.kubeconfig(fleet.folder), "acme.dev")
    assert "no drift; 8 as declared" in result.output
    assert "note: the API server does not publish the schemas to this user, so " in result.output


def test_without_secrets_none_is_taken_for_missing(fleet: Project) -> None:
    result = Cluster(fleet).doctor(applied().values(), "*", "--no-secrets")
    assert result.exit_code == 0
    assert "its kind could not be listed" in result.output


def test_the_other_paths_and_versions_of_the_stacks_count(fleet: Project) -> None:
    text = ACME.replace(
        "kubernetes:context: dev",
        "kubernetes:context: dev\npaletteai:vendorFields: {settings.palette: spec.palette.credentials}",
    )
    fleet.stack(f"config:\n{indent(text.strip(), '  ')}\n")
    result = Cluster(fleet).doctor(on_cluster(stack(text)).values(), "acme.dev")
    assert "no drift; 8 as declared" in result.output
    assert "no problems" in result.output


def shown(arguments: str) -> str:
    """What the page shows that a call prints."""
    page = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    return page.split(f"```text\n$ paletteai {arguments}\n")[1].split("```")[0]


def test_the_page_shows_what_is_printed_of_a_cluster(cluster: Cluster) -> None:
    assert cluster.doctor([*WHOLE, settings(name="edge")]).output == shown("doctor")


def test_the_page_shows_what_is_printed_of_a_drift(fleet: Project) -> None:
    objects = on_cluster(stack(ACME))
    del objects["Project/lab/lab"]
    objects["Tenant/acme"]["spec"]["displayName"] = "Acme Inc"
    objects["Secret/tenant-acme/default-palette"]["data"] = document(api_key("rotated"))
    result = Cluster(fleet).doctor([*objects.values(), project_of("extra")], "acme.dev")
    assert result.output == shown("doctor acme.dev")


# What is never told


def test_no_key_is_in_the_output_a_log_or_what_objects_say_of_themselves(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    held = secret("tenant-acme", "key", apiKey=KEY)
    held["data"] |= {"other": base64.b64encode(KEY.encode()).decode()}
    held["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": KEY, "note": KEY}
    status = {"conditions": [{"type": "Ready", "status": "False", "reason": KEY, "message": f"401 of {KEY}"}]}
    objects = [
        {**tenant(), "status": status},
        settings(annotations={"note": KEY}),
        held,
        {**project_of(), "status": {"effectiveSettings": {"integrations": {"palette": {"secretRef": {"name": KEY}}}}}},
        settings(name="edge", secret=KEY),
    ]
    for form in ("text", "json", "markdown"):
        assert KEY not in cluster.doctor(objects, "--format", form, "--verbose").output
    assert KEY not in caplog.text
    assert TOKEN not in caplog.text
    found = ObservedObject(held, lambda path: SourceLocation(""))
    inventory = inventory_of([found])
    assert repr(found) == "<Secret/tenant-acme/key>"
    for text in (repr(inventory), repr(credential_in(found, PaletteApi()))):
        assert KEY not in text
        assert held["data"]["palette"][:20] not in text


def test_an_error_in_the_middle_does_not_hold_what_was_answered(anywhere: Project) -> None:
    cut_off = Reply(200, f'{{"items": [{{"data": "{KEY}"'.encode())
    with FakeApi(WHOLE) as api:
        api.choose = lambda path, before: cut_off if "/secrets" in path else None
        server = ApiServer(api.kubeconfig(anywhere.folder), None)
        with pytest.raises(ClusterUnavailable) as raised:
            snapshot_of(server, Request())
    assert raised.value.__context__ is None
    assert KEY not in repr(raised.value)


def test_on_a_terminal_a_bar_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paletteai_components.cli.output.waiting.PATIENCE", -1)
    stream = terminal(monkeypatch, "stderr")
    with counted() as tell:
        tell("Project", 500, 1500)
        tell("Project", 500, 1000)
    assert "reading the cluster" in stream.getvalue()
    assert "1000/2000" in click.unstyle(stream.getvalue())

"""`paletteai doctor`: what is wrong on a cluster, whoever made it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.fake_api import TOKEN, FakeApi, Reply
from support.observations import WHOLE, api_key, manifest, project, secret, settings, tenant
from support.projects import Project

from paletteai_components.kube.manifests import Manifest

Doctor = Callable[..., Result]


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder that has never heard of Pulumi."""
    project = Project(tmp_path, monkeypatch)
    project.stacks.rmdir()
    return project


class Cluster:
    """A cluster with some objects, and the command run on it."""

    def __init__(self, folder: Project) -> None:
        self._folder = folder
        self.api: FakeApi

    def doctor(self, objects: Any, *arguments: str, forbidden: tuple[str, ...] = (), **options: Any) -> Result:
        with FakeApi(objects, forbidden) as self.api:
            kubeconfig = self.api.kubeconfig(self._folder.folder)
            return self._folder.run("doctor", "--kubeconfig", kubeconfig, *arguments, **options)


@pytest.fixture
def cluster(anywhere: Project) -> Iterator[Cluster]:
    return Cluster(anywhere)  # type: ignore[return-value]


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
    result = cluster.doctor([tenant(), settings(), project(settings="gone"), project("lost", of="nobody")])
    told = json.loads(cluster.doctor([tenant(), settings(), project("lost", of="no")], "--format", "json").stdout)
    assert "Secret `tenant-acme/key` of Settings `default` does not exist" in result.output
    assert "Tenant `nobody` of project `lost` does not exist" in result.output
    assert {each["severity"] for each in told["problems"] if each["code"] == "PAI005"} == {"error"}


def test_what_is_alike_in_many_objects_is_told_once(cluster: Cluster) -> None:
    result = cluster.doctor([*WHOLE, *(project(f"p{number}", of=None) for number in range(20))])
    assert result.output.count("names no Tenant") == 1
    assert "likewise: `p1`, `p10`" in result.output
    assert result.output.count("names no Tenant") < cluster.doctor(
        [*WHOLE, *(project(f"p{number}", of=None) for number in range(20))], "--verbose"
    ).output.count("names no Tenant")


def test_without_secrets_none_is_asked_for_and_annotations_tell_the_credentials(cluster: Cluster) -> None:
    same: dict[str, Any] = {"annotations": {"paletteai-components/credential": "vault://one"}}
    objects = [tenant(), settings(**same), project(), settings("vision", "mine", "other", **same)]
    result = cluster.doctor(objects, "--no-secrets")
    assert not any("/secrets" in path for path in cluster.api.paths)
    assert "error PAI003" in result.output
    assert "does not exist" not in result.output
    assert "note: Secrets were not read, so only annotations tell which credentials there are.\n" in result.output


@pytest.mark.parametrize(
    ("kind", "unjudged"),
    [
        ("Secret", []),
        ("Namespace", []),
        ("Tenant", ["PAI004", "PAI011", "PAI023"]),
        ("Settings", ["PAI004", "PAI023"]),
        ("Project", ["PAI011"]),
    ],
)
def test_what_may_not_be_listed_is_named_and_nothing_is_taken_for_missing(
    cluster: Cluster, kind: str, unjudged: list[str]
) -> None:
    objects = [*WHOLE, project("lost", of=None)]
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
    assert told.startswith("Error: the cluster could not be read, so nothing was checked: it ")
    assert told.count("\n") == 2
    assert TOKEN not in told


def test_a_context_that_is_not_there_is_refused(anywhere: Project) -> None:
    with FakeApi(WHOLE) as api:
        told = anywhere.refused("doctor", "--kubeconfig", api.kubeconfig(anywhere.folder), "--context", "nope")
    assert "the kubeconfig has no usable context `nope`" in told


def test_an_answer_that_is_no_json_is_not_repeated(anywhere: Project) -> None:
    class Broken(FakeApi):
        def answer(self, path: str, accept: str) -> Reply:
            return super().answer(path, accept)

    with Broken(WHOLE) as api:
        api.choose = lambda path, before: Reply(200, "CANARY") if "projects" in path else None  # type: ignore[arg-type]
        result = anywhere.run("doctor", "--kubeconfig", api.kubeconfig(anywhere.folder))
    assert "CANARY" not in result.output


def test_another_layout_is_read_where_the_option_says_it_is(cluster: Cluster) -> None:
    other = manifest("Settings", "default", "tenant-acme", spec={"palette": {"credentials": "key"}})
    objects: list[Manifest] = [tenant(), other, secret(), project()]
    assert "warning PAI016" in cluster.doctor(objects).output
    field = ["--vendor-field", "settings.palette=spec.palette.credentials"]
    assert "no problems" in cluster.doctor(objects, *field).output


def test_before_1_1_a_projects_own_settings_hide_the_default(cluster: Cluster) -> None:
    objects = [*WHOLE, settings("vision", "own", None)]
    assert cluster.doctor(objects).exit_code == 0
    assert "error PAI004" in cluster.doctor(objects, "--no-merged-settings").output

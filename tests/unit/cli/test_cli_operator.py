"""`paletteai operator`: one Stack object for each stack, and nothing secret in any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.fleets import Fleet
from support.operators import STACK_CRD
from support.projects import KEY

from paletteai_components.kube.conformance import diagnostics_in
from paletteai_components.kube.crds import crds_of

URL = "https://git.example/fleet.git"
CRDS = crds_of([STACK_CRD], "ours")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    fleet = Fleet(tmp_path, monkeypatch)
    fleet.add("acme", "prod")
    fleet.edit("acme.prod", "context: dev", "context: prod")
    fleet.edit("acme.prod", "v1:acme", "v1:prod")
    fleet.commit()
    fleet.git("remote", "add", "origin", URL)
    return fleet


def written(text: str) -> dict[str, dict[str, Any]]:
    """The objects in a text, by their stacks. All of them are as the operator takes them."""
    objects = list(yaml.safe_load_all(text))
    for each in objects:
        assert [found for found in diagnostics_in(each, CRDS) if found.severity.value == "error"] == []
    return {each["metadata"]["annotations"]["paletteai-components/stack"]: each for each in objects}


def spec(fleet: Fleet, *arguments: str, stack: str = "acme.dev") -> dict[str, Any]:
    value: dict[str, Any] = written(fleet.printed("operator", stack.rpartition(".")[2], *arguments))[stack]["spec"]
    return value


def test_each_stack_of_an_environment_gets_an_object(fleet: Fleet) -> None:
    objects = written(fleet.printed("operator", "dev"))
    assert list(objects) == ["acme.dev", "beta.dev", "gamma.dev"]
    assert [each["metadata"]["name"] for each in objects.values()] == ["acme--dev", "beta--dev", "gamma--dev"]
    assert {each["metadata"]["namespace"] for each in objects.values()} == {"paletteai"}
    head = fleet.git("rev-parse", "HEAD")
    assert {(each["spec"]["projectRepo"], each["spec"]["commit"]) for each in objects.values()} == {(URL, head)}
    assert list(written(fleet.printed("operator", "dev", "[bg]*"))) == ["beta.dev", "gamma.dev"]


def test_the_same_call_prints_the_same(fleet: Fleet) -> None:
    assert fleet.printed("operator", "dev") == fleet.printed("operator", "dev")


def test_nothing_secret_is_in_an_object(fleet: Fleet) -> None:
    fleet.stack((fleet.stacks / "Pulumi.acme.dev.yaml").read_text().replace("v1:acme", f"v1:{KEY}"))
    options = ["--secret", "PULUMI_CONFIG_PASSPHRASE=state/passphrase", "--git-token", "git/token"]
    text = fleet.printed("operator", "dev", *options, "--kubeconfig-secret", "clusters/config")
    assert KEY not in text
    value = written(text)["acme.dev"]["spec"]
    assert value["envRefs"] == {
        "PULUMI_CONFIG_PASSPHRASE": {"type": "Secret", "secret": {"name": "state", "key": "passphrase"}}
    }
    assert value["gitAuth"] == {"accessToken": {"type": "Secret", "secret": {"name": "git", "key": "token"}}}
    workspace = value["workspaceTemplate"]["spec"]
    assert workspace["env"] == [{"name": "KUBECONFIG", "value": "/var/run/paletteai/kubeconfig"}]
    (volume,) = workspace["podTemplate"]["spec"]["volumes"]
    assert volume["secret"] == {"secretName": "clusters", "items": [{"key": "config", "path": "kubeconfig"}]}


@pytest.mark.parametrize(
    "options",
    [
        ["--secret", f"PULUMI_CONFIG_PASSPHRASE={KEY}"],
        ["--secret", KEY],
        ["--git-token", KEY],
        ["--git-ssh-key", f"{KEY}/x"],
        ["--kubeconfig-secret", KEY],
        ["--repo", f"https://user:{KEY}@git.example/x.git"],
        ["--repo", f"https://{KEY}@git.example/x.git"],
        ["--backend", f"postgres://user:{KEY}@db/state"],
        ["--backend", KEY],
        ["--repo", KEY],
    ],
)
def test_a_secret_in_an_option_is_refused_and_not_repeated(fleet: Fleet, options: list[str]) -> None:
    said = fleet.refused("operator", "dev", *options)
    assert "so nothing was written" in said
    assert KEY not in said


@pytest.mark.parametrize(
    "url", ["/srv/fleet.git", "file:///srv/fleet.git", "../fleet", "https:///x", "https://a b/c\n"]
)
def test_a_repository_that_no_cluster_can_fetch_is_refused(fleet: Fleet, url: str) -> None:
    assert "is none that a cluster can fetch" in fleet.refused("operator", "dev", "--repo", url)
    fleet.git("remote", "set-url", "origin", url)
    if "\n" not in url:
        assert "the URL of `remote.origin.url` is none that a cluster can fetch" in fleet.refused("operator", "dev")


def test_the_token_of_ones_own_remote_goes_nowhere(fleet: Fleet) -> None:
    fleet.git("remote", "set-url", "origin", f"https://x:{KEY}@git.example/x.git")
    said = fleet.refused("operator", "dev")
    assert "holds a user's name or a password" in said
    assert KEY not in said


@pytest.mark.parametrize("url", ["git@git.example:team/fleet.git", "ssh://git@git.example/fleet.git"])
def test_ssh_has_its_users_name_in_the_url(fleet: Fleet, url: str) -> None:
    value = spec(fleet, "--repo", url, "--git-ssh-key", "git/key")
    assert value["projectRepo"] == url
    key = {"type": "Secret", "secret": {"name": "git", "key": "key"}}
    assert value["gitAuth"] == {"sshAuth": {"sshPrivateKey": key}}


def test_without_a_remote_the_repository_has_to_be_named(fleet: Fleet) -> None:
    fleet.git("remote", "remove", "origin")
    assert "Name the repository with `--repo URL`." in fleet.refused("operator", "dev")
    assert spec(fleet, "--repo", URL)["projectRepo"] == URL


def test_a_branch_is_followed_and_a_commit_is_the_one_that_is_named(fleet: Fleet) -> None:
    followed = spec(fleet, "--branch", "main")
    assert (followed["branch"], "commit" in followed) == ("main", False)
    assert spec(fleet, "--commit", "HEAD^")["commit"] == fleet.git("rev-parse", "HEAD^")
    assert "`--branch` and `--commit` exclude each other" in fleet.refused(
        "operator", "dev", "--branch", "main", "--commit", "HEAD"
    )
    assert "this clone has no revision `nowhere`" in fleet.refused("operator", "dev", "--commit", "nowhere")


def test_what_is_not_committed_is_said_not_to_be_deployed(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    result = fleet.run("operator", "dev")
    commit = fleet.git("rev-parse", "HEAD")[:12]
    assert f"the stack files here are not those of commit {commit}, which the operator deploys" in result.stderr
    assert f"`paletteai diff {commit}` shows how they differ." in result.stderr
    assert fleet.run("operator", "dev", "--branch", "main").stderr == ""


def test_the_folder_of_the_project_is_found_in_the_repository(fleet: Fleet) -> None:
    assert "repoDir" not in spec(fleet)
    (fleet.folder / "deploy").mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "requirements.txt", "stacks"):
        fleet.git("mv", name, f"deploy/{name}")
    fleet.commit()
    assert spec(fleet, "--stacks", "deploy")["repoDir"] == "deploy"


def test_the_stacks_of_the_environment_before_have_to_succeed_first(fleet: Fleet) -> None:
    assert spec(fleet, "--after", "dev=24h", stack="acme.prod")["prerequisites"] == [
        {"name": "acme--dev", "requirement": {"succeededWithinDuration": "24h"}}
    ]
    assert spec(fleet, "--after", "dev", stack="acme.prod")["prerequisites"] == [{"name": "acme--dev"}]
    # Its tenant has no stack there.
    assert "prerequisites" not in spec(fleet, "--after", "prod", stack="beta.dev")
    assert "prerequisites" not in spec(fleet, "--after", "dev", stack="acme.dev")


@pytest.mark.parametrize("after", ["=24h", "dev=", "dev=1d", "dev=24", "dev=h"])
def test_a_duration_that_the_operator_cannot_read_is_refused(fleet: Fleet, after: str) -> None:
    assert "names no environment with a duration" in fleet.refused("operator", "prod", f"--after={after}")


def test_the_image_is_in_the_version_of_the_sdk(fleet: Fleet) -> None:
    from importlib.metadata import version

    assert spec(fleet)["workspaceTemplate"]["spec"]["image"] == f"pulumi/pulumi:{version('pulumi')}-nonroot"
    assert spec(fleet, "--image", "mirror.example/pulumi@sha256:0")["workspaceTemplate"]["spec"]["image"] == (
        "mirror.example/pulumi@sha256:0"
    )


# A folder of objects


def test_a_folder_gets_a_file_for_each_stack_and_only_what_changed_is_written_again(fleet: Fleet) -> None:
    commit = fleet.git("rev-parse", "HEAD")
    assert fleet.printed("operator", "dev", "-o", "fleet/dev") == "Wrote 3 files to fleet/dev.\n"
    files = {path.name: path.read_text() for path in (fleet.folder / "fleet/dev").iterdir()}
    assert sorted(files) == ["acme--dev.yaml", "beta--dev.yaml", "gamma--dev.yaml"]
    assert files["acme--dev.yaml"].startswith("# paletteai operator: stack acme.dev\n---\napiVersion: pulumi.com/v1\n")
    assert fleet.printed("operator", "dev", "-o", "fleet/dev") == "Wrote 0 files to fleet/dev, 3 are the same.\n"
    written("".join(files.values()))
    assert commit in files["acme--dev.yaml"]


def test_only_what_a_change_reaches_gets_the_new_commit(fleet: Fleet) -> None:
    base = fleet.git("rev-parse", "HEAD")
    fleet.printed("operator", "dev", "-o", "fleet")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    # The objects may be in the same repository: they are no part of the program.
    head = fleet.commit()
    result = fleet.run("operator", "dev", "-o", "fleet", "--since", base)
    assert result.stdout == "Wrote 1 file to fleet.\n"
    assert "  beta.dev: its `paletteai:tenant` changed\n" in result.stderr
    commits = {
        path.name: yaml.safe_load(path.read_text())["spec"]["commit"] for path in (fleet.folder / "fleet").iterdir()
    }
    assert commits == {"acme--dev.yaml": base, "beta--dev.yaml": head, "gamma--dev.yaml": base}


def test_a_file_that_only_becomes_an_object_was_a_part_of_the_program(fleet: Fleet) -> None:
    fleet.file("fleet/acme--dev.yaml", "kind: Mine\n")
    fleet.commit()
    fleet.file("fleet/acme--dev.yaml", "# paletteai operator: stack acme.dev\n")
    assert {why[0][0] for why in fleet.reached().values()} == {"program"}
    fleet.commit()
    (fleet.folder / "fleet/acme--dev.yaml").unlink()
    assert fleet.reached() == {}


def test_a_file_of_somebody_else_stops_all_of_them(fleet: Fleet) -> None:
    fleet.file("fleet/beta--dev.yaml", "kind: Mine\n")
    said = fleet.refused("operator", "dev", "-o", "fleet")
    assert "fleet/beta--dev.yaml already exists and was not written by this command, so nothing was written." in said
    assert [path.name for path in (fleet.folder / "fleet").iterdir()] == ["beta--dev.yaml"]


def test_nothing_is_written_through_a_link(fleet: Fleet) -> None:
    (fleet.folder / "elsewhere").mkdir()
    (fleet.folder / "fleet").symlink_to("elsewhere")
    assert "which is a link, so nothing was written." in fleet.refused("operator", "dev", "-o", "fleet")
    (fleet.folder / "fleet").unlink()
    fleet.printed("operator", "dev", "-o", "fleet")
    (fleet.folder / "fleet/acme--dev.yaml").unlink()
    (fleet.folder / "fleet/acme--dev.yaml").symlink_to("../elsewhere/x")
    assert "was not written by this command" in fleet.refused("operator", "dev", "-o", "fleet")


def test_the_object_of_a_stack_that_is_gone_is_left_and_said(fleet: Fleet) -> None:
    fleet.printed("operator", "dev", "-o", "fleet")
    (fleet.stacks / "Pulumi.gamma.dev.yaml").unlink()
    fleet.commit()
    result = fleet.run("operator", "dev", "-o", "fleet")
    assert "note: no stack file is left for `gamma--dev.yaml`." in result.stderr
    assert "run `pulumi destroy --stack STACK` first, then delete the file." in result.stderr
    assert (fleet.folder / "fleet/gamma--dev.yaml").exists()
    # The objects of another environment in the same folder are not leftovers.
    assert "acme" not in fleet.run("operator", "prod", "-o", "fleet").stderr


def test_a_stack_whose_file_cannot_be_read_has_an_object_too(fleet: Fleet) -> None:
    fleet.stack("config: [", "beta.dev")
    assert "beta.dev" in written(fleet.printed("operator", "dev"))

"""`paletteai adopt`: stack files of what is on a cluster already."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.fake_api import TOKEN, FakeApi
from support.observations import api_key, manifest, project, secret, settings, tenant
from support.projects import Project

from paletteai_components.credentials import fingerprint_of
from paletteai_components.kube.manifests import Manifest
from paletteai_components.pulumi_yaml.document import document_from

ACME = (
    manifest("Namespace", "tenant-acme", labels={"palette.ai/tenant": "acme"}),
    manifest("Namespace", "vision"),
    tenant(),
    settings(),
    secret(),
    manifest(
        "Project",
        "vision",
        "vision",
        labels={"palette.ai/tenant-name": "acme"},
        spec={
            "computeConfigRef": {"name": "default", "namespace": "tenant-acme"},
            "tenantRef": {"name": "acme"},
            "limits": [{"gpu": 4}],
        },
    ),
)
TEXT = """\
# Written by `paletteai adopt` from what was on the cluster.
config:
  kubernetes:context: dev
  paletteai:integrations:
    default:
      existingSecret: key
  paletteai:tenant:
    name: acme
    settings:
      default:
        palette: default
    projects:
    - name: vision
      computeConfigRef:
        name: default
      extraSpec:
        limits:
        - gpu: 4
      importIds:
      - Namespace/vision
      - Project/vision/vision
    importIds:
    - Namespace/tenant-acme
    - Settings/tenant-acme/default
    - Tenant/acme
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    found = Project(tmp_path, monkeypatch)
    found.declare()
    return found


def adopt(folder: Project, objects: Iterable[Manifest], *arguments: str, forbidden: tuple[str, ...] = ()) -> Result:
    with FakeApi(objects, forbidden) as api:
        result = folder.run("adopt", "--kubeconfig", api.kubeconfig(folder.folder), *arguments)
        assert {method for method, _ in api.requests} <= {"GET"}
    assert TOKEN not in result.output
    return result


def written(folder: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.stacks.iterdir()}


def test_a_tenant_becomes_a_stack_file_that_takes_it_over(folder: Project) -> None:
    result = adopt(folder, ACME)
    assert (result.exit_code, written(folder)) == (0, {"Pulumi.acme.dev.yaml": TEXT})
    assert result.stdout == (
        "Wrote stacks/Pulumi.acme.dev.yaml: 5 objects to take over.\n"
        "the cluster of context dev, 1 stack file: no problems\n"
        "Next:\n\n"
        "  paletteai check acme.dev\n"
        "  pulumi stack init acme.dev\n"
        "  pulumi preview --stack acme.dev\n"
        "  pulumi up --stack acme.dev\n"
        "  paletteai adopt --finish acme.dev\n"
    )


def test_what_is_written_has_no_problems_and_no_drift(folder: Project) -> None:
    adopt(folder, ACME)
    assert folder.printed("check").endswith("no problems\n")
    with FakeApi(ACME) as api:
        told = folder.printed("doctor", "acme.dev", "--kubeconfig", api.kubeconfig(folder.folder))
    assert told.startswith("no drift; 5 as declared\n")


def test_a_dry_run_prints_the_files_alone_and_writes_none(folder: Project) -> None:
    result = adopt(folder, [*ACME, tenant("beta", settings=None)], "--dry-run", "--env", "plant-1")
    first, second = result.stdout.split("# Pulumi.beta.plant-1.yaml\n")
    assert first == f"# Pulumi.acme.plant-1.yaml\n{TEXT}"
    assert document_from(second.encode(), "").value["config"]["paletteai:tenant"]["name"] == "beta"
    assert result.stderr == "the cluster of context dev, 2 stack files: no problems\n"
    assert written(folder) == {}


def test_a_file_that_exists_is_left_as_it_is_and_the_difference_is_shown(folder: Project) -> None:
    adopt(folder, ACME)
    again = adopt(folder, ACME)
    assert again.exit_code == 0
    assert again.stdout.startswith("stacks/Pulumi.acme.dev.yaml is as it would be written.\n")
    earlier = TEXT.replace("name: acme", f"name: acme  # {api_key('pasted')}")
    folder.stack(earlier)
    result = adopt(folder, ACME)
    assert (result.exit_code, written(folder)) == (1, {"Pulumi.acme.dev.yaml": earlier})
    assert "\n-    name: acme  # <redacted>\n+    name: acme\n" in result.stdout
    assert "Next:" not in result.stdout


def test_the_tenants_that_are_named_are_adopted_with_their_problems_alone(folder: Project) -> None:
    beta = [tenant("beta"), settings("tenant-beta", secret="gone")]
    result = adopt(folder, [*ACME, *beta, settings("lost", "old")], "--tenant", "acme")
    assert (result.exit_code, set(written(folder))) == (0, {"Pulumi.acme.dev.yaml"})
    assert result.stdout.count("no problems") == 1
    assert "lost" not in result.stdout
    assert "no Tenant `acm` in the cluster of context dev" in adopt(folder, ACME, "--tenant", "acm").stderr


def test_what_is_wrong_is_told_and_written_all_the_same(folder: Project) -> None:
    result = adopt(folder, [*ACME, settings(name="edge")])
    assert result.exit_code == 1
    assert "error PAI002" in result.stdout
    assert "existingSecret: key" in written(folder)["Pulumi.acme.dev.yaml"].partition("edge")[2]


def test_what_nobody_gets_is_in_no_file(folder: Project) -> None:
    result = adopt(folder, [*ACME, settings("lost", "old"), project("orphan", of="nobody")])
    assert "note: Project/orphan/orphan is in no file: its Tenant is not on the cluster.\n" in result.stdout
    assert "note: Settings/lost/old is in no file: no Tenant and no Project gets it.\n" in result.stdout
    assert set(written(folder)) == {"Pulumi.acme.dev.yaml"}


def test_what_a_deployment_would_change_or_lose_is_told(folder: Project) -> None:
    labelled = {**tenant(), "metadata": {"name": "acme", "labels": {"team": "a"}}}
    guarded = manifest("Namespace", "vision", labels={"palette.ai/tenant": "another"})
    without = [each for each in ACME if each["metadata"]["name"] != "vision" and each["kind"] != "Tenant"]
    result = adopt(folder, [*without, labelled, guarded, project()])
    assert (
        "The first deployment would change (1)\n"
        '  ~ Project/vision/vision: metadata.labels[palette.ai/tenant-name] = "acme"\n'
        "In no stack file, so Pulumi removes what kubectl wrote of it (1)\n"
        "  - Tenant/acme: metadata.labels.team\n"
        "Left as it is (1)\n"
        "    Namespace/vision\n"
    ) in result.stdout
    assert "createNamespace: false" in written(folder)["Pulumi.acme.dev.yaml"]


@pytest.mark.parametrize("field", ["spec", "labels", "annotations"])
def test_a_key_that_someone_wrote_into_an_object_gets_nowhere(folder: Project, field: str) -> None:
    key = api_key("pasted")
    spec: dict[str, Any] = {"integrations": {"palette": {"secretRef": {"name": "key"}}}}
    more = {field: {**(spec if field == "spec" else {}), "pasted": key}}
    pasted = manifest("Settings", "default", "tenant-acme", **{"spec": spec, **more})
    result = adopt(folder, [*(each for each in ACME if each["kind"] != "Settings"), pasted])
    assert key not in result.output + "".join(written(folder).values())
    assert f"Settings/tenant-acme/default: {'spec' if field == 'spec' else f'metadata.{field}'}.pasted" in result.stdout


def test_a_context_that_is_no_environment_needs_one(folder: Project) -> None:
    with FakeApi(ACME) as api:
        kubeconfig = Path(api.kubeconfig(folder.folder))
        text = kubeconfig.read_text()
        kubeconfig.write_text(text.replace("name: dev", "name: arn:aws:eks").replace(": dev", ": arn:aws:eks"))
        refused = folder.refused("adopt", "--kubeconfig", str(kubeconfig))
        assert "Name one with `--env ENV`" in refused
        assert folder.run("adopt", "--kubeconfig", str(kubeconfig), "--env", "dev").exit_code == 0
    assert 'kubernetes:context: "arn:aws:eks"\n' in written(folder)["Pulumi.acme.dev.yaml"]


def test_a_link_in_place_of_a_file_is_not_followed(folder: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    os.symlink(elsewhere, folder.stacks / "Pulumi.acme.dev.yaml")
    assert adopt(folder, ACME).exit_code == 2
    assert not elsewhere.exists()


def test_where_namespaces_cannot_be_listed_none_is_written(folder: Project) -> None:
    result = adopt(folder, ACME, forbidden=("namespaces",))
    text = written(folder)["Pulumi.acme.dev.yaml"]
    assert text.count("createNamespace: false") == 2
    assert "Namespace/" not in text
    assert "note: this user may not list all objects of kind Namespace, so the files declare none.\n" in result.stdout


def with_type(each: Manifest) -> Manifest:
    """As an API server returns a Secret."""
    return {**each, "type": "Opaque"} if each["kind"] == "Secret" else each


TYPED = [with_type(each) for each in ACME]
BEGUN = "encryptionsalt: v1:CCCC:DDDD  # ours\n"


def test_keys_are_encrypted_and_their_secrets_taken_over(folder: Project) -> None:
    folder.encrypting_pulumi()
    result = adopt(folder, TYPED, "--encrypt")
    assert result.exit_code == 0
    text = written(folder)["Pulumi.acme.dev.yaml"]
    read = document_from(text.encode(), "").value
    integration = read["config"]["paletteai:integrations"]["default"]
    assert integration["apiKey"]["secure"].startswith("v1:AAAA:")
    assert integration["fingerprint"]["value"] == fingerprint_of(api_key("one"))
    assert read["config"]["paletteai:tenant"]["settings"]["default"] == {"palette": "default", "secretName": "key"}
    assert "Secret/tenant-acme/key" in read["config"]["paletteai:tenant"]["importIds"]
    assert read["encryptionsalt"] == "v1:AAAA:BBBB"
    assert api_key("one") not in result.output + text + str(folder.encryptions())
    assert result.stdout == (
        "Wrote stacks/Pulumi.acme.dev.yaml: 6 objects to take over.\n"
        "Encrypted, so the first deployment adds fingerprints to their Settings (1)\n"
        "    Secret/tenant-acme/key\n"
        "the cluster of context dev, 1 stack file: no problems\n"
        "Next:\n\n"
        "  paletteai check acme.dev\n"
        "  pulumi preview --stack acme.dev\n"
        "  pulumi up --stack acme.dev\n"
        "  paletteai adopt --finish acme.dev\n"
    )
    assert folder.printed("check").endswith("no problems\n")


def test_a_key_that_is_encrypted_in_the_file_is_not_encrypted_again(folder: Project) -> None:
    folder.encrypting_pulumi()
    adopt(folder, TYPED, "--encrypt")
    before = written(folder)
    again = adopt(folder, TYPED, "--encrypt")
    assert again.stdout.startswith("stacks/Pulumi.acme.dev.yaml is as it would be written.\n")
    assert (written(folder), len(folder.encryptions())) == (before, 1)


def test_a_file_that_pulumi_began_is_completed_and_keeps_what_it_has(folder: Project) -> None:
    folder.encrypting_pulumi()
    folder.stack(BEGUN)
    result = adopt(folder, TYPED, "--encrypt")
    assert result.stdout.startswith("Completed stacks/Pulumi.acme.dev.yaml: 6 objects to take over.\n")
    text = written(folder)["Pulumi.acme.dev.yaml"]
    assert text.endswith(f"\n{BEGUN}")
    assert text.count("encryptionsalt") == 1
    assert folder.printed("check").endswith("no problems\n")


def test_a_file_that_pulumi_began_is_completed_without_keys_too(folder: Project) -> None:
    folder.stack(BEGUN)
    result = adopt(folder, ACME)
    assert (result.exit_code, written(folder)) == (0, {"Pulumi.acme.dev.yaml": TEXT + BEGUN})
    assert "pulumi stack init" not in result.stdout
    again = adopt(folder, ACME)
    assert again.stdout.startswith("stacks/Pulumi.acme.dev.yaml is as it would be written.\n")


@pytest.mark.parametrize("begun", ["{encryptionsalt: 'v1:C:D'}\n", "config: {}\nencryptionsalt: v1:C:D\n"])
def test_a_file_in_another_form_is_left_as_it_is(folder: Project, begun: str) -> None:
    folder.stack(begun)
    result = adopt(folder, ACME)
    assert (result.exit_code, written(folder)) == (1, {"Pulumi.acme.dev.yaml": begun})


def test_a_tenant_whose_keys_cannot_be_encrypted_gets_no_file_and_the_others_do(folder: Project) -> None:
    folder.encrypting_pulumi(fails_at=1, stderr=f"error: no stack named 'acme.dev' found {api_key('one')}")
    beta = [tenant("beta"), settings("tenant-beta"), with_type(secret("tenant-beta", key="two"))]
    result = adopt(folder, [*TYPED, *beta], "--encrypt")
    failed, done = sorted(["acme", "beta"], key=lambda name: f"Pulumi.{name}.dev.yaml" in written(folder))
    assert (result.exit_code, set(written(folder))) == (2, {f"Pulumi.{done}.dev.yaml"})
    assert f"error: pulumi could not encrypt the keys of stack `{failed}.dev`: the stack is not in the" in result.stderr
    assert f"help: Create it with `pulumi stack init {failed}.dev`." in result.stderr
    assert api_key("one") not in result.output


def test_without_pulumi_or_a_project_nothing_is_read_or_written(folder: Project) -> None:
    with FakeApi(TYPED) as api:
        kubeconfig = api.kubeconfig(folder.folder)
        told = folder.refused("adopt", "--kubeconfig", kubeconfig, "--encrypt")
        assert "there is no `pulumi` command on PATH, and only it can encrypt keys" in told
        folder.encrypting_pulumi()
        (folder.folder / "Pulumi.yaml").unlink()
        told = folder.refused("adopt", "--kubeconfig", kubeconfig, "--encrypt")
        assert "no Pulumi project was found" in told
        told = folder.refused("adopt", "--kubeconfig", kubeconfig, "--encrypt", "--no-secrets")
        assert "Leave out `--no-secrets` or `--encrypt`" in told
        assert api.requests == []
    assert written(folder) == {}


def test_a_secret_that_is_not_a_stacks_to_manage_stays_a_reference_and_the_reason_is_told(folder: Project) -> None:
    folder.encrypting_pulumi()
    supplied = manifest("ExternalSecret", "key", "tenant-acme", spec={"target": {"name": "key"}})
    supplied["apiVersion"] = "external-secrets.io/v1"
    result = adopt(folder, [*TYPED, supplied], "--encrypt")
    assert written(folder) == {"Pulumi.acme.dev.yaml": TEXT}
    assert (
        "Left to others, because a stack cannot manage them as they are (1)\n"
        "    Secret/tenant-acme/key\n"
        "      ExternalSecret `key` writes it\n"
    ) in result.stdout
    assert folder.encryptions() == []


def test_a_dry_run_encrypts_and_writes_nothing(folder: Project) -> None:
    folder.encrypting_pulumi()
    result = adopt(folder, TYPED, "--encrypt", "--dry-run")
    assert document_from(result.stdout.encode(), "").value["encryptionsalt"] == "v1:AAAA:BBBB"
    assert written(folder) == {}


def test_what_other_tools_manage_is_told_with_what_they_do_and_what_to_do_first(folder: Project) -> None:
    helm = {"meta.helm.sh/release-name": "apps", "meta.helm.sh/release-namespace": "palette"}
    released = {**tenant(), "metadata": {"name": "acme", "annotations": helm}}
    result = adopt(folder, [*(each for each in ACME if each["kind"] != "Tenant"), released])
    assert result.exit_code == 0
    assert (
        "Managed by another tool, too (1) "
        "Tenant/acme: Helm release `palette/apps`, as the annotation `meta.helm.sh/release-name` shows "
        "`helm upgrade` writes the values of its chart again, and `helm uninstall` deletes the object. "
        "Annotate it with `helm.sh/resource-policy: keep` in the chart and upgrade the release. "
    ) in " ".join(result.stdout.split())


def deployed(folder: Project, *objects: str) -> None:
    """The last deployment wrote these objects."""
    folder.pulumi(stdout=json.dumps({"tenant": "acme", "lastDeployment": {"objects": objects}} if objects else {}))


EVERY = ("Namespace/tenant-acme", "Settings/tenant-acme/default", "Tenant/acme")
VISION = ("Namespace/vision", "Project/vision/vision")


def test_once_everything_is_deployed_import_ids_go_and_no_other_byte(folder: Project) -> None:
    kept = TEXT.replace("name: acme\n", "name: acme  # ours\n")
    folder.stack(kept)
    deployed(folder, *EVERY, *VISION)
    assert folder.printed("adopt", "--finish") == "acme.dev: removed the `importIds` of 5 objects.\n"
    lines = [line for line in kept.splitlines() if "importIds:" not in line]
    expected = "".join(f"{line}\n" for line in lines if line.strip("- ") not in (*EVERY, *VISION))
    assert written(folder) == {"Pulumi.acme.dev.yaml": expected}
    assert folder.printed("adopt", "--finish", "acme.*") == "acme.dev: has no `importIds`.\n"


def test_what_was_not_deployed_keeps_its_import_ids(folder: Project) -> None:
    folder.stack(TEXT)
    deployed(folder, *EVERY, "Namespace/vision")
    assert folder.printed("adopt", "--finish", "acme.dev", code=1) == (
        "acme.dev: removed the `importIds` of 3 objects.\n"
        "acme.dev: kept others, because the last deployment did not write `Project/vision/vision`.\n"
    )
    read = document_from(written(folder)["Pulumi.acme.dev.yaml"].encode(), "").value["config"]["paletteai:tenant"]
    assert "importIds" not in read
    assert read["projects"][0]["importIds"] == list(VISION)


def test_before_the_first_deployment_nothing_is_removed(folder: Project) -> None:
    folder.stack(TEXT)
    deployed(folder)
    assert "did not write `Namespace/tenant-acme`" in folder.printed("adopt", "--finish", code=1)
    assert written(folder) == {"Pulumi.acme.dev.yaml": TEXT}


def test_without_an_answer_of_pulumi_nothing_is_removed(folder: Project) -> None:
    folder.stack(TEXT)
    folder.pulumi(stdout="", stderr="error: no stack named 'acme.dev' found", code=255)
    told = folder.refused("adopt", "--finish")
    assert "pulumi could not read the outputs of stack `acme.dev`: the stack is not in the backend" in told
    folder.pulumi(stdout="[]")
    assert "what it has deployed is not known" in folder.refused("adopt", "--finish")
    assert written(folder) == {"Pulumi.acme.dev.yaml": TEXT}


def test_a_stack_is_named_to_finish_it_only(folder: Project) -> None:
    assert "Name Tenants with `--tenant NAME`" in folder.refused("adopt", "acme.dev")
    assert "there is no stack `acme.prod`" in folder.refused("adopt", "--finish", "acme.prod")

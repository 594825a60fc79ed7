"""`paletteai render`: YAML for kubectl, and never a key but where it was asked for."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.projects import KEY, STACK, Project, changed

from paletteai_components.credentials import fingerprint_of, settings_proof_of
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.writer import quoted, yaml_of

HOST = "https://api.spectrocloud.com"
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %(kind)s.spectrocloud.com}
spec:
  group: spectrocloud.com
  scope: %(scope)s
  names: {kind: %(kind)s, plural: %(kind)s}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, x-kubernetes-preserve-unknown-fields: %(keeps)s, properties: {%(field)s}}
---
"""


def crds(field: str, settings: str = "") -> str:
    """CRDs of the vendor's kinds; a Project knows this field and two references, and a Settings any field or one."""
    references = "tenantRef: {type: object, x-kubernetes-preserve-unknown-fields: true}, "
    references += "computeConfigRef: {type: object, x-kubernetes-preserve-unknown-fields: true}, "
    return (
        CRD % {"kind": "Tenant", "scope": "Cluster", "keeps": "true", "field": ""}
        + CRD % {"kind": "Settings", "scope": "Namespaced", "keeps": "false" if settings else "true", "field": settings}
        + CRD % {"kind": "Project", "scope": "Namespaced", "keeps": "false", "field": references + field}
    )


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def test_the_objects_come_in_the_order_they_are_made_without_secrets(project: Project) -> None:
    project.stack()
    kinds = [each["kind"] for each in documents(project.printed("render"))]
    assert kinds == ["Namespace", "Settings", "Tenant", "Namespace", "Project"]


def test_what_is_missing_is_said_beside(project: Project) -> None:
    project.stack(f"environment: [prod]\n{STACK}")
    secrets, fingerprints, imported = project.run("render").stderr.splitlines()
    assert secrets.startswith(
        "note: left out: Secret `tenant-acme/default-palette`. Applied without its key, it would destroy"
    )
    assert fingerprints.startswith("note: without fingerprint: Settings `tenant-acme/default`.")
    assert imported == "note: not included: what stack `acme.dev` imports from Pulumi ESC."


def test_a_settings_whose_secret_is_put_there_by_others_lacks_nothing(project: Project) -> None:
    project.stack(
        changed("{palette: shared}", "{palette: vaulted}").replace(
            "    shared:", "    vaulted: {existingSecret: a, credential: c}\n    shared:"
        )
    )
    result = project.run("render")
    assert result.stderr == ""
    assert documents(result.stdout)[1]["metadata"]["annotations"] == {"paletteai-components/credential": "c"}


def test_nothing_is_rendered_where_there_are_errors_or_a_file_cannot_be_read(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: Vision}"))
    assert project.refused("render", code=1).endswith("1 error; nothing was rendered.\n")
    project.stack("config: [")
    project.refused("render")


def test_stacks_of_two_clusters_are_not_put_into_one_stream(project: Project) -> None:
    project.stack()
    beta = STACK.replace("acme", "beta").replace("v1:", "v1:b").replace("9012", "9013").replace(": dev", ": prod")
    project.stack(beta, "beta.prod")
    assert "these stacks are for 2 clusters (`dev`, `prod`)" in project.refused("render")
    assert project.run("render", "acme.dev").exit_code == 0


def test_what_the_cluster_would_drop_is_refused(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: vision, displayName: Vision}"))
    file = project.folder / "crds.yaml"
    file.write_text(crds("title: {type: string}"))
    said = project.refused("render", "--crds", "crds.yaml", code=1)
    assert "stacks/Pulumi.acme.dev.yaml:16: error PAI016: Project `vision/vision`: " in said
    assert "displayName" in said
    file.write_text(crds("displayName: {type: string}"))
    assert len(documents(project.run("render", "--crds", "crds.yaml").stdout)) == 5


def test_the_clusters_crds_may_come_through_a_pipe(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: vision, displayName: Vision}"))
    said = project.refused("render", "--crds", "-", code=1, input=crds("title: {type: string}"))
    assert "  also: <stdin>\n" in said
    assert project.run("render", "--crds", "-", input=crds("displayName: {type: string}")).exit_code == 0


INTEGRATIONS = """\
integrations:
  type: array
  x-kubernetes-list-type: map
  x-kubernetes-list-map-keys: [type]
  items:
    type: object
    required: [type]
    properties:
      type: {type: string}
      secretRef: {type: object, properties: {name: {type: string}}}
"""


def test_the_layout_of_a_cluster_that_has_a_list_is_told_and_can_be_written(project: Project) -> None:
    layout = json.dumps(yaml.safe_load(INTEGRATIONS))[1:-1]
    (project.folder / "crds.yaml").write_text(crds("displayName: {type: string}", layout))
    project.stack()
    said = " ".join(project.refused("render", "--crds", "crds.yaml", code=1).split())
    assert "requires `spec.integrations` to be of type array, but it is object" in said
    assert "like this: `spec.integrations[type=palette]`. Set another path with `paletteai:vendorFields`" in said
    path = "spec.integrations[type=palette].secretRef.name"
    project.stack(f"{STACK}  paletteai:vendorFields:\n    settings.palette: {path}\n")
    rendered = documents(project.run("render", "--crds", "crds.yaml").stdout)
    assert rendered[1]["spec"] == {"integrations": [{"type": "palette", "secretRef": {"name": "default-palette"}}]}
    project.stack(f"{STACK}  paletteai:vendorFields:\n    settings.palette: {path.replace('type', 'kind')}\n")
    said = " ".join(project.refused("render", "--crds", "crds.yaml", code=1).split())
    assert "has no field `spec.integrations[kind=palette].kind`" in said


def test_what_a_cluster_alone_can_judge_is_noted(project: Project) -> None:
    project.stack()
    (project.folder / "crds.yaml").write_text(
        crds("displayName: {type: string, x-kubernetes-validations: [{rule: 'true'}]}")
    )
    result = project.run("render", "--crds", "crds.yaml")
    assert "note PAI016" in result.stderr
    assert (len(documents(result.stdout)), result.exit_code) == (5, 0)


def test_crds_that_cannot_be_read_are_no_reason_to_render(project: Project) -> None:
    project.stack()
    assert "error PAI016" in project.refused("render", "--crds", "nowhere.yaml")


# With Secrets


SECRETS = ("render", "--with-secrets", "all.yaml")


@pytest.fixture
def opened(project: Project) -> Path:
    """A stack whose key Pulumi opens: the file that says how it was called."""
    project.stack()
    return project.pulumi({"shared": {"apiKey": KEY}})


@pytest.mark.parametrize("umask", [0, 0o22])
def test_with_secrets_everything_goes_into_a_file_that_is_mine_alone(
    umask: int, opened: Path, project: Project
) -> None:
    before = os.umask(umask)
    try:
        result = project.run(*SECRETS)
    finally:
        os.umask(before)
    assert result.output == "Wrote 6 objects to all.yaml, including keys.\n"
    asked = "config --show-secrets --json --non-interactive --stack acme.dev"
    assert json.loads(opened.read_text()) == asked.split()
    path = project.folder / "all.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    _, secret, settings, *_ = documents(path.read_text())
    assert json.loads(base64.b64decode(secret["data"]["palette"])) == {
        "apiKey": KEY,
        "defaultProjectID": "651234567890123456789012",
        "hostUrl": HOST,
        "tenant": "example-tenant",
    }
    assert settings["metadata"]["annotations"] == {
        "paletteai-components/credential-fingerprint": fingerprint_of(KEY),
        "paletteai-components/credential-proof": settings_proof_of(KEY, "tenant-acme/default"),
    }


def test_a_file_that_is_there_is_not_written_over_and_no_key_is_opened(opened: Path, project: Project) -> None:
    Path("all.yaml").write_text("mine")
    project.refused(*SECRETS)
    assert Path("all.yaml").read_text() == "mine"
    assert not opened.exists()


@pytest.mark.parametrize("integrations", [{"shared": {"apiKey": "CHANGE_ME"}}, {"shared": {}}, {}, None])
def test_what_opening_the_keys_shows_to_be_wrong_is_refused(project: Project, integrations: object) -> None:
    project.stack()
    project.pulumi(integrations)
    if "CHANGE_ME" in str(integrations):
        assert "error PAI009" in project.refused(*SECRETS, code=1)
    else:
        assert "pulumi returned no key for integration `shared`" in project.refused(*SECRETS)
    assert list(project.files()) == ["stacks/Pulumi.acme.dev.yaml"]


def test_a_credential_that_turns_out_to_be_used_twice_is_refused(project: Project) -> None:
    other = 'hostUrl: "https://API.spectrocloud.com:443", tenant: t, defaultProjectID: "x1", apiKey: {secure: "v1:y"}'
    text = changed("      default: {palette: shared}", "      default: {palette: shared}\n      edge: {palette: edge}")
    project.stack(text.replace("  paletteai:tenant:", f"    edge: {{{other}}}\n  paletteai:tenant:"))
    project.pulumi({"shared": {"apiKey": KEY}, "edge": {"apiKey": f"{KEY}\n"}})
    said = project.refused(*SECRETS, code=1)
    assert "error PAI003: one credential (equal fingerprint)" in said
    assert KEY not in said


def test_where_no_key_is_ours_pulumi_is_not_asked(project: Project) -> None:
    shared = STACK[STACK.index("    shared:") : STACK.index("  paletteai:tenant")]
    text = changed("{palette: shared}", "{palette: vaulted}")
    project.stack(text.replace(shared, "    vaulted: {existingSecret: a, credential: c}\n"))
    assert project.run(*SECRETS).output == "Wrote 5 objects to all.yaml, including keys.\n"


def test_without_pulumi_it_says_what_it_needs(project: Project) -> None:
    project.declare()
    project.stack()
    assert "there is no `pulumi` command on PATH" in project.refused(*SECRETS)


# The text of the YAML


@pytest.mark.parametrize(
    "text",
    [
        *("on", "Yes", "n", "NULL", "~", "", " a", "a ", "1", "0o17", "017", "1e3", "12:30", "2024-01-01", ".5", "-"),
        *("a: b", "a #b", "a\nb", "\u2028", "\x1b", "é", "🙂", "=", "<<", "[a]", "a,b", "nan", "0x1f", "1_000"),
        *("*a", "&a", "!a", "%a"),
    ],
)
def test_text_that_another_reader_might_take_for_something_else_is_quoted(text: str) -> None:
    assert ': "' in yaml_of([{"text": text}])


@pytest.mark.parametrize("text", ["acme", "line-1", "spectrocloud.com/v1alpha1", "Computer vision", "a1.b2/c3"])
def test_plain_text_stays_plain(text: str) -> None:
    assert yaml_of([{"text": text}]) == f"---\ntext: {text}\n"
    assert quoted(text) == text


VALUES = st.text() | st.booleans() | st.none() | st.integers()


@given(st.recursive(VALUES, lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_a_reader_of_yaml_1_1_reads_what_was_written(value: Any) -> None:
    manifest = {"kind": "Test", "value": value}
    assert yaml.safe_load(yaml_of([manifest])) == manifest


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_a_reader_of_yaml_1_2_reads_what_was_written(text: str) -> None:
    manifest = {"kind": "Test", "value": text}
    assert document_from(yaml_of([manifest]).encode(), "test.yaml").value == manifest

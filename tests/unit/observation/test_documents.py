"""Files of manifests, read as kubectl reads them."""

from __future__ import annotations

import json

import pytest
from support.observations import WHOLE, manifest, project

from paletteai_components.diagnostics import StackFileError
from paletteai_components.observation.documents import documents_in, objects_in, objects_of, parts_of

TWO = """\
# The first document.
apiVersion: spectrocloud.com/v1alpha1
kind: Tenant
metadata:
  name: acme
spec:
  displayName: on
---
apiVersion: spectrocloud.com/v1alpha1
kind: Settings
metadata: {name: default, namespace: tenant-acme}
"""


def names(data: str | bytes) -> list[str]:
    return [each.reference for each in objects_in(data if isinstance(data, bytes) else data.encode(), "all.yaml")]


def test_every_document_of_a_file_is_an_object_with_its_lines() -> None:
    tenant, settings = objects_in(TWO.encode(), "all.yaml")
    assert str(tenant.location()) == "all.yaml:2"
    assert str(tenant.location("metadata", "name")) == "all.yaml:5"
    assert str(tenant.location("spec", "nothing")) == "all.yaml:6"
    assert str(settings.location("metadata", "name")) == "all.yaml:11"


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{TWO}",
        f"---   # a comment\n{TWO}---\n---\n",
        f"\ufeff{TWO}",
        TWO.replace("\n", "\r\n"),
        f"# Written by helm\n---\n# Source: x\n{TWO}\n...\n",
    ],
)
def test_separators_comments_and_line_ends_do_not_matter(text: str) -> None:
    assert names(text) == ["Tenant/acme", "Settings/tenant-acme/default"]


def test_dashes_inside_a_text_separate_nothing() -> None:
    assert names(TWO.replace("displayName: on", "description: |\n    ---\n    text")) == names(TWO)


def test_json_and_lists_of_every_kind_are_read() -> None:
    objects = [each | {} for each in WHOLE]
    expected = ["Tenant/acme", "Settings/tenant-acme/default", "Secret/tenant-acme/key", "Project/vision/vision"]
    everything = {"apiVersion": "v1", "kind": "List", "items": objects}
    assert names(json.dumps(everything)) == expected
    assert names(json.dumps(everything, indent=4)) == expected
    assert names("\n---\n".join(map(json.dumps, objects))) == expected
    assert names("".join(json.dumps(each) + "\n---\n" for each in objects)) == expected
    bare = {key: value for key, value in project().items() if key not in ("kind", "apiVersion")}
    of_projects = {"apiVersion": "spectrocloud.com/v1alpha1", "kind": "ProjectList", "items": [bare]}
    assert names(json.dumps(of_projects)) == ["Project/vision/vision"]


def test_an_object_in_a_list_has_its_own_line() -> None:
    text = json.dumps({"kind": "List", "items": [project("one"), project("two")]}, indent=1)
    _, second = objects_in(text.encode(), "all.json")
    line = text.split("\n").index('    "name": "two",') + 1
    assert str(second.location("metadata", "name")) == f"all.json:{line}"


@pytest.mark.parametrize(
    "kind",
    [
        "'Secret'",
        '"Secret"',
        '"Secr\\u0065t"',
        '"\\x53ecret"',
        '"Sec\\\n  ret"',
        "!!str Secret",
        "&kind Secret",
        "\n  Secret",
    ],
)
def test_a_kind_may_be_written_in_any_way(kind: str) -> None:
    assert names(f"kind: {kind}\nmetadata: {{name: x}}\n") == ["Secret/x"]


def test_a_group_may_be_written_in_any_way() -> None:
    text = 'apiVersion: "spectrocloud\\x2ecom\\/v1alpha1"\nkind: Tenant\nmetadata: {name: x}\n'
    assert [each.group for each in objects_in(text.encode(), "all.yaml")] == ["spectrocloud.com"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(StackFileError) as error:
        names(("\ufeff" if "-" in encoding[4:] else "").encode(encoding) + TWO.encode(encoding))
    assert "not UTF-8" in str(error.value)


def test_what_does_not_concern_paletteai_need_not_be_yaml() -> None:
    assert names(f"{{{{- if .Values.on }}}}\nkind: Deployment\n---\n{TWO}") == names(TWO)


@pytest.mark.parametrize("text", ["", "---\n", "# Secret\n", "Secret", "- Secret\n", "kind: Secret\n", "[1, Secret]"])
def test_what_is_no_object_is_passed_over(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{TWO}---\nkind: Secret\n\tdata: x\n", 14),
        (f"{TWO}---\nkind: Secret\ndata: {{\n", 15),
        ("kind: Secret\ndata: " + "[" * 200 + "]" * 200, 2),
        (TWO.encode() + b"---\nkind: Secret\ndata: \xff\n", 12),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_its_line(text: str | bytes, line: int) -> None:
    with pytest.raises(StackFileError) as error:
        names(text)
    assert line in [where.line for where in error.value.diagnostics[0].where]


def test_aliases_that_repeat_too_much_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 9)
    )
    with pytest.raises(StackFileError):
        names(f"kind: Secret\nmetadata: {{name: x}}\n{bomb}")


def test_the_reader_of_a_file_does_not_quote_it() -> None:
    with pytest.raises(StackFileError) as error:
        names("kind: Secret\ndata: 'se-cr-et-text\n")
    assert "se-cr-et" not in str(error.value)
    assert "se-cr-et" not in repr(error.value.__cause__) + repr(error.value.__context__)


def test_values_are_those_that_kubectl_would_send() -> None:
    (read,) = objects_in(json.dumps(manifest("Secret", "x", "y", data={"a": "1e3"})).encode(), "x.json")
    assert read.manifest["data"] == {"a": "1e3"}


@pytest.mark.parametrize("size", [1, 40, 200, 10_000])
@pytest.mark.parametrize("start", ["", "---\n", "\ufeff", "%YAML 1.1\n---\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_parts_of_a_file_have_its_objects_with_their_lines(size: int, start: str, end: str) -> None:
    text = start + "---\n".join([TWO, f"# {'x' * 50}\n", TWO.replace("acme", "b"), TWO + "...\n"])
    data = text.replace("\n", end).encode()
    parts = list(parts_of(data, size))
    assert b"".join(data[start:end] for start, end, _ in parts) == data
    found = [each for at, to, above in parts for each in documents_in(data[at:to], "all.yaml", above)]
    read, whole = list(objects_of(found, "all.yaml")), list(objects_in(data, "all.yaml"))
    assert read == whole
    assert len(whole) == 6
    assert [str(each.location("metadata", "name")) for each in read] == [
        str(each.location("metadata", "name")) for each in whole
    ]


def test_json_is_not_divided() -> None:
    data = json.dumps({"kind": "List", "items": [project("a"), project("b")]}, indent=1).encode()
    assert list(parts_of(data, 10)) == [(0, len(data), 0)]

"""Names: what Kubernetes accepts, by its own documentation, and the default names, which are an interface."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paletteai_components import naming

# The patterns as the API server's error messages give them.
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
QUALIFIED_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")

anything = st.text(max_size=70)
nearly = st.text(alphabet="ab0-._/A \n", max_size=70)
long = st.builds(lambda text, times: text * times, st.sampled_from(["a", "a-", "a.", "ab0"]), st.integers(18, 130))
dotted = st.text(alphabet="ab-.", max_size=8)
texts = st.one_of(anything, nearly, dotted, long)


@given(texts)
def test_a_label_a_subdomain_and_a_label_value_are_what_kubernetes_calls_them(text: str) -> None:
    assert (naming.label_problem(text) is None) == bool(DNS_LABEL.fullmatch(text) and len(text) <= 63)
    assert (naming.subdomain_problem(text) is None) == bool(DNS_SUBDOMAIN.fullmatch(text) and len(text) <= 253)
    assert (naming.label_value_problem(text) is None) == bool(LABEL_VALUE.fullmatch(text) and len(text) <= 63)


@given(st.one_of(texts, st.builds("{}/{}".format, texts, texts)))
def test_a_qualified_key_is_what_kubernetes_calls_one(text: str) -> None:
    *prefix, name = text.split("/")
    valid = bool(QUALIFIED_NAME.fullmatch(name)) and len(name) <= 63
    if prefix:
        valid = valid and len(prefix) == 1 and bool(DNS_SUBDOMAIN.fullmatch(prefix[0])) and len(prefix[0]) <= 253
    assert (naming.label_key_problem(text) is None) == valid


@pytest.mark.parametrize("key", ["Example.com/team", "EXAMPLE/team"])
def test_the_prefix_of_an_annotation_may_have_upper_case_letters(key: str) -> None:
    assert naming.annotation_key_problem(key) is None
    assert naming.label_key_problem(key) == "has a prefix that is not a DNS name"


@given(texts)
def test_a_display_name_is_letters_digits_and_spaces_between_them(text: str) -> None:
    plain = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    valid = bool(text) and set(text) <= plain | {" "} and text[0] in plain and text[-1] in plain
    assert (naming.display_name_problem(text) is None) == valid


@given(texts)
def test_what_is_wrong_is_said_without_the_name(text: str) -> None:
    checks = (naming.label_problem, naming.subdomain_problem, naming.display_name_problem, naming.label_key_problem)
    for said in (check(text) for check in checks):
        assert said is None or said.startswith(("is ", "has "))
        assert said is None or len(text) < 16 or text not in said


def test_a_label_has_1_to_63_characters_and_a_subdomain_up_to_253() -> None:
    for problem, most in ((naming.label_problem, 63), (naming.subdomain_problem, 253)):
        assert problem("") == "is empty"
        assert problem("a") is problem("a" * most) is None
        assert problem("a" * (most + 1)) == f"has {most + 1} characters, {most} are allowed"


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b", ".a", "a.", "-a", "a-", "a_b", "A"])
def test_every_part_of_a_subdomain_is_a_label(name: str) -> None:
    assert naming.subdomain_problem(name)


@pytest.mark.parametrize("text", ["a\n", "é", "\uff41", "٣", "a\u200bb", "a\x00"])
def test_only_ascii_makes_a_name(text: str) -> None:
    assert naming.label_problem(text)
    assert naming.subdomain_problem(text)
    assert naming.display_name_problem(text)
    assert naming.label_value_problem(text)
    assert naming.label_key_problem(text)


@pytest.mark.parametrize("name", ["mural-system", "kube-system", "kube-public", "kube-"])
def test_namespaces_of_kubernetes_and_paletteai_are_reserved(name: str) -> None:
    assert naming.is_reserved(name)


@pytest.mark.parametrize("name", ["default", "mural", "mural-system-2", "kube", "kubernetes", "my-kube-system", ""])
def test_names_that_only_look_like_them_are_free(name: str) -> None:
    assert not naming.is_reserved(name)


def test_the_default_names_are_an_interface() -> None:
    assert naming.tenant_namespace("acme") == "tenant-acme"
    assert naming.secret_name("edge") == "edge-palette"
    assert naming.DEFAULT_SETTINGS == "default"


@pytest.mark.parametrize(
    ("name", "known", "question"),
    [
        ("visoin", ["vision", "lab"], "Did you mean `vision`?"),
        ("line-9", ["line-1", "line-2"], "Did you mean `line-1` or `line-2`?"),
        ("line-9", ["line-1", "line-1", "lines"], "Did you mean `line-1`?"),
        ("line-9", [f"line-{at}" for at in range(1, 5)], ""),
        ("vision", ["lab"], ""),
        ("vision", [], ""),
    ],
)
def test_all_that_are_equally_near_are_asked_for_if_they_are_few(name: str, known: list[str], question: str) -> None:
    assert naming.did_you_mean(name, known) == question
    only = re.findall("`(.*?)`", question)
    assert naming.nearest(name, known) == (only[0] if len(only) == 1 else None)


@given(st.text("ab-1", max_size=8), st.text("ab-1", max_size=8))
def test_whether_two_names_differ_by_a_slip_does_not_depend_on_their_order(one: str, other: str) -> None:
    if one != other:
        assert bool(list(naming.slips([one, other]))) == bool(list(naming.slips([other, one])))


def test_slips_among_many_names_are_found_in_time() -> None:
    names = [f"plant-{at}" for at in range(5_000)]
    assert list(naming.slips([*names, "palnt-7"])) == [("plant-7", "palnt-7")]

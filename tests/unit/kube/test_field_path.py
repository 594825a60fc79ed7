"""Field paths: what is written at one is read there, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paletteai_components.kube.field_path import FieldPath, FieldPathError, Selector, Step, merge, parsed

NAMES = st.sampled_from(["a", "b", "c", "secretRef"])
ELEMENTS = st.builds(Selector, st.just("type"), st.sampled_from(["x", "y", "z.io/v1"]))
# Each step is a name, or a name and the element of that list.
STEPS = st.one_of(st.tuples(NAMES), st.tuples(NAMES, ELEMENTS))
PATHS = st.tuples(st.lists(STEPS, max_size=3), NAMES).map(
    lambda drawn: FieldPath((*(step for steps in drawn[0] for step in steps), drawn[1]))
)
# Objects with lists of elements that have a type, and with whatever else may be where a path leads.
OBJECTS = st.recursive(
    st.one_of(st.none(), st.integers(), st.just("x")),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3),
        st.lists(
            st.one_of(
                st.builds(lambda kind, fields: {"type": kind, **fields}, ELEMENTS.map(lambda each: each.value),
                          st.dictionaries(NAMES, inner, max_size=2)),
                inner,
            ),
            max_size=3,
        ),
    ),
    max_leaves=12,
)  # fmt: skip
HOLDERS = st.dictionaries(NAMES, OBJECTS, max_size=3)
DEEP = parsed("spec.integrations[type=palette].secretRef.name")


# Text


@given(PATHS)
def test_a_path_is_parsed_from_the_text_that_it_prints(path: FieldPath) -> None:
    assert parsed(str(path)) == path


@given(st.text("ab.[]=, 'é", max_size=20))
@example("spec.a[b=c.d].e")
def test_a_text_prints_as_it_was_written_or_is_refused_without_being_repeated(text: str) -> None:
    try:
        said = str(parsed(text))
    except FieldPathError as fault:
        said = str(fault)
    assert said in {text, *(fault for _, fault in FAULTS)}


def test_steps_are_names_and_selectors() -> None:
    assert DEEP.steps == ("spec", "integrations", Selector("type", "palette"), "secretRef", "name")
    assert parsed("spec.a[kind=x.y/v1].b").steps == ("spec", "a", Selector("kind", "x.y/v1"), "b")


def test_a_name_with_a_dot_or_a_slash_is_printed_in_brackets() -> None:
    assert str(FieldPath(("metadata", "labels", "palette.ai/tenant"))) == "metadata.labels[palette.ai/tenant]"
    assert str(FieldPath(("metadata", "labels", "a/b"))) == "metadata.labels[a/b]"


FAULTS = [
    ("", "has an empty name"),
    ("spec..a", "has an empty name"),
    ("spec.a.", "has an empty name"),
    ("spec.a[type=x.b", "has a bracket without its counterpart"),
    ("spec.a]type=x.b", "has a bracket without its counterpart"),
    ("spec.a[b[c=d]=e].f", "has a bracket without its counterpart"),
    ("[type=x].a", "selects an element without the name of its list"),
    ("spec.[type=x].a", "selects an element without the name of its list"),
    ("spec.a[type=x,kind=y].b", "selects an element by two keys"),
    ("spec.a[type=x][kind=y].b", "selects an element by two keys"),
    ("spec.a[0].b", "selects an element by something else than `[KEY=VALUE]`"),
    ("spec.a[].b", "selects an element by something else than `[KEY=VALUE]`"),
    ("spec.a[=x].b", "has a selector without a key or a value"),
    ("spec.a[type=].b", "has a selector without a key or a value"),
    ("spec.a[type=x]b", "has no dot after a bracket"),
    ("spec.a[type=x]", "ends with an element, not with one of its fields"),
    ("spec.a[type=x].type", "leads to the field by which its element is selected"),
    ("spec.a b", "has a space, a quote or another character that is in no name"),
    ('spec.a[type="x"].b', "has a space, a quote or another character that is in no name"),
    ("spec." + "a" * 250, "is longer than 253 characters"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS)
def test_what_is_no_path_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(FieldPathError) as raised:
        parsed(text)
    assert str(raised.value) == said


def test_a_key_that_was_pasted_into_a_path_is_not_printed() -> None:
    key = "q9Zkj38sPPw1fakekey77"
    for path in (FieldPath(("spec", key)), parsed(f"spec.a[type={key}].b"), parsed(f"spec.a[{key}=x].b")):
        assert key in str(path)
        assert key not in path.redacted
    assert DEEP.redacted == str(DEEP)


# Reading and writing


@given(HOLDERS, PATHS, st.integers())
def test_what_is_written_is_read(holder: dict[str, Any], path: FieldPath, value: int) -> None:
    path.write(holder, value)
    assert path.is_in(holder)
    assert path.read(holder) == value


def fields_in(value: Any, steps: tuple[Step, ...] = ()) -> Iterator[FieldPath]:
    """The path of every field of an object, also in elements that have a type."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield FieldPath((*steps, name))
        yield from fields_in(inner, (*steps, name))
        elements = [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []
        # Of several elements of a type, the first one is selected.
        for kind, element in {each["type"]: each for each in reversed(elements) if "type" in each}.items():
            yield from fields_in(element, (*steps, name, Selector("type", kind)))


@given(HOLDERS)
def test_writing_what_is_there_changes_nothing(holder: dict[str, Any]) -> None:
    before = deepcopy(holder)
    for path in fields_in(before):
        assert path.is_in(holder)
        path.write(holder, path.read(holder))
    assert holder == before


@given(HOLDERS, PATHS)
def test_writing_changes_no_value_that_does_not_overlap(holder: dict[str, Any], path: FieldPath) -> None:
    before = deepcopy(holder)
    path.write(holder, object())
    for other in fields_in(before):
        if not path.overlaps(other):
            assert other.read(holder) == other.read(before)


@given(HOLDERS, PATHS)
def test_elements_keep_their_order_and_a_new_one_is_the_last(holder: dict[str, Any], path: FieldPath) -> None:
    before = deepcopy(holder)
    path.write(holder, object())
    for other in fields_in(before):
        former, now = other.read(before), other.read(holder)
        if isinstance(former, list) and isinstance(now, list):
            assert [kind_of(each) for each in now[: len(former)]] == [kind_of(each) for each in former]


def kind_of(element: Any) -> Any:
    return element.get("type") if isinstance(element, dict) else element


def test_an_element_is_added_to_the_others_where_it_is_missing() -> None:
    others = [{"type": "nvidia", "secretRef": {"name": "n"}}, "x", {"kind": "palette"}]
    holder: dict[str, Any] = {"spec": {"integrations": deepcopy(others)}}
    DEEP.write(holder, "p")
    assert holder == {"spec": {"integrations": [*others, {"type": "palette", "secretRef": {"name": "p"}}]}}
    DEEP.write(holder, "q")
    assert holder == {"spec": {"integrations": [*others, {"type": "palette", "secretRef": {"name": "q"}}]}}


def test_a_path_that_leads_nowhere_reads_the_default() -> None:
    holders: list[Any] = [{}, {"spec": None}, {"spec": {"integrations": {"type": "palette"}}}, [], None]
    for holder in holders:
        assert not DEEP.is_in(holder)
        assert DEEP.read(holder, "default") == "default"
    assert FieldPath(("a",)).is_in({"a": None})


@given(HOLDERS, PATHS)
def test_what_is_removed_is_gone(holder: dict[str, Any], path: FieldPath) -> None:
    names = [step for step in path.steps if isinstance(step, str)]
    flat = FieldPath(tuple(names))
    before = deepcopy(holder)
    flat.remove(holder)
    assert not flat.is_in(holder)
    if not flat.is_in(before):
        assert holder == before


def test_mappings_that_are_empty_without_a_field_are_removed_and_others_stay() -> None:
    holder: dict[str, Any] = {"spec": {"a": {"b": {"c": 1}}, "d": {}}}
    FieldPath(("spec", "a", "b", "c")).remove(holder)
    assert holder == {"spec": {"d": {}}}
    FieldPath(("spec", "d")).remove(holder)
    assert holder == {}


# Overlaps


@given(PATHS, PATHS)
def test_two_paths_overlap_where_one_value_is_lost_when_both_are_written(one: FieldPath, other: FieldPath) -> None:
    holder: dict[str, Any] = {}
    one.write(holder, 1)
    other.write(holder, 2)
    assert one.overlaps(other) == (one.read(holder) != 1)
    assert other.overlaps(one) == one.overlaps(other)


@pytest.mark.parametrize(
    ("other", "overlaps", "disputed"),
    [
        ("spec.integrations[type=palette].secretRef.name", True, None),
        ("spec.integrations[type=palette].secretRef", True, None),
        ("spec.integrations", True, None),
        ("spec.integrations[type=palette].region", False, None),
        ("spec.integrations[type=nvidia].secretRef.name", False, None),
        # An element may have both.
        ("spec.integrations[name=main].secretRef.name", True, None),
        ("spec.integrations.nvidia.secretRef.name", True, "spec.integrations"),
        ("spec.nvidia", False, None),
    ],
)
def test_elements_of_one_list_do_not_overlap_and_a_list_is_no_mapping(
    other: str, overlaps: bool, disputed: str | None
) -> None:
    assert DEEP.overlaps(parsed(other)) is overlaps
    for place in (DEEP.disputed_list(parsed(other)), parsed(other).disputed_list(DEEP)):
        assert (str(place) if place else None) == disputed


# Merging

SPEC = FieldPath(("spec",))


@pytest.mark.parametrize(
    ("extra", "merged"),
    [
        ({"a": 1}, {"integrations": [{"type": "palette", "secretRef": {"name": "p"}}], "a": 1}),
        (
            {"integrations": [{"type": "palette", "region": "eu"}, {"type": "other"}]},
            {"integrations": [{"type": "palette", "secretRef": {"name": "p"}, "region": "eu"}, {"type": "other"}]},
        ),
        (
            {"integrations": ({"type": "other"}, {"type": "palette", "secretRef": {"key": "k"}})},
            {"integrations": [{"type": "palette", "secretRef": {"name": "p", "key": "k"}}, {"type": "other"}]},
        ),
        # The API server shall see what is wrong.
        (
            {"integrations": [{"type": "other"}, {"type": "other"}, {}, 1, {"type": ["palette"]}]},
            {
                "integrations": [
                    {"type": "palette", "secretRef": {"name": "p"}},
                    {"type": "other"},
                    {"type": "other"},
                    {},
                    1,
                    {"type": ["palette"]},
                ]
            },
        ),
    ],
)
def test_elements_are_merged_with_those_that_have_the_same_key(extra: dict[str, Any], merged: dict[str, Any]) -> None:
    given_extra = deepcopy(extra)
    holder: dict[str, Any] = {"integrations": [{"type": "palette", "secretRef": {"name": "p"}}]}
    merge(holder, extra, DEEP.lists, SPEC)
    assert holder == merged
    assert extra == given_extra


def test_a_list_that_no_path_leads_through_replaces_the_former() -> None:
    holder = {"zones": [{"type": "a"}]}
    merge(holder, {"zones": [{"type": "b"}]}, DEEP.lists, SPEC)
    assert holder == {"zones": [{"type": "b"}]}


def test_a_list_in_an_element_is_merged_too() -> None:
    inner = parsed("spec.a[type=x].b[name=y].c")
    holder: dict[str, Any] = {}
    inner.write(holder, 1)
    merge(holder["spec"], {"a": [{"type": "x", "b": [{"name": "y", "d": 2}]}]}, inner.lists, SPEC)
    assert holder == {"spec": {"a": [{"type": "x", "b": [{"name": "y", "c": 1, "d": 2}]}]}}

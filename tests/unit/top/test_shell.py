"""Commands in messages: whatever a name holds, a shell passes on exactly that name."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pasting import passed, segments

from paletteai_components.diagnostics import escaped
from paletteai_components.redaction import named
from paletteai_components.shell import command, folder_of, key_path, known, set_key, word

ODD = [
    "palette.corp.example",
    "it's",
    'the "big" one',
    "two  words ",
    "a[0]",
    '["x"]',
    "$HOME",
    "$(id)",
    "`id`",
    "a\\",
    'a\\"b',
    "a\\'b",
    "-x",
    "--stack",
    "~",
    "*",
    "!!",
    "a#b ##[x]",
    "::set-output::x",
    "Größe",
    "Gro\u0308ße",
    "名前",
    "a\u202eb\u200bc",
    "\x1b[31mred",
    "a\nb\tc",
    "a;b|c&d>e<f",
    "{a,b}",
    "=x",
    "",
]
NAMES = st.one_of(
    st.sampled_from(ODD),
    st.text(st.sampled_from("ab.-_ '\"[]$`\\#:~{}()!é\u0301\u200b\n\x1b"), max_size=12),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(NAMES, NAMES), min_size=4, max_size=8))
def test_a_shell_passes_on_what_was_meant(tmp_path: Path, names: list[tuple[str, str]]) -> None:
    printed = [command("paletteai check", first, stacks=second) for first, second in names]
    assert all(escaped(line) == line and "`" not in line for line in printed)
    for (first, second), (program, subcommand, *rest) in zip(names, passed(printed, tmp_path), strict=True):
        assert (program, subcommand) == ("paletteai", "check")
        option = [f"--stacks={second}"] if second.startswith("-") else ["--stacks", second]
        assert rest == [*option, *(["--"] if first.startswith("-") else []), first]


def test_every_odd_name_is_passed_on(tmp_path: Path) -> None:
    printed = [command("pulumi stack init", name) for name in ODD]
    assert [call[-1] for call in passed(printed, tmp_path)] == ODD


def test_the_key_of_an_odd_integration_is_set_where_it_is_declared(tmp_path: Path) -> None:
    names = [name for name in ODD if named(name) == name and key_path(name)]
    assert len(names) >= 8
    calls = passed([set_key(name, "-acme.dev", Path("it's here")) for name in names], tmp_path)
    for name, call in zip(names, calls, strict=True):
        flags = ["--secret", "--path", "--cwd", "it's here", "--stack=-acme.dev"]
        assert call[:-1] == ["pulumi", "config", "set", *flags]
        assert segments(call[-1]) == ["paletteai:integrations", name, "apiKey"]


@given(NAMES)
def test_a_path_leads_to_the_integration_or_there_is_none(name: str) -> None:
    path = key_path(name)
    if path is None:
        assert name == "" or name.endswith("\\")
    else:
        assert segments(path) == ["paletteai:integrations", name, "apiKey"]


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("root.nested", ["root", "nested"]),
        ('root["key with \\"escaped\\" quotes"].x', ["root", 'key with "escaped" quotes', "x"]),
        ('root["key with a ."]', ["root", "key with a ."]),
        ("root.array[0][1].nested", ["root", "array", 0, 1, "nested"]),
        ('root["a\\b"]', ["root", "a\\b"]),
        ("a-b.c d", ["a-b", "c d"]),
    ],
)
def test_paths_are_read_as_pulumi_reads_them(path: str, read: list[str | int]) -> None:
    assert segments(path) == read


@pytest.mark.parametrize("path", ['a["b\\"].c', 'a["b', "a.", "a..b", "a[b]", 'a.["b"]', ".a"])
def test_paths_that_pulumi_refuses_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"name|index"):
        segments(path)


def test_a_plain_name_stands_without_quotes() -> None:
    assert set_key("shared", "acme.dev") == (
        "pulumi config set --secret --path --stack acme.dev paletteai:integrations.shared.apiKey"
    )
    assert set_key("palette.corp.example", "acme.dev") == (
        "pulumi config set --secret --path --stack acme.dev 'paletteai:integrations[\"palette.corp.example\"].apiKey'"
    )


@pytest.mark.parametrize("name", ["`id`", "$(id)", "hf_" + "aB3" * 10, "ends.in\\"])
def test_a_name_that_is_not_shown_is_a_placeholder(name: str) -> None:
    assert set_key(name, "acme.dev").endswith(" paletteai:integrations.INTEGRATION.apiKey")


def test_a_known_name_is_itself_and_any_other_a_placeholder() -> None:
    assert known("vision", "NAMESPACE") == "vision"
    assert known("a;b", "NAMESPACE") == "NAMESPACE"


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("stacks/Pulumi.acme.dev.yaml", None),
        ("../infra/stacks/Pulumi.acme.dev.yaml", Path("../infra/stacks")),
        ("Pulumi.acme.dev.yaml", Path()),
        ("", None),
    ],
)
def test_a_folder_is_named_unless_it_is_the_default(file: str, folder: Path | None) -> None:
    assert folder_of(file) == folder


def test_an_undecodable_path_is_passed_on_byte_by_byte(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff")
    done = subprocess.run(["bash", "-c", f"printf %s {word(name)}"], capture_output=True, check=True)
    assert done.stdout == b"a\xff"
    assert re.fullmatch(r"\$'a\\xff'", word(name))

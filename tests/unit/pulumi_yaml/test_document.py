"""A YAML file as Pulumi reads it, held equal to the real CLI, where there is one, and to its recorded readings.

The readings are recorded anew by running this file where `pulumi` is on PATH.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.checkout import ROOT, TESTS

from paletteai_components.diagnostics import StackFileError
from paletteai_components.pulumi_yaml import document
from paletteai_components.pulumi_yaml.document import Document, document_from

RECORDED = TESTS / "recorded" / "config_readings.json"
# Each has a name, the text of a stack file, and what the program received: `program`, or `error` where Pulumi
# refused the file. `refused` marks what we refuse although Pulumi reads it, as it would not read what is written.
READINGS: list[dict[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
KEY = "paletteai:probe"
CANARY = "Kanarienvogel"
PARSERS = {"C": document._LOADER, "Python": yaml.BaseLoader}


def read(text: str | bytes) -> Document:
    return document_from(text.encode() if isinstance(text, str) else text, "Pulumi.acme.dev.yaml")


def value_of(scalar: str) -> Any:
    return read(f"a: [{scalar}]\n").value["a"][0]


def refusal(text: str | bytes) -> StackFileError:
    with pytest.raises(StackFileError) as refused:
        read(text)
    assert all(diagnostic.code == "PAI012" and diagnostic.help for diagnostic in refused.value.diagnostics)
    return refused.value


def refusal_if_any(text: str | bytes) -> StackFileError | None:
    try:
        read(text)
    except StackFileError as refused:
        return refused
    return None


def lines_of(text: str | bytes) -> list[list[int | None]]:
    return [[location.line for location in diagnostic.where] for diagnostic in refusal(text).diagnostics]


def as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


# --- The readings of the real CLI -------------------------------------------------------------------------------


def readings(*, refused: bool) -> pytest.MarkDecorator:
    wanted = (reading for reading in READINGS if ("error" in reading or "refused" in reading) is refused)
    return pytest.mark.parametrize("reading", [pytest.param(reading, id=reading["name"]) for reading in wanted])


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_LOADER", PARSERS[request.param])


@readings(refused=False)
def test_a_file_is_read_as_the_program_received_it(reading: dict[str, Any]) -> None:
    value = read(reading["yaml"]).value["config"][KEY]

    assert as_json(json.loads(json.dumps(value))) == as_json(reading["program"])


@readings(refused=False)
def test_without_the_c_parser_a_file_is_read_alike_or_refused(
    reading: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LOADER", yaml.BaseLoader)

    # Only this one refuses tabs before a bracket.
    if "tabs" not in reading["name"] or not refusal_if_any(reading["yaml"]):
        assert as_json(read(reading["yaml"]).value["config"][KEY]) == as_json(reading["program"])


@readings(refused=True)
def test_a_file_is_refused_that_pulumi_refuses_or_would_not_read_as_it_is_written(reading: dict[str, Any]) -> None:
    assert ("program" in reading) is reading.get("refused", False)
    refusal(reading["yaml"])


class Cli:
    """The Pulumi CLI with a home and a backend of its own, and a program that writes down what it receives."""

    PROGRAM = """
import json, pathlib, pulumi
config = pulumi.Config("paletteai")
keys = pathlib.Path("keys.json")
received = {key: config.get(key) for key in json.loads(keys.read_text())}
pathlib.Path("received.json").write_text(json.dumps(received))
"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir()
        self.environment = os.environ | {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "probe",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "TZ": "UTC",
        }
        first = self.project("first", [])
        self.run(first, "stack", "init", "dev")
        # With a salt in it Pulumi has no reason to write the file, and so to change it, before the program runs.
        self.salt = (first / "Pulumi.dev.yaml").read_text()

    def project(self, name: str, keys: Iterable[str]) -> Path:
        project = self.folder / name
        project.mkdir()
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        (project / "Pulumi.yaml").write_text(json.dumps({"name": "probe", "runtime": runtime}))
        (project / "__main__.py").write_text(self.PROGRAM)
        (project / "keys.json").write_text(json.dumps(list(keys)))
        return project

    def run(self, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def received(self, name: str, text: str, keys: Iterable[str] = ("probe",)) -> dict[str, Any] | None:
        """What the program receives under the keys, or None where the CLI refuses the file."""
        project = self.project(name, keys)
        salted = self.salt + text if text.startswith("config:") else text
        (project / "Pulumi.dev.yaml").write_bytes(salted.encode())
        done = self.run(project, "preview", "--stack", "dev")
        received = project / "received.json"
        if done.returncode and not received.exists():
            assert "YAML" in done.stderr or "yaml" in done.stderr or "expected" in done.stderr, done.stderr
            return None
        return {key: json.loads(text) for key, text in json.loads(received.read_text()).items()}


def recorded_anew(cli: Cli) -> list[dict[str, Any]]:
    """Every reading, each of its file alone."""

    def one(numbered: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        number, reading = numbered
        kept = {key: reading[key] for key in ("name", "yaml", "refused") if key in reading}
        received = cli.received(f"alone{number}", reading["yaml"])
        return kept | ({"error": True} if received is None else {"program": received["probe"]})

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, enumerate(READINGS)))


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs pulumi on PATH")
def test_the_recorded_readings_are_those_of_the_real_cli(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    start = f"config:\n  {KEY}:"
    joined: dict[str, dict[str, Any]] = {}
    alone: dict[str, dict[str, Any]] = {}
    for number, reading in enumerate(READINGS):
        text = reading["yaml"]
        inner = text.removeprefix(start).split("\n")[1:]
        fits = text.startswith(start) and all(not line or line.startswith("    ") for line in inner)
        (joined if fits and "program" in reading else alone)[f"probe{number}"] = reading
    together = "".join(r["yaml"].replace(start, f"  paletteai:{key}:") for key, r in joined.items())

    received = cli.received("joined", f"config:\n{together}", joined)
    with ThreadPoolExecutor(4) as pool:
        others = pool.map(lambda key: cli.received(key, alone[key]["yaml"]), alone)

    assert received is not None
    assert {key: as_json(received[key]) for key in joined} == {
        key: as_json(reading["program"]) for key, reading in joined.items()
    }
    expected = [as_json({"probe": r["program"]} if "program" in r else None) for r in alone.values()]
    assert [as_json(other) for other in others] == expected


# --- Values -----------------------------------------------------------------------------------------------------


def test_a_value_repeated_by_an_alias_is_another_object() -> None:
    value = read("a: &x {b: [1]}\nc: *x\n").value

    value["c"]["b"].append(2)

    assert value["a"] == {"b": [1]}


def test_very_long_digits_are_read_like_other_numbers() -> None:
    assert value_of("9" * 5000) == "9" * 5000
    assert value_of("0." + "3" * 5000) == 1 / 3


# --- Lines and sources ------------------------------------------------------------------------------------------

PLACES = """\
# comment
config:
  base: &base
    kept: 1
    changed: 2
  probe:
    <<: *base
    changed: 'three'
    list:
      - one
      -
        two: 651234567890123456789012
      - *base
    again: *base
  empty:
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("config",), 2),
        (("config", "base", "changed"), 5),
        (("config", "probe", "changed"), 8),
        (("config", "probe", "kept"), 4),
        (("config", "probe", "list"), 9),
        (("config", "probe", "list", 0), 10),
        (("config", "probe", "list", 1), 12),
        (("config", "probe", "list", 1, "two"), 12),
        (("config", "probe", "list", 2), 13),
        (("config", "probe", "list", 2, "kept"), 4),
        (("config", "probe", "again"), 14),
        (("config", "empty"), 15),
        # Nothing is there, so it is the nearest ancestor's.
        (("config", "probe", "list", 3), 9),
        (("config", "probe", "list", -1), 9),
        (("config", "probe", "list", "one"), 9),
        (("config", "probe", "list", 0, "one"), 10),
        (("config", "probe", "missing", "deeper"), 6),
        (("config", "probe", 0), 6),
        (("config", "empty", "missing"), 15),
        (("missing",), 2),
    ],
)
@pytest.mark.usefixtures("parser")
def test_every_value_has_a_line(path: document.Path, line: int) -> None:
    assert read(PLACES).line(path) == line


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (("config", "probe", "list", 1, "two"), "651234567890123456789012"),
        (("config", "probe", "kept"), "1"),
        (("config", "probe", "changed"), None),
        (("config", "probe", "list"), None),
        (("config", "probe", "kept", "deeper"), None),
        (("config", "missing"), None),
        (("config", "empty"), ""),
        ((), None),
    ],
)
def test_only_a_scalar_without_quotes_has_a_source(path: document.Path, source: str | None) -> None:
    assert read(PLACES).source(path) == source


def test_a_file_is_read_once_more_however_many_lines_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    once, loaders = document._LOADER, []

    def counted(data: bytes) -> Any:
        loaders.append(data)
        return once(data)

    monkeypatch.setattr(document, "_LOADER", counted)
    file = read("a: 1\nb: 2\n")
    assert len(loaders) == 1
    assert [file.line(("a",)), file.line(("b",)), file.source(("b",))] == [1, 2, "2"]
    assert len(loaders) == 2


def test_a_document_shows_its_file_and_value_only() -> None:
    assert repr(read("a: 1\n")) == "Document(file='Pulumi.acme.dev.yaml', value={'a': 1})"
    assert read("a: 1\n") == read("\na: 1\n")


# --- Refusals ---------------------------------------------------------------------------------------------------

DUPLICATES = """\
a: 1
b: {c: 1, c: 2}
a: 2
d:
  e:
    - f: 1
      f: 2
a: 3
"""


@pytest.mark.parametrize(
    ("text", "lines", "said"),
    [
        pytest.param(b"a: 1\nb: \xff\n", [[2]], "not UTF-8", id="not UTF-8"),
        pytest.param("a: 1\n".encode("utf-16"), [[1]], "not UTF-8", id="UTF-16"),
        pytest.param("", [[1]], "empty", id="nothing"),
        pytest.param("# a\n\n# b\n", [[1]], "empty", id="comments"),
        pytest.param("~\n", [[1]], "empty", id="null"),
        pytest.param("\n- a\n", [[2]], "not a mapping", id="a list"),
        pytest.param("a\n", [[1]], "not a mapping", id="a text"),
        pytest.param("a: 1\n---\nb: 1\n", [[2]], "a second document", id="two documents"),
        pytest.param("a: 1\n...\nb: 1\n", [[3]], "follows the end", id="text after the end"),
        pytest.param("a: 1\n%b\n", [[2]], "starts with `%`", id="a directive"),
        pytest.param("a: 1\nb: \x07\n", [[2]], "control character", id="a control character"),
        pytest.param('a: 1\nb: "\ufeff"\n', [[2]], "control character", id="a byte order mark inside"),
        pytest.param("a: 1\n\tb: 2\n", [[2, 1]], "a tab", id="a tab"),
        pytest.param("a:\n\tb: 2\n", [[2]], "indented with a tab", id="a tab first"),
        pytest.param("a:\n  b: 1\n  \tc: 2\n", [[3, 2]], "indented with a tab", id="a tab after spaces"),
        pytest.param("a: {b: 1}\n\tc: 2\n", [[2]], "indented with a tab", id="a tab after a value"),
        pytest.param("a:\n\t- b\n", [[2]], "indented with a tab", id="a tab before an item"),
        pytest.param("a: 1\nb: @c\n", [[2]], "reserved character", id="a reserved character"),
        pytest.param("a: 1\nb: c: d\n", [[2]], "a colon", id="a colon in a value"),
        pytest.param("a: [b:]\n", [[1]], "a colon", id="a colon before a bracket"),
        pytest.param("a: 1\nb\n", [[3, 2]], "no colon", id="no colon"),
        pytest.param("a:\n  b: 1\n c: 2\n", [[3, 1]], "not aligned", id="a line outdented"),
        pytest.param("a:\n  - 1\n  b: 2\n", [[3, 2]], "not aligned", id="a key among items"),
        pytest.param("a: [1,\nb: 2\n", [[1, 3]], "in brackets", id="an open bracket"),
        pytest.param("a: {b: 1\n", [[1, 2]], "in braces", id="an open brace"),
        pytest.param("a: 1\nb: 'c\n\n", [[2, 4]], "in quotes is not closed", id="an open quote"),
        pytest.param('a: "\\d"\n', [[1]], "unknown escape", id="an unknown escape"),
        pytest.param('a: "b"\nc: "\\/"\n', [[2]], "contains the escape", id="an escaped slash"),
        pytest.param("a: [b?c]\n", [[1]], "contains `?`", id="a question mark in brackets"),
        pytest.param("a: &é 1\n", [[1]], "not valid YAML", id="other syntax"),
        pytest.param("a: 1\nb: *c\n", [[2]], "before the anchor", id="an unknown alias"),
        pytest.param("a: &b\n  - *b\n", [[2]], "of itself", id="an anchor in itself"),
        pytest.param("a: 1\n2: b\n", [[2]], "not text", id="a number as a key"),
        pytest.param("2001-12-14: b\n", [[1]], "not text", id="a date as a key"),
        pytest.param("? [a]\n: b\n", [[1]], "not text", id="a list as a key"),
        pytest.param("a: {{ b }}\n", [[1]], "not text", id="a template"),
        pytest.param("a: .nan\nb: [-.inf]\n", [[1], [2]], "not finite", id="infinite numbers"),
        pytest.param("a: !b c\nd: !b [!!binary e]\n", [[1], [2]], "a tag (`!`)", id="tags"),
        pytest.param("a: !!int b\n", [[1]], "a tag (`!`)", id="a tag of another type"),
        pytest.param("a: !!seq {b: c}\n", [[1]], "a tag (`!`)", id="a tag of another kind"),
        pytest.param("a: {<<: 1}\n", [[1]], "other than mappings", id="a merge of a number"),
        pytest.param("'<<': {a: 1}\n", [[1]], "as text", id="a merge sign in quotes"),
        pytest.param('a: "\\tb\\nc"\n', [[1]], "starts with a tab", id="a tab before lines"),
        pytest.param(DUPLICATES, [[2, 2], [3, 1], [7, 6], [8, 1]], "repeated", id="repeated keys"),
    ],
)
def test_a_file_is_refused_with_its_lines(text: str | bytes, lines: list[list[int]], said: str) -> None:
    assert lines_of(text) == lines
    assert said in str(refusal(text))


def test_the_whole_file_is_judged_at_once() -> None:
    text = "a: 1\na: 2\n3: b\nc: .inf\nd: !e f\ng: {<<: ~}\n"

    assert lines_of(text) == [[2, 1], [3], [4], [5], [6]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a: 1\na: 2\n", True),
        ("x: {a: {a: 1, a: 2}}\n", True),
        ("x: {x: {x: {a: 1, a: 2}}}\n", False),
        ("'a b': 1\n'a b': 2\n", False),
        (f"a{'a' * 61}: 1\na{'a' * 61}: 2\n", False),
        ("ä: 1\nä: 2\n", False),
    ],
)
def test_a_repeated_key_is_named_where_it_is_a_word_near_the_top(text: str, shown: bool) -> None:
    assert ("the key `a` is" in str(refusal(text))) is shown
    assert ("a key is" in str(refusal(text))) is not shown


def test_a_problem_says_what_follows_and_what_mends_it() -> None:
    assert str(refusal("a: 1\nb: 2\na: 3\n")).splitlines() == [
        "Pulumi.acme.dev.yaml:3: error PAI012: the key `a` is repeated in one mapping, so Pulumi refuses the file.",
        "  also: Pulumi.acme.dev.yaml:1",
        "  help: Keep one of the two.",
    ]


WITH_CANARIES = [
    *(re.sub(r"\b[abp]\b", CANARY, reading["yaml"]) for reading in READINGS if "program" not in reading),
    *(f"{CANARY}: '{CANARY}\n{end}" for end in ("", "b: c\n", "\t")),
    *(f"a:\n  {CANARY}: {each}\n  {CANARY}" for each in ("1", "[", "{", '"', "&a *a", "!a b", "*a", "@", "\t", "\x01")),
    f"a: *{CANARY}\n",
    f"a: &{CANARY} [*{CANARY}]\n",
    f"a: !{CANARY} b\n",
    f"a: !{CANARY}!b c\n",
    f"%{CANARY} 1\n---\na: b\n",
    f"a: {{{CANARY}}}: {CANARY}\n",
    f"? {{{CANARY}: {CANARY}}}\n: {CANARY}\n",
    f"x: {{y: {{z: {{{CANARY}: 1, {CANARY}: 2}}}}}}\n",
    f"x{CANARY}=: 1\nx{CANARY}=: 2\n",
    f"{CANARY}\n",
    f"- {CANARY}\n",
    f"{CANARY}: {'[' * 101}\n",
    f"{CANARY}: 1\n---\n{CANARY}: 2\n",
    f"{CANARY}: \xff\n".encode("latin-1"),
    f'{CANARY}: "\\{CANARY}"\n',
    f"{CANARY}: |{CANARY}\n",
]


@pytest.mark.parametrize("text", WITH_CANARIES)
@pytest.mark.usefixtures("parser")
def test_no_problem_repeats_what_the_file_says(text: str | bytes) -> None:
    refused = refusal_if_any(text)

    if refused:
        assert CANARY not in str(refused).replace(f"the key `{CANARY}` is repeated", "")
        assert refused.__suppress_context__ or refused.__context__ is None


# --- Bounds -----------------------------------------------------------------------------------------------------


def test_a_file_of_more_than_16_mib_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_LOADER", None)

    assert "larger than 16 MiB" in str(refusal(b"#" * (16 * 1024 * 1024 + 1)))


def test_a_hundred_levels_are_read_and_one_more_is_not() -> None:
    read(f"a: {'[' * 99}{']' * 99}\n")

    assert "deeper than 100" in str(refusal(f"a: {'[' * 100}{']' * 100}\n"))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[\n", "[{a: "])
def test_ten_megabytes_of_nesting_are_refused_at_once(opening: str) -> None:
    text = opening * (10_000_000 // len(opening))
    started = time.perf_counter()

    assert "deeper than 100" in str(refusal(text))
    assert time.perf_counter() - started < 2


def test_aliases_cannot_nest_deeper_either() -> None:
    chain = "".join(f"k{level}: &k{level} [*k{level - 1}]\n" for level in range(1, 200))

    assert "deeper than 100" in str(refusal(f"k0: &k0 [1]\n{chain}"))


def test_aliases_of_aliases_do_not_multiply_without_end() -> None:
    nine = ["k0: &k0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"]
    nine += [f"k{level}: &k{level} [{', '.join([f'*k{level - 1}'] * 9)}]\n" for level in range(1, 50)]
    merges = [f"k{level}: &k{level} {{<<: [*k{level - 1}, *k{level - 1}]}}\n" for level in range(1, 90)]

    assert "aliases repeat so much" in str(refusal("".join(nine)))
    assert read(f"k0: &k0 {{a: 1}}\n{''.join(merges)}").value["k89"] == {"a": 1}


def test_there_is_a_bound_on_values_with_and_without_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_VALUES", 500)

    assert "more than 500 values" in str(refusal(f"a: [{'b, ' * 500}]\n"))
    assert "more than 500 values" in str(refusal(f"a: &a [{'b, ' * 300}]\nc: *a\n"))


def test_the_bounds_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [1, {b: c}]\nd: e\n"
    # The document, two keys, a list, a number, an object with a key and a text, and a text.
    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_VALUES", 9)
    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_DEPTH", 3)
    assert read(text).value == {"a": [1, {"b": "c"}], "d": "e"}

    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_DEPTH", 2)
    assert lines_of(text) == [[1]]

    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_VALUES", 8)
    monkeypatch.setattr("paletteai_components.pulumi_yaml.reading.MAX_DEPTH", 3)
    assert lines_of(text) == [[2]]


def test_problems_are_told_up_to_a_thousand() -> None:
    assert len(refusal("a: 1\n" * 100_000).diagnostics) == 1000


COST = """
import time, yaml
from paletteai_components.pulumi_yaml.document import document_from

loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
lines = "description: a text\\n    users: [alice@example.com]\\n    quota: {gpus: 8, memory: '64Gi'}\\n    shared: true"
data = ("a:\\n" + "".join(f"  team-{number}:\\n    {lines}\\n" for number in range(500))).encode()
assert document_from(data, "").value == yaml.load(data, Loader=loader)
costs = []
for _ in range(5):
    marks = [time.perf_counter()]
    for action in (lambda: document_from(data, ""), lambda: yaml.load(data, Loader=loader)):
        action()
        marks.append(time.perf_counter())
    costs.append((marks[1] - marks[0], marks[2] - marks[1]))
print(min(ours for ours, _ in costs) / min(theirs for _, theirs in costs))
"""


def test_reading_costs_at_most_a_third_more_than_pyyaml_alone() -> None:
    # In a process of its own, where nothing traces one of the two.
    done = subprocess.run([sys.executable, "-c", COST], cwd=ROOT, capture_output=True, text=True, check=True)

    assert float(done.stdout) < 1.3


# --- Properties -------------------------------------------------------------------------------------------------

YAMLISH = st.text(
    st.sampled_from("01289abcefxoTZ_-+.:,~#&*!|>'\"%@`?{}[]<= \n\t\\/\r\0é\x85\u2028\ufeff😀"), max_size=20
)
# What starts a text of several lines may get lost, a pair of surrogates is two characters to YAML, and a key has at
# most 1024 characters.
WORDS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=50).filter(
    lambda text: text[:1] not in ("\t", "\n", "\u2028", "\u2029") and text != "<<"
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(-(2.0**53), 2.0**53), WORDS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=10
)


@given(YAMLISH, st.sampled_from(["a: {}\n", "a: [{}]\n", "a:\n  - {}\n", "{}: a\n", "a: '{}'\n", "a: |\n  {}\n", "{}"]))
def test_any_text_is_read_or_refused(text: str, around: str) -> None:
    text = around.replace("{}", text)
    refused = refusal_if_any(text)

    if refused:
        assert all(location.line for diagnostic in refused.diagnostics for location in diagnostic.where)
    else:
        value = read(text).value
        assert json.loads(json.dumps(value)) == value


@given(VALUES, st.sampled_from([None, 2]))
def test_json_is_read_as_json(value: Any, indent: int | None) -> None:
    assert read(json.dumps({"a": value}, indent=indent)).value == {"a": value}


@given(st.integers(-(10**22), 10**22))
def test_an_integer_is_exact_within_64_signed_bits_and_rounded_outside(number: int) -> None:
    value = value_of(str(number))

    assert math.isclose(value, number, rel_tol=1e-15)
    assert (value == number) or not -(2**63) <= number < 2**63
    assert isinstance(value, int) == (abs(float(number)) < 1e21)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_value(number: float) -> None:
    assert float(value_of(repr(number))) == number


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        new = recorded_anew(Cli(Path(scratch)))
    RECORDED.write_text(json.dumps(new, indent=2) + "\n", encoding="utf-8")
    print(f"Recorded {len(new)} readings.")

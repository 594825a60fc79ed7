"""The editor puts fingerprints into a file as people write it, and every other byte stays.

The files are templates: `[[old|new]]` is what the editor has to replace, and a line that starts with `[[+]]` is one
that it has to add. So the files before and after are both known to the byte, without reading YAML.
"""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paletteai_components.errors import UserError
from paletteai_components.model.spec import FingerprintSpec
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks import editor
from paletteai_components.stacks.editor import with_fingerprints

# Their marks differ.
LOADERS = {"C": editor._LOADER, "Python": yaml.BaseLoader}


def fingerprint(name: str) -> FingerprintSpec:
    return FingerprintSpec(value=f"pai1:{name}", ciphertext="1e3", proof="0x2")


def flow(name: str, quote: str = "") -> str:
    return "{" + ", ".join(f'{quote}{key}{quote}: "{text}"' for key, text in fingerprint(name)) + "}"


def sides(template: str) -> tuple[str, str]:
    """The file before and after, with the line breaks that the template has."""
    lines = re.split(r"(?<=\n)", template)
    before, after = "", ""
    for line, following in pairwise([*lines, ""]):
        if line.startswith("[[+]]"):
            after += line.removeprefix("[[+]]")
            continue
        before += re.sub(r"\[\[(.*?)\|.*?\]\]", r"\1", line)
        after += re.sub(r"\[\[.*?\|(.*?)\]\]", r"\1", line)
        if following.startswith("[[+]]") and following == lines[-1] and not following.endswith("\n"):
            # The last line of a file that does not end with a line break: the first line says which one is used.
            before = before.removesuffix("\n").removesuffix("\r")
            break_ = "\r\n" if "\r\n" in template.splitlines(keepends=True)[0] else "\n"
            after = after.removesuffix("\n").removesuffix("\r") + break_
    return before, after


def edited(text: str, *names: str) -> str:
    data = text.encode()
    return with_fingerprints(data, document_from(data, "x"), {name: fingerprint(name) for name in names}).decode()


ONE = "config:\n  paletteai:integrations:\n    one:\n"
NEW = f"fingerprint: {flow('one')}"
ADDED = f"[[+]]      {NEW}\n"
KEY = "      apiKey: {secure: v1:x}\n"
REST = "  paletteai:tenant: { name: acme }\n"
STYLES = {
    "aligned columns": f"{ONE}      hostUrl:   https://a.example\n      apiKey:    {{ secure: v1:x }}\n{ADDED}"
    f"      tenant:    x   \n  paletteai:tenant:  {{ name:  acme }}\n",
    "wrapped lists": f"config:\n  a:list: [one,\n    two,   # why\n      three\n  ]\n{ONE[8:]}{KEY}{ADDED}{REST}",
    "sequences at the indentation of their key": f"{ONE}{KEY}{ADDED}  a:list:\n  - x\n  -   y\n",
    "markers of the document": f"---\n{ONE}{KEY}{ADDED}...\n# the end\n",
    "Windows' line breaks": f"{ONE}{KEY}{ADDED}{REST}".replace("\n", "\r\n"),
    "old Macs' line breaks": f"{ONE}{KEY}{REST}".replace("\n", "\r").replace("x}\r", f"x}}[[|\r      {NEW}]]\r"),
    "mixed line breaks": f"{ONE}{KEY[:-1]}\r\n{ADDED[:-1]}\r\n{REST}",
    "a byte order mark": f"\ufeff{ONE}{KEY}{ADDED}{REST}",
    "no last line break": f"{ONE}{KEY}{ADDED}"[:-1],
    "no last line break, Windows'": f"{ONE}{KEY}{ADDED}"[:-1].replace("\n", "\r\n"),
    "a comment without a last line break": f"{ONE}      apiKey: {{secure: v1:x}} # é 🙂\n{ADDED}"[:-1],
    "a tab after the value": f"{ONE}      apiKey: {{secure: v1:x}}\t\n{ADDED}{REST}",
    "spaces and a comment after the value": f"{ONE}      apiKey: {{secure: v1:x}}   # set by hand\n{ADDED}  # below\n",
    "comments around the key": f"{ONE}\n # é 🙂\n      # - a: 'b\n{KEY}{ADDED}\n# c\n\n      tenant: 'x' # d\n\n",
    "characters beyond 16 bits": f'# 🙂\nnote: "é🙂"\n{ONE}      tenant: 🙂\n{KEY}{ADDED}',
    "quoted keys": 'config:\n  "paletteai:integrations":\n    \'one\':\n      "apiKey": {"secure": "v1:x"}\n'
    f'[[+]]      "fingerprint": {flow("one", chr(34))}\n',
    "the key in a block": f"{ONE}      apiKey:\n        # why\n        secure: v1:x  # how\n{ADDED}      # below\n",
    "the key as literal text": f"{ONE}      apiKey:\n       secure: |-  # c\n        v1:x\n{ADDED}\n\n      # d\n",
    "the key as literal text with a line break": f"{ONE}      apiKey:\n       secure: |\n        v1:x\n{ADDED}{REST}",
    "the key as folded text": f"{ONE}      apiKey:\n       secure: >-\n        v1:x\n        y\n{ADDED}{REST}",
    "the key in quotes on two lines": f'{ONE}      apiKey: {{secure: "v1:\\\n        x"}}\n{ADDED}{REST}',
    "a complex key": f"{ONE}      ? apiKey\n      : secure: v1:x\n{ADDED}{REST}",
    "an anchored key": f"{ONE}      apiKey: &key {{secure: v1:x}}\n{ADDED}other: *key\n",
    "an aliased key": f"other: &key {{secure: v1:x}}\n{ONE}      apiKey: *key  # shared\n{ADDED}{REST}",
    "an alias below its key": f"other: &key {{secure: v1:x}}\n{ONE}      apiKey:\n        *key\n{ADDED}{REST}",
    "an anchor that is set twice": f"a: &a 1\nb: &a 2\n{ONE}      tenant: *a\n{KEY}{ADDED}",
    "a merged key": f"base: &base {{apiKey: {{secure: v1:x}}}}\n{ONE}      <<: *base\n      tenant: x # y\n{ADDED}",
    "only a merged key": f"base: &base {{apiKey: {{secure: v1:x}}}}\n{ONE}      <<: *base\n{ADDED}{REST}",
    "a key beside merged ones": f"base: &base {{tenant: x}}\n{ONE}      <<: [ *base ]\n{KEY}{ADDED}{REST}",
    "an integration in braces": "config: {paletteai:integrations: {one: { apiKey: {secure: v1:x }"
    f"[[|, {NEW}]] , tenant: x }}}}}}\n",
    "an integration in braces with an aliased key": "key: &key {secure: v1:x}\nconfig:\n  paletteai:integrations:\n"
    f"    one: {{apiKey: *key[[|, {NEW}]]}}\n",
    "an integration in braces with a merged key": "base: &base {apiKey: {secure: v1:x}}\nconfig:\n"
    f"  paletteai:integrations:\n    one: {{<<: *base[[|, {NEW}]]}}\n",
    "an integration in braces on several lines": "config:\n  paletteai:integrations:\n    one: {\n"
    f"      apiKey: {{secure: v1:x}}[[|, {NEW}]], # why\n      tenant: x,\n    }}\n",
    "JSON": '{"config": {"paletteai:integrations": {"one": {\n\t"apiKey": {"secure": "v1:x"}'
    f'[[|, "fingerprint": {flow("one", chr(34))}]]\n}}}}}}}}',
    "an earlier fingerprint": f"{ONE}{KEY}      fingerprint:  {{ value: [[old|\"pai1:one\"]],  proof: '[[z|0x2]]',"
    f'ciphertext: "1e3" }} # c\n',
    "an earlier fingerprint that ends the file": f'{ONE}{KEY}      fingerprint:\n        value: [[old|"pai1:one"]]\n'
    '        ciphertext: [[1|"1e3"]]\n        proof:[[| "0x2"]]',
    "an earlier fingerprint in a block": f'{ONE}      fingerprint: # a\n        value:     [["old"|"pai1:one"]] # b\n\n'
    f"        # c\n        ciphertext: [['old'|'1e3']]\n        proof:      [[0x2|\"0x2\"]]\n{KEY}",
    "an earlier fingerprint as it would be written": f"{ONE}{KEY}      {NEW} # c\n",
    "an unfinished fingerprint": f"{ONE}      fingerprint: [[{{value: a}}|{flow('one')}]]  # c\n{KEY}",
    "an unfinished fingerprint in quotes": f'{ONE}      "fingerprint": [["a"|{flow("one", chr(34))}]]\n{KEY}',
    "a fingerprint without a value": f"{ONE}      fingerprint:[[| {flow('one')}]]  # later\n{KEY}",
    "a merged fingerprint": "base: &base {fingerprint: {value: a, ciphertext: b, proof: c}}\n"
    f"{ONE}      <<: *base\n{KEY}{ADDED}",
}


@pytest.mark.parametrize(
    ("style", "parser"),
    # Only the parser in C reads tabs there.
    [(style, parser) for style in STYLES for parser in LOADERS if parser == "C" or "\t" not in STYLES[style]],
)
def test_a_file_of_any_style_gets_the_fingerprint_and_no_other_byte_changes(
    style: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "_LOADER", LOADERS[parser])
    before, after = sides(STYLES[style])
    assert edited(before, "one") == after
    assert edited(after, "one") == after


def test_an_alias_of_an_integration_gets_the_same_fingerprint_once() -> None:
    before, after = sides(f"{ONE.replace('one:', 'one: &one')}{KEY}{ADDED}    two: *one\n")
    data, same = before.encode(), fingerprint("one")
    assert with_fingerprints(data, document_from(data, "x"), {"one": same, "two": same}).decode() == after


# Editing these would change another value, lose a comment, or need a line whose place is not certain.
REFUSED = {
    "an alias of a value elsewhere": f"base: &base {{apiKey: {{secure: v1:x}}}}\n{ONE[:-1]} *base\n",
    "an alias of another integration": f"{ONE.replace('one:', 'two: &two')}{KEY}    one: *two\n",
    "an integration that another one is an alias of": f"{ONE.replace('one:', 'one: &one')}{KEY}    two: *one\n",
    "an integration that another one merges": f"{ONE.replace('one:', 'one: &one')}{KEY}    two: {{<<: *one}}\n",
    "an alias of all integrations": f"all: &all {{one: {{apiKey: {{secure: v1:x}}}}}}\n{ONE[:-10]} *all\n",
    "a merged integration": f"all: &all {{one: {{apiKey: {{secure: v1:x}}}}}}\n{ONE[:-9]}    <<: *all\n",
    "a fingerprint that is an alias": f"old: &old {{value: a, ciphertext: b, proof: c}}\n{ONE}{KEY}"
    "      fingerprint: *old\n",
    "an anchored value that would be replaced": f"{ONE}{KEY}      fingerprint: &old {{value: a}}\nother: *old\n",
    "comments in a fingerprint that would be replaced": f"{ONE}{KEY}      fingerprint:\n        value: a  # why\n"
    "        x: b\n",
    "line breaks that are part of the key": f"{ONE}      apiKey:\n       secure: |+\n        v1:x\n\n      tenant: x\n",
    "a text that a line break would become part of": f"{ONE}      apiKey:\n       secure: |\n        v1:x",
    "an integration behind a colon": f"{ONE[:-9]}    ? one\n    : apiKey: {{secure: v1:x}}\n      tenant: x\n",
    "an integration in another file": "config:\n  paletteai:tenant: {name: acme}\n",
}


@pytest.mark.parametrize("style", REFUSED)
def test_what_cannot_be_edited_is_refused_with_the_lines_to_add(style: str) -> None:
    with pytest.raises(UserError) as caught:
        edited(REFUSED[style], "one")
    assert caught.value.message == "x is written in a way that this command cannot edit, so it was left unchanged."
    assert caught.value.help == f"Add these lines:\n    one:\n      {NEW}"


# Any file

SPACES = st.sampled_from(["", " ", "   "])
TAIL = st.sampled_from(["", "", "  ", "\t", "  # c: {a, 'b", "\t# é 🙂", " # | - *x"])
BETWEEN = st.sampled_from(["", "", "", "\n", "# - 'c\n", ' # "c: [\n\n', "  \n"])
OTHERS = st.sampled_from(
    [
        "a:list: [one,{tail}\n{i}    two ,{tail}\n{i}]{tail}\n",
        "a:list:{tail}\n{i}- x{tail}\n{i}-   {{ name:  y }}{tail}\n",
        "a:text: |  # c\n{i}  # apiKey: {{secure: v1:x}}\n\n{i}    fingerprint:  é\n",
        "'a:folded':   >-\n{i}  one\n\n{i}  two\n",
        "a:number:   0x1F{tail}\n",
        'a:quoted:  "one\n{i}  two"{tail}\n',
        "? a:complex\n{i}: {{x: 1}}{tail}\n",
        "a:anchor: &a  [ x ]{tail}\n{i}b:alias:  *a{tail}\n",
        "a:null:{tail}\n",
    ]
)
BLOCK_KEYS = st.sampled_from(
    [
        "apiKey:{space} {{secure: v1:x}}{tail}\n",
        "apiKey: {{ 'secure' : \"v1:x\" }}{tail}\n",
        "apiKey: {{{tail}\n{i}   secure: v1:x{tail}\n{i} }}{tail}\n",
        "apiKey:{tail}\n{i} secure:{space} v1:x{tail}\n",
        "apiKey:{tail}\n{i}  secure: |-{tail}\n{i}    v1:x\n",
        "apiKey:{tail}\n{i}  secure: >-{tail}\n{i}    v1:x\n",
        "apiKey: &k{n}{tail}\n{i}  secure: v1:x{tail}\n",
        "apiKey:   *key{tail}\n",
        "<<:{space} *merged{tail}\n",
        "? apiKey{tail}\n{i}: secure: v1:x{tail}\n",
    ]
)
EARLIER = st.sampled_from(
    [
        'fingerprint: {{ value: [["old"|"pai1:{name}"]],{space} proof: [[{{a: b}}|"0x2"]],ciphertext: "1e3" }}{tail}\n',
        "fingerprint:{tail}\n{i}  value:{space} [['a b'|'pai1:{name}']]{tail}\n"
        '{i}  ciphertext:   [[1e3|"1e3"]]{tail}\n\n{i}  proof:[[| "0x2"]]{tail}\n',
        "fingerprint:[[| {flow}]]{tail}\n",
        "fingerprint:{space} [[{{ value: 'x' }}|{flow}]]{tail}\n",
    ]
)
IN_BRACES = st.sampled_from(["apiKey:{space} {{secure: v1:x}}", "apiKey: *key", "'apiKey' : {{ secure: 'v1:x' }}"])
BREAKS = st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"]])


@st.composite
def integrations(draw: st.DrawFn, name: str, indent: str, step: str) -> str:
    """The template of an integration, as lines."""

    def filled(form: str, i: str) -> str:
        places = {"i": i, "n": name, "name": name, "flow": flow(name)}
        pieces = re.split(r"(\{tail\}|\{space\})", form)
        drawn = [draw(TAIL) if each == "{tail}" else draw(SPACES) if each == "{space}" else each for each in pieces]
        # What is drawn has braces of its own.
        return "".join(new if new != old else old.format(**places) for old, new in zip(pieces, drawn, strict=True))

    inner = indent + step
    if draw(st.booleans()):
        form = draw(IN_BRACES)
        quote = "'" if form.startswith("'") else ""
        added = f"{filled(form, inner)}[[|, {quote}fingerprint{quote}: {flow(name, quote)}]]"
        break_ = draw(st.sampled_from(["", f"\n{inner}", f"  # c, }}\n{inner}  "]))
        fields = draw(st.permutations([added, "hostUrl:   https://a.example", "tenant: 'x'"]))
        inside = f"{draw(SPACES)},{break_ or ' '}".join(fields)
        return f"{indent}{name}: {{{break_}{inside}{break_ or draw(SPACES)}}}{draw(TAIL)}\n"
    form = draw(BLOCK_KEYS)
    merged = form.startswith("<<")
    entries = [filled(form, inner), filled("hostUrl:{space} https://a.example{tail}\n", inner)]
    earlier = draw(st.none() | EARLIER)
    if earlier is not None:
        entries = [*entries, filled(earlier, inner)]
    entries = draw(st.permutations(entries))
    lines = filled(f"{{i}}{name}:{{tail}}\n", indent)
    for entry in entries:
        lines += f"{draw(BETWEEN)}{inner}{entry}"
        if earlier is None and entry is (entries[-1] if merged else next(e for e in entries if "apiKey" in e)):
            lines += f"[[+]]{inner}fingerprint: {flow(name)}\n"
    return lines


@st.composite
def templates(draw: st.DrawFn) -> str:
    """The templates of stack files that say the same in many ways."""
    step = " " * draw(st.integers(1, 5))
    quote = draw(st.sampled_from(["", "'", '"']))

    def other() -> str:
        form = draw(st.just("") | OTHERS)
        pieces = re.split(r"(\{tail\})", form)
        return step * bool(form) + "".join(draw(TAIL) if each == "{tail}" else each.format(i=step) for each in pieces)

    text = draw(st.sampled_from(["", "---\n", "# a\n---  # b\n", "\n"]))
    text += "key: &key  { secure: v1:x }\nmerged: &merged {apiKey: *key}\n"
    text += f"{draw(BETWEEN)}config:{draw(TAIL)}\n{other()}"
    text += f"{step}{quote}paletteai:integrations{quote}:{draw(TAIL)}\n"
    for name in ("one", "two"):
        text += draw(BETWEEN) + draw(integrations(name, step * 2, step))
    text += f"{draw(BETWEEN)}{draw(st.just('') | st.just(f'{step}paletteai:tenant: {{ name:  acme }}' + chr(10)))}"
    text += draw(st.sampled_from(["", "# the end\n", "...\n", "\n\n", "last: 1\n"]))
    breaks = draw(BREAKS)
    lines: list[str] = []
    for line in text.splitlines():
        # An added line ends as the line above it.
        ending = (
            lines[-1][len(lines[-1].rstrip("\r\n")) :] if line.startswith("[[+]]") else draw(st.sampled_from(breaks))
        )
        lines.append(line + ending)
    whole = "".join(lines)
    if draw(st.booleans()) and not lines[-1].startswith("[[+]]"):
        whole = whole.rstrip("\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + whole


@given(templates())
def test_in_any_file_only_the_fingerprint_is_written(template: str) -> None:
    before, after = sides(template)
    assert edited(before, "one", "two") == after
    expected = deepcopy(loaded(before))
    for name in ("one", "two"):
        expected["config"]["paletteai:integrations"][name]["fingerprint"] = fingerprint(name).model_dump()
    assert loaded(after) == expected
    assert edited(after, "one", "two") == after


def loaded(text: str) -> Any:
    """The value as PyYAML's own loader reads it."""
    return yaml.load(text.removeprefix("\ufeff"), yaml.CSafeLoader)

"""The paths of vendor fields are put into a project file as people write it, and every other byte stays.

As in the tests of fingerprints, the files are templates: `«old|new»` is what the editor has to replace, and lines
that begin with `«+»` are those that it has to add.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks import editor
from paletteai_components.stacks.editor import vendor_field_lines, vendor_fields_path, with_vendor_fields
from paletteai_components.stacks.pulumi_project import PulumiProject

LOADERS = {"C": editor._LOADER, "Python": yaml.BaseLoader}
PATHS = {"settings.palette": "spec.all[type=palette].ref.name", "settings.nvidia": "spec.ngc"}
ONE, TWO = (f"{name}: {path}" for name, path in PATHS.items())
FLOW = ", ".join(f'{name}: "{path}"' for name, path in PATHS.items())
JSON = ", ".join(f'"{name}": "{path}"' for name, path in PATHS.items())

HEAD = "name: paletteai\nruntime: python\n"
CONFIG = f"{HEAD}config:\n"
REST = "stackConfigDir: stacks\n"
ENTRIES = f"«+»      {ONE}\n«+»      {TWO}\n"
DEFAULT = f"«+»    default:\n{ENTRIES}"
ADDED = f"«+»  paletteai:vendorFields:\n{DEFAULT}"
TENANT = "  paletteai:tenant: {type: object}\n"
FIELDS = "  paletteai:vendorFields:\n"

FILES = {
    "no config": f"{HEAD}«+»config:\n{ADDED}",
    "no config, and a comment at the end": f"{HEAD}«+»config:\n{ADDED}\n# the end\n",
    "no config, and the end of a document": f"---\n{HEAD}«+»config:\n{ADDED}...\n",
    "a config without anything": f"{CONFIG}{ADDED}{REST}",
    "a config with a comment only": f"{HEAD}config:  # why\n{ADDED}  # nothing yet\n{REST}",
    "a config at the end": f"{HEAD}{REST}config:\n{ADDED}",
    "a config in braces without anything": f"{HEAD}config: {{«|paletteai:vendorFields: {{default: {{{FLOW}}}}}»}}\n",
    "a config with another key": f"{CONFIG}{TENANT}{ADDED}{REST}",
    "a config with comments": f"{CONFIG}  # a\n{TENANT[:-1]}  # b\n{ADDED}  # c\n\n# d\n{REST}",
    "a config with a block": f"{CONFIG}  paletteai:tenant:\n    type: object\n{ADDED}{REST}",
    "a config with a text of several lines": f"{CONFIG}  a:b:\n    value: |\n      one\n      two\n{ADDED}{REST}",
    "a wide indentation": f"{CONFIG}    paletteai:tenant: {{type: object}}\n«+»    paletteai:vendorFields:\n"
    f"«+»        default:\n«+»            {ONE}\n«+»            {TWO}\n{REST}",
    "a config in braces": f"{HEAD}config: {{paletteai:tenant: {{type: object}}«|, paletteai:vendorFields: "
    f"{{default: {{{FLOW}}}}}»}}  # c\n{REST}",
    "a config in braces on several lines": f"{HEAD}config: {{\n  paletteai:tenant: {{type: object}}«|, "
    f"paletteai:vendorFields: {{default: {{{FLOW}}}}}», # c\n}}\n{REST}",
    "JSON": '{"name": "paletteai", "runtime": "python", "config": {"paletteai:tenant": {"type": "object"}«|, '
    f'"paletteai:vendorFields": {{"default": {{{JSON}}}}}»}}}}',
    "quoted keys": f'{CONFIG}  "paletteai:tenant": {{type: object}}\n«+»  "paletteai:vendorFields":\n'
    '«+»    "default":\n«+»      "settings.palette": "spec.all[type=palette].ref.name"\n'
    f'«+»      "settings.nvidia": "spec.ngc"\n{REST}',
    "fields without anything": f"{CONFIG}{FIELDS}{DEFAULT}{TENANT}",
    "fields with a description": f"{CONFIG}{FIELDS}    description: x\n{DEFAULT}{TENANT}",
    "a default without anything": f"{CONFIG}{FIELDS}    default:\n{ENTRIES}{TENANT}",
    "a default in braces without anything": f"{CONFIG}{FIELDS}    default: {{«|{FLOW}»}}\n{TENANT}",
    "another field": f"{CONFIG}{FIELDS}    default:\n      settings.huggingFace: spec.hf\n{ENTRIES}{TENANT}",
    "another field in braces": f"{CONFIG}  paletteai:vendorFields: {{default: {{settings.huggingFace: spec.hf"
    f"«|, {FLOW}»}}}}\n{TENANT}",
    "one of the fields": f"{CONFIG}{FIELDS}    default:\n      settings.nvidia: «spec.old|spec.ngc»  # c\n"
    f"«+»      {ONE}\n{TENANT}",
    "both fields in quotes": f"{CONFIG}{FIELDS}    default:\n      settings.nvidia: «'spec.old'|'spec.ngc'»\n"
    f'      settings.palette: «"spec.old"|"{PATHS["settings.palette"]}"»\n{TENANT}',
    "a field without a path": f"{CONFIG}{FIELDS}    default:\n      settings.nvidia:«| spec.ngc»\n"
    f"      settings.palette: {PATHS['settings.palette']}\n{TENANT}",
    "a value instead of a default": f"{CONFIG}{FIELDS}    value:\n{ENTRIES}{TENANT}",
    "a plain key": f"{CONFIG}  vendorFields:\n    default:\n{ENTRIES}{TENANT}",
    "a byte order mark": f"\ufeff{CONFIG}{TENANT}{ADDED}{REST}",
    "characters beyond 16 bits": f"# 🙂\n{HEAD}description: 🙂 é\nconfig:\n{TENANT}{ADDED}",
    "an alias elsewhere": f"{HEAD}description: &text x\nauthor: *text\nconfig:\n{TENANT}{ADDED}",
}


def sides(template: str, end: str = "\n") -> tuple[str, str]:
    """The file before and after, with the line breaks of a system."""
    lines = re.split(r"(?<=\n)", template)
    before = "".join(line for line in lines if not line.startswith("«+»"))
    after = "".join(line.removeprefix("«+»") for line in lines)
    change = re.compile(r"«(.*?)\|(.*?)»")
    return change.sub(r"\1", before).replace("\n", end), change.sub(r"\2", after).replace("\n", end)


def project_of(text: str) -> PulumiProject:
    return PulumiProject(Path("Pulumi.yaml"), document_from(text.encode(), "Pulumi.yaml"))


def edited(text: str) -> str:
    return with_vendor_fields(text.encode(), project_of(text), PATHS).decode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["", "Windows'", "old Macs'"])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", FILES)
def test_only_the_paths_are_added(name: str, loader: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, "_LOADER", LOADERS[loader])
    before, after = sides(FILES[name], end)
    assert edited(before) == after
    read = project_of(after)
    assert (read.diagnostics, read.defaults["paletteai:vendorFields"].items() >= PATHS.items()) == ((), True)
    assert edited(after) == after


@pytest.mark.parametrize("end", ["", "\r"], ids=["", "Windows'"])
def test_a_file_without_a_last_line_break_stays_without(end: str) -> None:
    text = f"{HEAD}config:\n  paletteai:tenant: {{type: object}}".replace("\n", f"{end}\n")
    lines = [FIELDS[:-1], "    default:", f"      {ONE}", f"      {TWO}"]
    assert edited(text) == text + "".join(f"{end}\n{line}" for line in lines)


def test_a_project_of_another_name_gets_a_value() -> None:
    before, after = sides(f"{CONFIG}{TENANT}{ADDED}")
    assert edited(before.replace("name: paletteai", "name: platform")) == after.replace(
        "name: paletteai", "name: platform"
    ).replace("default:", "value:")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}config: stacks\n",
        f"{HEAD}config: [a]\n",
        f"{HEAD}config: &all\n  a:b: c\nother: *all\n",
        f"{HEAD}other: &all {{a:b: c}}\nconfig: *all\n",
        f"{HEAD}other: &all {{default: {{settings.nvidia: spec.a}}}}\nconfig:\n  paletteai:vendorFields: *all\n",
        f"{HEAD}a: &all {{paletteai:vendorFields: {{default: {{settings.huggingFace: a}}}}}}\nconfig:\n  <<: *all\n",
        f"{CONFIG}  paletteai:vendorFields: text\n",
        f"{CONFIG}  paletteai:vendorFields: [text]\n",
        f"{CONFIG}{FIELDS}    default: null\n",
        f"{CONFIG}{FIELDS}    default: text\n",
        f"{CONFIG}{FIELDS}    default:\n      settings.nvidia: &path spec.a\n      settings.huggingFace: *path\n",
        f"{CONFIG}{FIELDS}    default:\n      settings.nvidia: >- # c\n        spec.a\n      settings.palette: x\n",
    ],
)
def test_what_cannot_be_edited_safely_gets_the_lines_to_add(text: str) -> None:
    with pytest.raises(UserError) as error:
        edited(text)
    assert error.value.message == (
        "Pulumi.yaml is written in a way that this command cannot edit, so it was left unchanged."
    )
    head, *lines = error.value.help.split("\n")
    assert head == "Add these lines:"
    assert yaml.safe_load("\n".join(lines)) == {"config": {"paletteai:vendorFields": {"default": PATHS}}}


def test_of_two_keys_that_are_one_to_pulumi_none_is_edited() -> None:
    with pytest.raises(UserError):
        edited(f"{CONFIG}  vendorFields: {{default: {{}}}}\n{FIELDS}    default: {{}}\n")


NAMES = st.sampled_from(
    ["a:b", "kubernetes:context", "paletteai:tenant", "paletteai:vendorFields", "paletteai:cluster"]
)
VALUES = st.sampled_from([" x", " {value: y}", "\n    value: z", "\n    default:\n      settings.nvidia: spec.old", ""])


@given(
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.sampled_from(["# c", "", "  # d"]), max_size=2),
)
def test_whatever_stands_in_the_file_stays(config: dict[str, str], end: str, between: list[str]) -> None:
    entries = (f"  {name}:{value}".split("\n") for name, value in config.items())
    lines = [*HEAD.splitlines(), "config:", *(line for entry in entries for line in (*entry, *between)), ""]
    project = project_of(end.join(lines))
    try:
        result = with_vendor_fields(end.join(lines).encode(), project, PATHS).decode()
    except UserError:
        assert config["paletteai:vendorFields"] in {" x", " {value: y}", "\n    value: z"}
        return
    after = project_of(result).document.value["config"]
    assert after.pop("paletteai:vendorFields")["default"].items() >= PATHS.items()
    before = project.document.value["config"] or {}
    assert after == {name: value for name, value in before.items() if name != "paletteai:vendorFields"}
    rest = result.split(end)
    assert len(lines) < len(rest) <= len(lines) + 4
    others = iter(rest)
    assert all(any(other in (line, line.replace("spec.old", "spec.ngc")) for other in others) for line in lines)


def test_the_lines_to_paste_are_below_the_key_as_the_file_has_it() -> None:
    plain = project_of(f"{CONFIG}  vendorFields:\n    default: {{}}\n")
    assert vendor_fields_path(plain) == ("config", "vendorFields", "default")
    assert vendor_field_lines(vendor_fields_path(None), {"settings.nvidia": "spec.a:"}) == [
        "config:",
        "  paletteai:vendorFields:",
        "    default:",
        '      settings.nvidia: "spec.a:"',
    ]

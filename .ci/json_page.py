#!/usr/bin/env python3
"""Writes the page of what commands print as JSON, docs/json.md, from the schemas in the package: `make docs`.

Its example is what the command prints for the stack file of docs/command.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from paletteai_components.cli.schema import RECORDS, file_of, output_schema

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "json.md"
_EXAMPLE = "graph --format json"

_HEAD = """\
# JSON

What each command prints with `--format json`: every field, its type and its meaning.
`make docs` writes this page from the JSON Schemas of the package, which are in the draft 2020-12 and can be printed:

```sh
paletteai schema check
paletteai schema ci jobs
paletteai schema diff -o diff.schema.json
```

The package has the same schemas in `paletteai_components/schema`, each named after its command.
A schema is that of its version: it takes no field that is not listed here.
A later version may print more fields, so a program that reads JSON passes over what it does not know.
[The changelog](../CHANGELOG.md) names every field that is removed or gets another meaning.

The JSON is the only text on standard output; warnings and notes about a call are on the error stream.
No field has a key, encrypted or not, or a fingerprint.
A text that looks like a key is `<redacted>`.
The [exit code](command.md#output) is the same as without `--format json`.

Three other outputs are JSON, too, in the forms of others:

- [`check --format sarif`](command.md#reports-for-other-tools) prints SARIF 2.1.0, and names its schema in `$schema`.
- `check --format gitlab` prints a Code Quality report of GitLab.
- `ci jobs gitlab` prints a pipeline of GitLab.

| command | what it prints |
|---|---|
"""

_FLEET = """\
This is the whole fleet for other tools, such as a catalog like Backstage or a dashboard beside Argo CD.
Each stack has its tenant, and the edges from integrations to Settings, and from Settings to projects.
An edge is a position, from 0: `integration` of a Settings is one among the `integrations` of the same stack, and
`settings` of a project one among its `settings`.

With the stack file of [the command's page](command.md#output):

"""


def page() -> str:
    """The page."""
    schemas = {command: output_schema(command) for command in RECORDS}
    groups: dict[tuple[str, ...], list[str]] = {}
    for command, records in RECORDS.items():
        groups.setdefault(records, []).append(command)
    users = Counter(name for records in groups for name in schemas[groups[records][0]]["$defs"])
    rows, sections = [], []
    shared: dict[str, dict[str, Any]] = {}
    for commands in groups.values():
        schema = schemas[commands[0]]
        title = ", ".join(f"`{command}`" for command in commands)
        anchor = re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-")
        roots = [each["$ref"].rpartition("/")[2] for each in schema.get("anyOf", [])]
        tops = [schema["$defs"][name] for name in roots] or [schema]
        rows.append(f"| [{title}](#{anchor}) | {'<br>'.join(top['description'] for top in tops)} |")
        lines = [f"## {title}", ""]
        if commands == ["graph"]:
            lines += [_FLEET + f"```console\n$ paletteai {_EXAMPLE}\n{_printed()}```", ""]
        if not roots:
            lines += [schema["description"], "", *_table(schema)]
        shared.update({name: each for name, each in schema["$defs"].items() if users[name] > 1})
        own = {name: each for name, each in schema["$defs"].items() if users[name] == 1}
        for name in [*roots, *sorted(own.keys() - set(roots))]:
            lines += _record(name, own[name])
        sections.append("\n".join(lines))
    lines = ["## What several commands print", ""]
    for name in sorted(shared):
        lines += _record(name, shared[name])
    text = _HEAD + "\n".join(rows) + "\n\n" + "\n".join([*sections, "\n".join(lines)])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _record(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "")
    if text := schema.get("description"):
        yield from (text, "")
    if "enum" in schema:
        yield from (f"- `{value}`" for value in schema["enum"])
        yield ""
    else:
        yield from _table(schema)


def _table(schema: dict[str, Any]) -> Iterator[str]:
    yield from ("| field | type | meaning |", "|---|---|---|")
    for name, field in schema["properties"].items():
        optional = "" if name in schema["required"] else ", or missing"
        yield f"| `{name}` | {_type(field)}{optional} | {field['description']} |"
    yield ""


def _type(field: dict[str, Any]) -> str:
    """A type in words, with links to records."""
    match field:
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": options}:
            return " or ".join(map(_type, options))
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": values}:
            return f"object with values of {_type(values)}"
        case {"type": list(types)}:
            return " or ".join(types)
        case {"type": kind}:
            return str(kind)
    return "any"


def _printed() -> str:
    """What the command of the example prints."""
    command = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    (stack,) = re.findall(r"```yaml\n(config:.*?)```", command, re.DOTALL)[:1]
    with TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        stacks.mkdir()
        (Path(folder) / "Pulumi.yaml").write_text("name: paletteai\nruntime: python\nstackConfigDir: stacks\n")
        (stacks / "Pulumi.acme.dev.yaml").write_text(stack, encoding="utf-8")
        called = [sys.executable, "-m", "paletteai_components", *_EXAMPLE.split()]
        done = subprocess.run(called, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


def main() -> None:
    """Write the page."""
    for command in RECORDS:
        if not (ROOT / "paletteai_components" / "schema" / file_of(command)).exists():
            sys.exit(f"error: there is no schema of `{command}`. Run `make schema` first.")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

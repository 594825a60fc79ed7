#!/usr/bin/env python3
"""Builds and checks what is released. It publishes nothing.

    release.py version [TAG]          prints the version, where everything that states one agrees
    release.py notes                  prints what CHANGELOG.md says of the version
    release.py build FOLDER [TAG]     builds into a folder, installs what was built, and tries it

TAG is the tag that is released. Without one, CHANGELOG.md need not know the version yet. The last needs the tools
of .ci/requirements.txt: make release-check has them.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
MODULE = "paletteai_components"
SBOM = "paletteai-components.cdx.json"
BUNDLED = ROOT / MODULE / "views" / "page" / "d3"
_VERSION = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}")
_HEADING = re.compile(r"^## \[(.+?)\](.*)$", re.MULTILINE)
_DATE = re.compile(r" - \d{4}-\d\d-\d\d")
_BUNDLED = re.compile(r"^\| (\S+\.min\.js) \| (\S+) \| (\d\S*) \| ([0-9a-f]{64}) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """What the changelog says of one version, or of what is not released yet."""

    name: str
    text: str


def version_of(root: Path) -> str:
    """The version that the package states. Nothing of the package is run."""
    file = root / MODULE / "__init__.py"
    for statement in ast.parse(file.read_text()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant(value=str(version))):
                if not _VERSION.fullmatch(version):
                    _refuse(f"__version__ is {version!a}, which is no semantic version. Write it as 1.2.3.")
                return version
    _refuse(f"{MODULE}/__init__.py states no __version__, so there is nothing to release.")


def changelog_of(root: Path) -> list[Entry]:
    """What the changelog says, newest first. Exits where it has another form."""
    text = (root / "CHANGELOG.md").read_text()
    found = list(_HEADING.finditer(text))
    if not found or found[0][0] != "## [Unreleased]":
        _refuse("CHANGELOG.md does not begin with the heading ## [Unreleased]. Put it above the newest version.")
    for heading in found[1:]:
        if not _VERSION.fullmatch(heading[1]) or not _DATE.fullmatch(heading[2]):
            _refuse(f"CHANGELOG.md has the heading {heading[0]!a}. Write it as ## [1.2.3] - 2030-12-31.")
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    entries = [Entry(heading[1], text[heading.end() : end].strip()) for heading, end in zip(found, ends, strict=True)]
    numbers = [_numbers(entry.name) for entry in entries[1:]]
    if any(newer <= older for newer, older in pairwise(numbers)):
        _refuse("CHANGELOG.md does not list its versions from the newest to the oldest, each once. Put them in order.")
    return entries


def agreed_version(root: Path, tag: str | None = None) -> str:
    """The version, where the package, the changelog and the tag agree. Exits where they do not."""
    version = version_of(root)
    unreleased, *released = changelog_of(root)
    newest = released[0].name if released else None
    if newest and _numbers(newest) > _numbers(version):
        _refuse(f"CHANGELOG.md knows {newest}, but __version__ is {version}. Raise __version__.")
    if tag is None:
        return version
    if tag != f"v{version}":
        _refuse(f"the tag is {tag!a}, but __version__ is {version}, so nothing is released. Tag it v{version}.")
    if newest != version:
        _refuse(f"CHANGELOG.md has no heading for {version}, so nothing is released. Give what is in it that heading.")
    if unreleased.text:
        _refuse(f"CHANGELOG.md lists changes as unreleased that {version} has, too. Move them below its heading.")
    return version


def notes_of(root: Path) -> str:
    """What the changelog says of the version."""
    version = version_of(root)
    for entry in changelog_of(root):
        if entry.name == version and entry.text:
            return entry.text
    _refuse(f"CHANGELOG.md says nothing of {version}, so there are no notes.")


def bundled() -> list[dict[str, Any]]:
    """What the package holds of others, as components of a bill of materials."""
    found = []
    for file, name, version, digest in _BUNDLED.findall((BUNDLED / "README.md").read_text()):
        purl = f"pkg:npm/{name}@{version}"
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "licenses": [
                    {"license": {"id": "ISC", "text": {"content": (BUNDLED / f"{name}.LICENSE").read_text()}}}
                ],
                "properties": [{"name": "bundled as", "value": f"{MODULE}/views/page/d3/{file}"}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        )
    if {each["name"] for each in found} != {file.name.removesuffix(".min.js") for file in BUNDLED.glob("*.js")}:
        _refuse("the table of views/page/d3/README.md does not list the files beside it. Mend the table.")
    return found


def with_bundled(bill: dict[str, Any], version: str) -> dict[str, Any]:
    """A bill of materials of what is installed, with the package as its subject and with what the package holds."""
    subject, others = _subject(bill)
    reference = subject["bom-ref"]
    parts = bundled()
    depends = {entry["ref"]: entry for entry in bill.get("dependencies", ())}
    own = depends.setdefault(reference, {"ref": reference})
    own["dependsOn"] = sorted({*own.get("dependsOn", ()), *(part["bom-ref"] for part in parts)})
    for part in parts:
        depends[part["bom-ref"]] = {"ref": part["bom-ref"]}
    if subject.get("version") != version:
        _refuse(f"what is installed is {subject.get('version')!a}, not {version}, so there is no bill of materials.")
    return {
        **bill,
        "metadata": {**bill.get("metadata", {}), "component": subject},
        "components": sorted([*others, *parts], key=lambda each: str(each["bom-ref"])),
        "dependencies": sorted(depends.values(), key=lambda each: str(each["ref"])),
    }


def _subject(bill: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    name = MODULE.replace("_", "-")
    components = bill["components"]
    (subject,) = (each for each in components if each["name"] == name)
    # Where it was installed from is a path of the machine that built it.
    clean = {key: value for key, value in subject.items() if key != "externalReferences"}
    clean["purl"] = f"pkg:pypi/{name}@{subject.get('version')}"
    return clean, [each for each in components if each is not subject]


def _valid(bill: str) -> str:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(json.loads(bill)["specVersion"])
    wrong = JsonStrictValidator(version).validate_str(bill)
    if wrong is not None:
        _refuse(f"the bill of materials is not valid CycloneDX {version.to_version()}: {wrong}")
    return bill


def build(folder: Path, tag: str | None = None) -> None:
    """Build the release into a folder and try it. Exits where something is wrong with it."""
    version = agreed_version(ROOT, tag)
    if folder.exists() and any(folder.iterdir()):
        _refuse(f"{folder} is not empty, so nothing was built. What is in it could be taken for the release.")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _moment()}
    # The wheel is built from the source distribution, so that has all that it takes.
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), env=environment)
    stem = f"{MODULE}-{version}"
    wheel, source = folder / f"{stem}-py3-none-any.whl", folder / f"{stem}.tar.gz"
    if sorted(folder.iterdir()) != sorted([wheel, source]):
        _refuse(f"{wheel.name} and {source.name} were to be built, but there is something else in {folder}.")
    _run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", str(wheel), str(source))
    # W002, files that are the same: licences lie beside what they are of, and once more where a wheel has them.
    _run(sys.executable, "-m", "check_wheel_contents", "--no-config", "--ignore", "W002", str(wheel))
    with TemporaryDirectory() as temporary:
        _try(wheel, version, Path(temporary))
        installed = Path(temporary) / "installed.json"
        _run(
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"),
            *("--output-file", str(installed), str(_in(Path(temporary) / "venv", "python"))),
        )
        bill = with_bundled(json.loads(installed.read_text()), version)
    (folder / SBOM).write_text(_valid(json.dumps(bill, indent=2, sort_keys=True)) + "\n")
    print(f"{stem} is built, installed and tried. It was not published.")


def _try(wheel: Path, version: str, temporary: Path) -> None:
    """Install the wheel as a user would, and run the command on a project."""
    venv, project = temporary / "venv", temporary / "project"
    python = str(_in(venv, "python"))
    _run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet")
    _run(*pip, "--no-deps", "--require-hashes", "--requirement", str(ROOT / "requirements.txt"))
    _run(*pip, "--no-deps", "--no-index", str(wheel))
    _run(*pip[:-2], "check")
    shutil.copytree(ROOT / "stacks", project / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", project)
    # What is in the checkout must not stand in for what is missing in the wheel.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = str(_in(venv, "paletteai"))
    said = _run(command, "--version", cwd=project, env=environment)
    if said.split()[-1] != version:
        _refuse(f"the command that was installed says {said.strip()!a}, not {version}.")
    for arguments in (("check",), ("plan",), ("schema",), ("graph", "--format", "html", "--output", "graph.html")):
        _run(command, *arguments, cwd=project, env=environment)
    _run(python, "-c", f"from {MODULE} import *", cwd=project, env=environment)


def _in(venv: Path, program: str) -> Path:
    return venv / "bin" / program


def _moment() -> str:
    """When the commit was made, so that whoever builds it again gets the same bytes."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    return stated or _run("git", "-C", str(ROOT), "log", "-1", "--format=%ct").strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        _refuse(f"{' '.join(command)} failed with {done.returncode}, so this is no release.")
    return done.stdout


def _refuse(message: str) -> NoReturn:
    print(f"error: {message}".replace("##[", "#\\x23["), file=sys.stderr)
    sys.exit(2)


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    match arguments:
        case ["version", *tag] if len(tag) < 2:
            print(agreed_version(ROOT, *tag))
        case ["notes"]:
            print(notes_of(ROOT))
        case ["build", folder, *tag] if len(tag) < 2:
            build(Path(folder), *tag)
        case _:
            _refuse("release.py takes `version`, `notes` or `build FOLDER`, the first and the last also with a tag.")


if __name__ == "__main__":
    main(sys.argv[1:])

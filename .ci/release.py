#!/usr/bin/env python3
"""Builds and checks a release. It publishes nothing.

    release.py version [TAG]          prints the version, if the package, the changelog and the tag agree
    release.py notes                  prints the changelog entry of the version
    release.py build FOLDER [TAG]     builds into a folder, and installs and tries the result

TAG is the tag of the release. Without it, CHANGELOG.md may lack an entry for the version. `build` needs the tools of
.ci/requirements.txt, which `make release-check` installs.
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
BUNDLED = ROOT / MODULE / "views" / "page" / "bundled"
_VERSION = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}")
_HEADING = re.compile(r"^## \[(.+?)\](.*)$", re.MULTILINE)
_DATE = re.compile(r" - \d{4}-\d\d-\d\d")
_BUNDLED = re.compile(r"^\| (\S+\.js) \| (\S+) \| (\d\S*) \| (\S+) \| ([0-9a-f]{64}) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """An entry of the changelog."""

    name: str
    """The version, or ``Unreleased``."""
    text: str


def version_of(root: Path) -> str:
    """The `__version__` of the package, read without importing it."""
    file = root / MODULE / "__init__.py"
    for statement in ast.parse(file.read_text()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant(value=str(version))):
                if not _VERSION.fullmatch(version):
                    _refuse(f"__version__ is {version!a}, which is not a semantic version. Write it as 1.2.3.")
                return version
    _refuse(f"{MODULE}/__init__.py has no __version__, so there is nothing to release. Set it.")


def changelog_of(root: Path) -> list[Entry]:
    """The entries of the changelog, newest first. Exits if the changelog has another form."""
    text = (root / "CHANGELOG.md").read_text()
    found = list(_HEADING.finditer(text))
    if not found or found[0][0] != "## [Unreleased]":
        _refuse("CHANGELOG.md does not begin with the heading ## [Unreleased]. Add it above the newest version.")
    for heading in found[1:]:
        if not _VERSION.fullmatch(heading[1]) or not _DATE.fullmatch(heading[2]):
            _refuse(f"CHANGELOG.md has the heading {heading[0]!a}. Write it as ## [1.2.3] - 2030-12-31.")
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    entries = [Entry(heading[1], text[heading.end() : end].strip()) for heading, end in zip(found, ends, strict=True)]
    numbers = [_numbers(entry.name) for entry in entries[1:]]
    if any(newer <= older for newer, older in pairwise(numbers)):
        _refuse("CHANGELOG.md does not list its versions from newest to oldest, each once. Sort them.")
    return entries


def agreed_version(root: Path, tag: str | None = None) -> str:
    """The version, if the package, the changelog and the tag agree. Exits if they do not."""
    version = version_of(root)
    unreleased, *released = changelog_of(root)
    newest = released[0].name if released else None
    if newest and _numbers(newest) > _numbers(version):
        _refuse(f"CHANGELOG.md has an entry for {newest}, but __version__ is {version}. Raise __version__.")
    if tag is None:
        return version
    if tag != f"v{version}":
        _refuse(f"the tag is {tag!a}, but __version__ is {version}, so nothing is released. Tag it v{version}.")
    if newest != version:
        _refuse(
            f"CHANGELOG.md has no heading for {version}, so nothing is released. Add the heading above its changes."
        )
    if unreleased.text:
        _refuse(f"CHANGELOG.md still lists changes under Unreleased. Move them below the heading of {version}.")
    return version


def notes_of(root: Path) -> str:
    """The text of the changelog entry of the version."""
    version = version_of(root)
    for entry in changelog_of(root):
        if entry.name == version and entry.text:
            return entry.text
    _refuse(f"CHANGELOG.md has no changes for {version}, so there are no release notes. Add them.")


def bundled() -> list[dict[str, Any]]:
    """The third-party files in the package, as components of a bill of materials."""
    found = []
    for file, name, version, licence, digest in _BUNDLED.findall((BUNDLED / "README.md").read_text()):
        purl = f"pkg:npm/{name}@{version}"
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "licenses": [
                    {"license": {"id": licence, "text": {"content": (BUNDLED / f"{name}.LICENSE").read_text()}}}
                ],
                "properties": [{"name": "bundled as", "value": f"{MODULE}/views/page/bundled/{file}"}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        )
    if {each["name"] for each in found} != {file.name.partition(".")[0] for file in BUNDLED.glob("*.js")}:
        _refuse("the table of views/page/bundled/README.md does not list exactly the files beside it. Fix the table.")
    return found


def with_bundled(bill: dict[str, Any], version: str) -> dict[str, Any]:
    """Add the package, as the subject, and the third-party files in it to the bill of materials of an environment."""
    subject, others = _split_subject(bill)
    reference = subject["bom-ref"]
    parts = bundled()
    depends = {entry["ref"]: entry for entry in bill.get("dependencies", ())}
    own = depends.setdefault(reference, {"ref": reference})
    own["dependsOn"] = sorted({*own.get("dependsOn", ()), *(part["bom-ref"] for part in parts)})
    for part in parts:
        depends[part["bom-ref"]] = {"ref": part["bom-ref"]}
    if subject.get("version") != version:
        _refuse(
            f"the installed version is {subject.get('version')!a}, not {version}, so there is no bill of materials."
        )
    return {
        **bill,
        "metadata": {**bill.get("metadata", {}), "component": subject},
        "components": sorted([*others, *parts], key=lambda each: str(each["bom-ref"])),
        "dependencies": sorted(depends.values(), key=lambda each: str(each["ref"])),
    }


def _split_subject(bill: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    name = MODULE.replace("_", "-")
    components = bill["components"]
    (subject,) = (each for each in components if each["name"] == name)
    # The place that it was installed from is a path on the build machine.
    clean = {key: value for key, value in subject.items() if key != "externalReferences"}
    clean["purl"] = f"pkg:pypi/{name}@{subject.get('version')}"
    return clean, [each for each in components if each is not subject]


def _validated(bill: str) -> str:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(json.loads(bill)["specVersion"])
    wrong = JsonStrictValidator(version).validate_str(bill)
    if wrong is not None:
        _refuse(f"the bill of materials is not valid CycloneDX {version.to_version()}: {wrong}")
    return bill


def build(folder: Path, tag: str | None = None) -> None:
    """Build the release into a folder and try it. Exits if something is wrong."""
    version = agreed_version(ROOT, tag)
    if folder.exists() and any(folder.iterdir()):
        _refuse(f"{folder} is not empty, so nothing was built: old files could be published. Empty it.")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _source_date()}
    # The wheel is built from the source distribution, which proves that nothing is missing there.
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), env=environment)
    stem = f"{MODULE}-{version}"
    wheel, source = folder / f"{stem}-py3-none-any.whl", folder / f"{stem}.tar.gz"
    if sorted(folder.iterdir()) != sorted([wheel, source]):
        _refuse(f"{folder} does not contain exactly {wheel.name} and {source.name}, so this is not a release.")
    _run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", str(wheel), str(source))
    # W002, duplicate files: the licences are beside the third-party files and in the wheel's folder of licences.
    _run(sys.executable, "-m", "check_wheel_contents", "--no-config", "--ignore", "W002", str(wheel))
    with TemporaryDirectory() as temporary:
        _try_wheel(wheel, version, Path(temporary))
        installed = Path(temporary) / "installed.json"
        _run(
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"),
            *("--output-file", str(installed), str(_program(Path(temporary) / "venv", "python"))),
        )
        bill = with_bundled(json.loads(installed.read_text()), version)
    (folder / SBOM).write_text(_validated(json.dumps(bill, indent=2, sort_keys=True)) + "\n")
    print(f"Built, installed and tried {stem}. It was not published.")


def _try_wheel(wheel: Path, version: str, temporary: Path) -> None:
    """Install the wheel as a user would, and run the command on a project."""
    venv, project = temporary / "venv", temporary / "project"
    python = str(_program(venv, "python"))
    _run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet")
    _run(*pip, "--no-deps", "--require-hashes", "--requirement", str(ROOT / "requirements.txt"))
    _run(*pip, "--no-deps", "--no-index", str(wheel))
    _run(*pip[:-2], "check")
    # The checkout must not hide that a file is missing from the wheel.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for command in (str(_program(venv, name)) for name in ("paletteai-components", "paletteai")):
        printed = _run(command, "--version", cwd=temporary, env=environment).partition("\n")[0]
        if printed != f"paletteai {version}":
            _refuse(f"the installed command prints {printed!a}, not {version}, so this is not a release.")
    _run(command, "init", str(project), cwd=temporary, env=environment)
    shutil.copytree(ROOT / "stacks", project / "stacks", dirs_exist_ok=True)
    for arguments in (("check",), ("plan",), ("schema",), ("graph", "--format", "html", "--output", "graph.html")):
        _run(command, *arguments, cwd=project, env=environment)
    _run(python, "-c", f"from {MODULE} import *", cwd=project, env=environment)


def _program(venv: Path, program: str) -> Path:
    return venv / "bin" / program


def _source_date() -> str:
    """The time of the commit, so that building it again gives the same bytes."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    return stated or _run("git", "-C", str(ROOT), "log", "-1", "--format=%ct").strip()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        _refuse(f"{' '.join(command)} failed with {done.returncode}, so this is not a release.")
    return done.stdout


def _refuse(message: str) -> NoReturn:
    print(f"error: {message}".replace("##[", "#\\x23["), file=sys.stderr)
    sys.exit(2)


def main(arguments: list[str]) -> None:
    """Run the command that the arguments name."""
    match arguments:
        case ["version", *tag] if len(tag) < 2:
            print(agreed_version(ROOT, *tag))
        case ["notes"]:
            print(notes_of(ROOT))
        case ["build", folder, *tag] if len(tag) < 2:
            build(Path(folder), *tag)
        case _:
            _refuse("release.py takes `version [TAG]`, `notes` or `build FOLDER [TAG]`.")


if __name__ == "__main__":
    main(sys.argv[1:])

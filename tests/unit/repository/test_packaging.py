"""What is installed: the pins, and what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = ROOT / "requirements.txt"
TESTS = ROOT / "tests" / "requirements.txt"
POLICY = ROOT / "policy" / "requirements.txt"
RELEASES = ROOT / ".ci" / "requirements.txt"
EXTRAS = PROJECT["optional-dependencies"]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """One package of a requirements file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> str:
        """The version, given that the package is pinned to exactly one."""
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version


def pins(file: Path) -> dict[str, Pin]:
    """A requirements file, by package."""
    text = re.sub(r"\\\n", " ", file.read_text())
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|$)", line)]
    found: dict[str, Pin] = {}
    for line in lines:
        requirement, *hashes = line.partition(" #")[0].split(" --")
        pin = Pin(Requirement(requirement), tuple(f"--{value.strip()}" for value in hashes))
        name = canonicalize_name(pin.requirement.name)
        assert name not in found, f"{file.name} pins {name} twice"
        found[name] = pin
    return found


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for."""
    groups = [PROJECT["dependencies"], *(EXTRAS[extra] for extra in extras)]
    return [Requirement(entry) for group in groups for entry in group]


@pytest.mark.parametrize(
    ("file", "extras"),
    [(RUNTIME, ("build",)), (TESTS, ("build", "policy", "test")), (POLICY, ("policy",))],
)
def test_every_dependency_is_pinned_to_a_version_in_its_range(file: Path, extras: tuple[str, ...]) -> None:
    pinned = pins(file)
    for requirement in declared(*extras):
        pin = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin.version), requirement


@pytest.mark.parametrize("file", [RUNTIME, TESTS, RELEASES, POLICY], ids=["runtime", "tests", "releases", "policy"])
def test_every_pin_has_hashes_and_nothing_else(file: Path) -> None:
    for name, pin in pins(file).items():
        assert pin.version
        assert pin.hashes, name
        assert all(HASH.fullmatch(value) for value in pin.hashes), name


@pytest.mark.parametrize("file", [RUNTIME, TESTS], ids=["runtime", "tests"])
def test_what_a_pinned_package_needs_is_pinned_too(file: Path) -> None:
    pinned = pins(file)
    for name, pin in pinned.items():
        if pin.requirement.marker and not pin.requirement.marker.evaluate():
            continue
        for entry in metadata.requires(name) or ():
            needed = Requirement(entry)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in pinned, f"{name} needs {entry}"


def test_tests_run_on_the_versions_that_are_installed_for_use() -> None:
    runtime, tests = pins(RUNTIME), pins(TESTS)
    assert {name: str(tests[name].requirement) for name in runtime} == {
        name: str(pin.requirement) for name, pin in runtime.items()
    }
    assert all(set(tests[name].hashes) == set(pin.hashes) for name, pin in runtime.items())


def test_the_policy_pack_runs_on_the_tested_versions_but_for_protobuf() -> None:
    runtime, policy = pins(RUNTIME), pins(POLICY)
    others = {name for name, pin in policy.items() if name in runtime and pin.version != runtime[name].version}
    # The second one needs the first.
    assert others == {"protobuf", "googleapis-common-protos"}
    (needed,) = (
        Requirement(entry) for entry in metadata.requires("pulumi-policy") or () if entry.startswith("protobuf")
    )
    assert needed.specifier.contains(policy["protobuf"].version)


@pytest.mark.parametrize("file", [RUNTIME, TESTS, RELEASES, POLICY], ids=["runtime", "tests", "releases", "policy"])
def test_requirements_say_how_they_are_made_and_name_no_place(file: Path) -> None:
    text = file.read_text()
    assert "make requirements" in text.partition("\n\n")[0][:200]
    assert not re.search(r"://|@|(^|\s)(-i|-f|--index|--extra-index|--find-links|--trusted)", text)
    assert not re.search(r"(^|[\s=])/\w", text, re.MULTILINE)


def test_every_package_that_is_imported_is_declared() -> None:
    known = metadata.packages_distributions()
    imported: set[str] = set()
    for file in (ROOT / "paletteai_components").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            imported |= {name.partition(".")[0] for name in names}
    # A namespace may be of several packages.
    others = imported - sys.stdlib_module_names - {"paletteai_components"}
    needed = {name: {canonicalize_name(each) for each in known[name]} for name in others}
    asked_for = {canonicalize_name(each.name) for each in declared("policy")}
    assert {name for name, packages in needed.items() if packages.isdisjoint(asked_for)} == set()
    assert asked_for == {each for packages in needed.values() for each in packages if each in asked_for}


def test_the_backend_that_builds_is_the_one_that_is_pinned() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    assert build["requires"] == EXTRAS["build"]
    assert pins(RELEASES)["flit-core"].version == pins(RUNTIME)["flit-core"].version


def test_every_tool_of_a_release_is_pinned_to_a_version_in_its_range() -> None:
    pinned = pins(RELEASES)
    for entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["release"]:
        requirement = Requirement(entry)
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)].version), requirement


def test_the_engine_is_not_loaded_before_it_is_needed() -> None:
    code = """
import sys, paletteai_components
loaded = {"pulumi", "pulumi_kubernetes", "grpc"} & set(sys.modules)
assert not loaded, loaded
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr

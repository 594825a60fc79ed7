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

from paletteai_components import document
from paletteai_components.document import Document, document_from
from paletteai_components.problem import Unreadable

RECORDED = Path(__file__).parent / "recorded" / "config_readings.json"
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


def refusal(text: str | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert all(problem.code == "PAI012" and problem.help for problem in refused.value.problems)
    return refused.value


def lines_of(text: str | bytes) -> list[list[int | None]]:
    return [[place.line for place in problem.where] for problem in refusal(text).problems]


def as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


# --- The readings of the real CLI -------------------------------------------------------------------------------


def readings(*, refused: bool) -> Any:
    wanted = (reading for reading in READINGS if ("error" in reading or "refused" in reading) is refused)
    return pytest.mark.parametrize("reading", [pytest.param(reading, id=reading["name"]) for reading in wanted])


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_LOADER", PARSERS[request.param])


@readings(refused=False)
@pytest.mark.usefixtures("parser")
def test_a_file_is_read_as_the_program_received_it(reading: dict[str, Any]) -> None:
    value = read(reading["yaml"]).value["config"][KEY]

    assert as_json(json.loads(json.dumps(value))) == as_json(reading["program"])


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
@pytest.mark.skipif(
    shutil.which("pulumi") is None,
    reason="pulumi is not on PATH: readings were compared with the recorded ones only",
)
def test_the_recorded_readings_are_those_of_the_real_cli(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    start = f"config:\n  {KEY}:"
    joined, alone = {}, {}
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

if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        new = recorded_anew(Cli(Path(scratch)))
    RECORDED.write_text(json.dumps(new, indent=2) + "\n", encoding="utf-8")
    print(f"Recorded {len(new)} readings.")

"""The commands that messages print, run by the real CLI."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.commands import commands_in
from support.projects import STACK, Project
from support.real import PULUMI

from paletteai_components.shell import command, key_path

pytestmark = [pytest.mark.engine, pytest.mark.skipif(PULUMI is None, reason="needs pulumi on PATH")]

SHOWN = ["palette.corp.example", "(a) [b]", "a\\b.c", "名前"]
NOT_SHOWN = ['it\'s "big"', 'a\\"b', "$HOME `id`"]


def run(line: str, folder: Path, key: str = "") -> str:
    env = {
        **os.environ,
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "paletteai-example",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=env, input=key, capture_output=True, text=True, check=True, timeout=200
    ).stdout


@pytest.mark.timeout(900)
def test_the_printed_command_sets_the_key_of_the_integration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.environ["PATH"]
    project = Project(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", path)
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: paletteai\nruntime: python\nstackConfigDir: stacks\n")
    run("pulumi stack init acme.dev", tmp_path)
    salt = (project.stacks / "Pulumi.acme.dev.yaml").read_text()
    integrations = "".join(
        f"    '{name}': {{hostUrl: https://api.spectrocloud.com, tenant: t, defaultProjectID: \"6512345678901234\"}}\n"
        for name in SHOWN
    )
    begin, end = STACK.index("    shared:"), STACK.index("  paletteai:tenant:")
    file = project.stack(f"{STACK[:begin]}{integrations}{STACK[end:]}{salt}")
    printed = [
        each for each in commands_in(project.run("check", "--verbose").stdout) if each.startswith("pulumi config set")
    ]
    assert len(printed) == len(SHOWN)
    hidden = [
        command("pulumi config set --secret --path", path, stack="acme.dev")
        for path in map(key_path, NOT_SHOWN)
        if path
    ]
    for number, line in enumerate([*printed, *hidden]):
        run(line, tmp_path, f"key-{number}")
    declared = yaml.safe_load(file.read_text())["config"]["paletteai:integrations"]
    assert set(declared) == {*SHOWN, *NOT_SHOWN}
    assert all(re.match("v1:", each["apiKey"]["secure"]) for each in declared.values())
    opened = json.loads(run("pulumi config --show-secrets --json --stack acme.dev", tmp_path))
    keys = {each["apiKey"] for each in opened["paletteai:integrations"]["objectValue"].values()}
    assert keys == {f"key-{number}" for number in range(len(declared))}

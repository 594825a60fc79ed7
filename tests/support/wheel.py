"""The built wheel, as its users get it: in an empty folder, with a fresh HOME, without the checkout.

The checkout must not hide what is missing in the wheel, or what only works in the checkout. So the wheel is built once
for all workers, installed into a folder of its own, and found there before the editable install of the environment.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flit_core.wheel import make_wheel_in

from support.checkout import ROOT

# What makes Python start faster, and says nothing of where a module is.
_KEPT = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


def installed_wheel(shared: Path) -> Path:
    """The folder with the installed package and, in `bin`, its commands. It is made by whoever comes first.

    Args:
        shared: A folder that all workers of the run share.
    """
    site = shared / "wheel" / "site"
    site.parent.mkdir(exist_ok=True)
    with (site.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # pip moves what it installs, so the folder is there before all of it is.
        if not (site.parent / "complete").exists():
            wheel = make_wheel_in(ROOT / "pyproject.toml", site.parent).file
            pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run(
                [*pip, "--no-index", "--no-deps", "--no-compile", "--target", str(site), str(wheel)], check=True
            )
            _refuse_another(site)
            (site.parent / "complete").touch()
    return site


def _refuse_another(site: Path) -> None:
    """Raises AssertionError where another package than the installed one would be imported."""
    code = "import paletteai_components as it; print(it.__file__)"
    environment = {"PATH": os.defpath, "PYTHONPATH": str(site)}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=site.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == site / "paletteai_components" / "__init__.py", found.stdout


@dataclass
class Elsewhere:
    """An empty folder and a fresh HOME, where the installed wheel is all there is of this project."""

    site: Path
    """Where the wheel is installed."""
    folder: Path
    """The empty folder, in which commands run."""
    home: Path
    """The fresh HOME."""
    environment: dict[str, str] = field(init=False)
    """The environment of the commands. The installed `paletteai` is the first on PATH."""

    def __post_init__(self) -> None:
        """The folders are made."""
        self.folder.mkdir()
        self.home.mkdir()
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environment = {
            **kept,
            "PATH": f"{self.site / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.site),
            "HOME": str(self.home),
            "KUBECONFIG": os.devnull,
            # Nobody's own configuration has a say.
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C.UTF-8",
        }

    def run(
        self,
        command: str,
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a command, in the empty folder or in `cwd`, with `env` beside the environment."""
        done = subprocess.run(
            [self.which(command), *map(str, arguments)],
            cwd=cwd or self.folder,
            env={**self.environment, **(env or {})},
            input=input or "",
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def paletteai(self, *arguments: str | Path, code: int = 0, cwd: Path | None = None) -> str:
        """What `paletteai` prints. Raises AssertionError, with all of that, where it ends with another code."""
        __tracebackhide__ = True
        ran = self.run("paletteai", *arguments, cwd=cwd)
        assert ran.code == code, f"paletteai {' '.join(map(str, arguments))} ended with {ran.code}\n{ran.out}{ran.err}"
        return ran.out if code == 0 else ran.out + ran.err

    def which(self, command: str) -> str:
        """The path of a command: of the wheel, if it has one of this name; `python` is the environment's."""
        if command == "python":
            return sys.executable
        own = self.site / "bin" / command
        return str(own) if own.exists() else command

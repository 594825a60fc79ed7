"""The pulumi command: where it is, whether it is new enough, and how it is installed for a project."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from paletteai_components.deployment.decryption import EngineError

OLDEST = (3, 238)
"""The oldest `pulumi` command that is run. It may be older than the SDK: 3.260 was seen to work with 3.272."""

WORKS_WITHOUT = "Everything on files alone works without it: `check`, `plan`, `render`, `explain` and the others."
# Seconds to wait for its own version, and for each answer of a download.
_TIMEOUT = 30


def pinned() -> str:
    """The version that is installed for a project: that of the SDK, for they are released together."""
    return version("pulumi")


def root_of(project: Path) -> Path:
    """Where the command is installed for a project; `project` is the folder with `Pulumi.yaml`."""
    return project / ".pulumi" / "versions" / pinned()


def found(project: Path) -> Path | None:
    """The project's own command, else the one on PATH, else None."""
    own = root_of(project) / "bin" / "pulumi"
    if own.is_file():
        return own
    on_path = shutil.which("pulumi")
    return Path(on_path) if on_path else None


def judged(command: Path) -> Path:
    """The command itself. Raises EngineError where it cannot be run or is too old for this package."""
    try:
        done = subprocess.run(  # noqa: S603
            [command, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        fact = getattr(error, "strerror", None) or f"it gave no answer in {_TIMEOUT} seconds"
        raise EngineError(
            f"{command} cannot be run ({fact}), so no stack was touched.",
            f"Mend it, or install {pinned()} for this project with `--install`. {WORKS_WITHOUT}",
        ) from None
    told = re.match(r"v?(\d+)\.(\d+)", done.stdout)
    if told is None or (int(told[1]), int(told[2])) < OLDEST:
        fact = f"is Pulumi {done.stdout.strip()}" if told else "does not tell its version"
        raise EngineError(
            f"{command} {fact}; this package needs {OLDEST[0]}.{OLDEST[1]} or newer, so no stack was touched.",
            f"Update it, or install {pinned()} for this project with `--install`. {WORKS_WITHOUT}",
        )
    return command


def install(project: Path) -> Path:
    """Installs the pinned version into the project's own folder, and returns the command.

    It appears there whole or not at all. Raises EngineError where it cannot be downloaded.
    """
    # Importing it takes longer than `check` takes.
    from pulumi.automation import PulumiCommand
    from pulumi.automation.errors import InvalidVersionError

    root = root_of(project)
    before = socket.getdefaulttimeout()
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(_TIMEOUT)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".new-") as half:
            new = Path(half) / "root"
            PulumiCommand.install(root=str(new))
            shutil.rmtree(root, ignore_errors=True)
            new.rename(root)
    except (OSError, subprocess.CalledProcessError, InvalidVersionError) as error:
        for emptied in (root.parent, root.parent.parent):
            with contextlib.suppress(OSError):
                emptied.rmdir()
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise EngineError(
            f"Pulumi {pinned()} could not be downloaded and installed ({reason}), so no stack was touched and "
            "nothing was left behind.",
            f"Install it by another way, from https://www.pulumi.com/docs/install, and put it on PATH. {WORKS_WITHOUT}",
        ) from None
    finally:
        socket.setdefaulttimeout(before)
    return root / "bin" / "pulumi"

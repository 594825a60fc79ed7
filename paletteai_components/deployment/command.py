"""The pulumi command: finding it, checking its version and installing it for a project."""

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
"""The oldest supported version of the `pulumi` command. It may be older than the SDK: 3.260 works with 3.272."""

WORKS_WITHOUT = "Commands that only read files work without it, such as `check`, `plan`, `render` and `explain`."
# Seconds to wait for the output of `pulumi version`, and for each response of a download.
_TIMEOUT = 30


def pinned() -> str:
    """The version to install for a project: that of the SDK, because they are released together."""
    return version("pulumi")


def root_of(project: Path) -> Path:
    """The folder of a project's own installation; `project` is the folder with `Pulumi.yaml`."""
    return project / ".pulumi" / "versions" / pinned()


def find_command(project: Path) -> Path | None:
    """The project's own command, or the one on PATH, or None."""
    own = root_of(project) / "bin" / "pulumi"
    if own.is_file():
        return own
    on_path = shutil.which("pulumi")
    return Path(on_path) if on_path else None


def check_version(command: Path) -> Path:
    """Runs `pulumi version` and returns the command.

    Raises:
        EngineError: the command cannot be run, or is too old for this package.
    """
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
        fact = getattr(error, "strerror", None) or f"it did not answer within {_TIMEOUT} seconds"
        raise EngineError(
            f"`{command}` cannot be run ({fact}), so no stack was touched.",
            f"Fix it, or install {pinned()} for this project with `--install`. {WORKS_WITHOUT}",
        ) from None
    number = re.match(r"v?(\d+)\.(\d+)", done.stdout)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        fact = f"is Pulumi {done.stdout.strip()}" if number else "does not print its version"
        raise EngineError(
            f"`{command}` {fact}; this package needs {OLDEST[0]}.{OLDEST[1]} or newer, so no stack was touched.",
            f"Update it, or install {pinned()} for this project with `--install`. {WORKS_WITHOUT}",
        )
    return command


def install(project: Path) -> Path:
    """Installs the pinned version into the project's own folder, completely or not at all; returns the command.

    Raises:
        EngineError: it cannot be downloaded or installed.
    """
    # This import takes longer than the complete `check` command.
    from pulumi.automation import PulumiCommand
    from pulumi.automation.errors import InvalidVersionError

    root = root_of(project)
    before = socket.getdefaulttimeout()
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(_TIMEOUT)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".new-") as temporary:
            new = Path(temporary) / "root"
            PulumiCommand.install(root=str(new))
            shutil.rmtree(root, ignore_errors=True)
            new.rename(root)
    except (OSError, subprocess.CalledProcessError, InvalidVersionError) as error:
        for folder in (root.parent, root.parent.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise EngineError(
            f"Pulumi {pinned()} could not be downloaded and installed ({reason}), so no stack was touched and "
            "nothing was left behind.",
            f"Install it another way, see https://www.pulumi.com/docs/install, and add it to PATH. {WORKS_WITHOUT}",
        ) from None
    finally:
        socket.setdefaulttimeout(before)
    return root / "bin" / "pulumi"

"""Files: written where there was none, or replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import click

from paletteai_components.problem import escaped


def write_new(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file that is not there yet; never over another, never through a link.

    A private one can be read by its owner only. On failure nothing is left behind.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o600 if private else 0o666)
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        raise _not_written(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(path, error) from None
        raise


def replace(path: Path, old: bytes, new: bytes) -> None:
    """Replace a file's bytes at once, keeping its mode; not if they are no longer the old ones."""
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        mode = path.stat().st_mode & 0o7777
        write_new(beside, new, private=True)
        os.chmod(beside, mode)
        if path.read_bytes() != old:
            raise click.UsageError(
                f"{escaped(str(path))} was changed while this command ran, so it was left as it is. Run it again."
            )
        os.replace(beside, path)
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def refuse_existing(path: Path) -> None:
    """Refuse a file that is there, before any work is done for it."""
    if os.path.lexists(path):
        raise _is_there(path)


def _is_there(path: Path) -> click.UsageError:
    return click.UsageError(
        f"{escaped(str(path))} is there already and was left as it is. Name another, or remove it first."
    )


def _not_written(path: Path, error: OSError) -> click.UsageError:
    return click.UsageError(
        f"{escaped(str(path))} could not be written ({error.strerror}). Check the folder and its permissions."
    )

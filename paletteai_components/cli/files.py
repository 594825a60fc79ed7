"""Files: written where there was none, or replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from paletteai_components.changes.git import top_of
from paletteai_components.errors import UserError
from paletteai_components.stacks.files import bytes_of

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


def write_new(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file that is not there yet; never over another, never through a link.

    A private one can be read by its owner only. On failure, or when the process is ended, nothing is left behind.
    """
    refuse_links(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    with _signals_put_off() as arrived:
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
        if arrived:
            path.unlink(missing_ok=True)


def replace(path: Path, old: bytes, new: bytes) -> None:
    """Replace a file's bytes at once, keeping its mode; not if they are no longer the old ones."""
    refuse_links(path)
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with _signals_put_off() as arrived:
        try:
            mode = path.stat().st_mode & 0o7777
            write_new(beside, new, private=True)
            if arrived:
                return
            os.chmod(beside, mode)
            if bytes_of(path) != old:
                raise UserError(
                    f"{path} was changed while this command ran, so it was left as it is.",
                    "Run it again.",
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
    refuse_links(path)


def refuse_links(path: Path) -> None:
    """Refuse a path that leads through a link in a checkout: a pull request may have put it there."""
    here = Path.cwd()
    for folder in (here / path).parents:
        if os.path.islink(folder) and (top_of(folder.parent) or folder.is_relative_to(here)):
            raise UserError(
                f"{path} leads through {folder}, which is a link, so nothing was written.",
                "Name the folder that it leads to.",
            )


@contextlib.contextmanager
def _signals_put_off() -> Iterator[list[int]]:
    """Have what would end the process wait until what is half done is done or gone; tells what has arrived."""
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in _ENDING:
            number = getattr(signal, name, None)
            # One that is ignored, as under nohup, goes on being so; one set from outside of Python is not ours.
            if number is not None and signal.getsignal(number) not in {signal.SIG_IGN, None}:
                before[number] = signal.signal(number, note)
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in arrived:
            os.kill(os.getpid(), number)


def _is_there(path: Path) -> UserError:
    return UserError(f"{path} is there already and was left as it is.", "Name another, or remove it first.")


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} could not be written ({error.strerror}).",
        "Check the folder, its permissions and the space that is left.",
    )

"""Writes files: new ones, or a complete replacement of an old one."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from paletteai_components.changes.git import top_of
from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.stacks.files import bytes_of

_TERMINATING = ("SIGINT", "SIGTERM", "SIGHUP")


def write_new(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a new file; never over another file, never through a link.

    Nothing is left behind when writing fails or the process is terminated.

    Raises:
        UserError: The file exists, leads through a link, or cannot be written.
    """
    refuse_links(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    with _signals_held_back() as arrived:
        try:
            descriptor = os.open(path, flags, 0o600 if private else 0o666)
        except FileExistsError:
            raise _exists_error(path) from None
        except OSError as error:
            raise _write_error(path, error) from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _write_error(path, error) from None
            raise
        if arrived:
            path.unlink(missing_ok=True)


def replace(path: Path, old: bytes, new: bytes) -> None:
    """Replace a file's content atomically and keep its mode, if the content is still `old`.

    Raises:
        UserError: The content is no longer `old`, or the file cannot be written.
    """
    refuse_links(path)
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with _signals_held_back() as arrived:
        try:
            mode = path.stat().st_mode & 0o7777
            write_new(beside, new, private=True)
            if arrived:
                return
            os.chmod(beside, mode)
            if bytes_of(path) != old:
                raise _changed_error(path)
            os.replace(beside, path)
        except OSError as error:
            raise _write_error(path, error) from None
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def write_together(files: Sequence[tuple[Path, bytes | None, bytes]]) -> None:
    """Write several files, each a new one or a complete replacement; all of them or none.

    Args:
        files: The path of each, its content so far, which is None for a new one, and its new content.

    Raises:
        UserError: A file cannot be written. What was written before it is as it was.
    """
    done: list[tuple[Path, bytes | None, bytes]] = []
    folders: list[Path] = []
    with _signals_held_back() as arrived:
        try:
            for path, old, new in files:
                _make_folders(path.parent, folders)
                if old is None:
                    write_new(path, new)
                else:
                    replace(path, old, new)
                done.append((path, old, new))
                if arrived:
                    break
        except BaseException:
            _undo(done, folders)
            raise
        if arrived:
            _undo(done, folders)


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    for each in reversed(missing):
        try:
            each.mkdir()
        except OSError as error:
            raise _write_error(each, error) from None
        made.append(each)


def _undo(done: Iterable[tuple[Path, bytes | None, bytes]], folders: Sequence[Path]) -> None:
    for path, old, new in done:
        with contextlib.suppress(OSError, UserError):
            if old is None:
                path.unlink(missing_ok=True)
            else:
                replace(path, new, old)
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def edit(read: Document, changed: Callable[[bytes], bytes]) -> None:
    """Replace the content of a file that was read, if it still has the values that were read.

    Args:
        read: What was read of the file.
        changed: The new content, of the present one.

    Raises:
        UserError: The file has other values by now, or cannot be written.
    """
    path = Path(read.file)
    old = bytes_of(path)
    if document_from(old, read.file).value != read.value:
        raise _changed_error(path)
    replace(path, old, changed(old))


def refuse_existing(path: Path) -> None:
    """Raise UserError if the file exists, before any work is done for it."""
    if os.path.lexists(path):
        raise _exists_error(path)
    refuse_links(path)


def refuse_links(path: Path) -> None:
    """Raise UserError if the path leads through a link in a checkout: a pull request may have added the link."""
    here = Path.cwd()
    for folder in (here / path).parents:
        if os.path.islink(folder) and (top_of(folder.parent) or folder.is_relative_to(here)):
            raise UserError(
                f"{path} leads through {folder}, which is a link, so nothing was written.",
                "Name the folder that the link points to.",
            )


@contextlib.contextmanager
def _signals_held_back() -> Iterator[list[int]]:
    """Hold terminating signals back until the block ends; yields those that have arrived."""
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in _TERMINATING:
            number = getattr(signal, name, None)
            # A signal that is ignored, as under nohup, stays ignored; a handler set outside Python stays in place.
            if number is not None and signal.getsignal(number) not in {signal.SIG_IGN, None}:
                before[number] = signal.signal(number, note)
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in arrived:
            os.kill(os.getpid(), number)


def _changed_error(path: Path) -> UserError:
    return UserError(f"{path} was changed while this command ran, so it was left as it is.", "Run it again.")


def _exists_error(path: Path) -> UserError:
    return UserError(f"{path} already exists, so it was not written.", "Name another file, or remove it first.")


def _write_error(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} could not be written ({error.strerror}).", "Check the folder, its permissions and the free disk space."
    )

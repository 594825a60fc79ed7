"""The output of commands in the log of a CI server, which runs no line of it as a command.

Pulumi prints names and values of stack files unescaped, and they may be a stranger's.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

# GitHub groups lines by `##[…]`, and GitLab folds and colours them by control characters.
_ACTING = re.compile(rb"##|\r|\x1b|[\x00-\x08\x0b-\x1f\x7f]")
_SHOWN = {b"##": rb"#\x23", b"\r": rb"\r", b"\x1b": rb"\x1b"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_for_log(
    commands: Iterable[Sequence[str | os.PathLike[str]]], environment: Mapping[str, str], log: BinaryIO
) -> int:
    """Run commands one after the other, show what they print, and return the highest exit code.

    A command that fails stops no other. If this process is asked to end, the running command is asked to, what it says
    until then is shown, and no other starts.

    Raises:
        OSError: A command cannot be run.
    """
    # GitHub runs no command in a log until it reads this word again, which cannot be guessed.
    word = secrets.token_hex(16).encode() if os.environ.get("GITHUB_ACTIONS") else b""
    code = 0
    if word:
        _write(log, b"::stop-commands::%s\n" % word)
    try:
        with _interruptible() as running:
            for command in commands:
                if not running.interrupted:
                    code = max(code, running.run(command, environment, log))
    finally:
        if word:
            # The output may end without a newline.
            _write(log, b"\n::%s::\n" % word)
    return code


class _Running:
    """The command that runs, and whether somebody has asked it to end."""

    def __init__(self) -> None:
        self.interrupted = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str | os.PathLike[str]], environment: Mapping[str, str], log: BinaryIO) -> int:
        with subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A signal for the whole group reaches it once, through this process.
            start_new_session=True,
        ) as process:
            self._process = process
            if self.interrupted:
                self.interrupt()
            for line in process.stdout or ():
                _write(log, _ACTING.sub(lambda found: _SHOWN.get(found[0], b"?"), line))
        self._process = None
        # A command that a signal ended has a negative one.
        code: int = abs(process.returncode)
        return code

    def interrupt(self, *_: object) -> None:
        self.interrupted = True
        if self._process is not None:
            # Pulumi ends with this one in an orderly way.
            self._process.send_signal(signal.SIGINT)


def _write(log: BinaryIO, line: bytes) -> None:
    log.write(line)
    log.flush()


@contextmanager
def _interruptible() -> Iterator[_Running]:
    """Pass signals on to what runs."""
    running = _Running()
    before = {each: signal.signal(each, running.interrupt) for each in _SIGNALS}
    try:
        yield running
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

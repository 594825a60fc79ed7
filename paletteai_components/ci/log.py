"""A command's output in the log of a CI server, which runs no line of it as a command.

Pulumi prints names and values of stack files unescaped, and they may be a stranger's.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

# GitHub groups lines by `##[…]`, and GitLab folds and colours them by control characters.
_ACTING = re.compile(rb"##|\r|\x1b|[\x00-\x08\x0b-\x1f\x7f]")
_SHOWN = {b"##": rb"#\x23", b"\r": rb"\r", b"\x1b": rb"\x1b"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_for_log(command: Sequence[str | os.PathLike[str]], environment: Mapping[str, str], log: BinaryIO) -> int:
    """Run a command, show what it prints, and return its exit code.

    If this process is asked to end, the command is asked to, and what it says until then is shown.

    Raises:
        OSError: The command cannot be run.
    """
    # GitHub runs no command in a log until it reads this word again, which cannot be guessed.
    word = secrets.token_hex(16).encode() if os.environ.get("GITHUB_ACTIONS") else b""
    if word:
        _write(log, b"::stop-commands::%s\n" % word)
    try:
        with (
            subprocess.Popen(  # noqa: S603
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A signal for the whole group reaches it once, through this process.
                start_new_session=True,
            ) as process,
            _interrupting(process),
        ):
            for line in process.stdout or ():
                _write(log, _ACTING.sub(lambda found: _SHOWN.get(found[0], b"?"), line))
    finally:
        if word:
            # The output may end without a newline.
            _write(log, b"\n::%s::\n" % word)
    return process.returncode


def _write(log: BinaryIO, line: bytes) -> None:
    log.write(line)
    log.flush()


@contextmanager
def _interrupting(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass signals on to a process, as the one with which Pulumi ends in an orderly way."""
    before = {each: signal.signal(each, lambda *_: process.send_signal(signal.SIGINT)) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

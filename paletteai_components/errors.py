"""Errors that users see as a message and a remedy, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """The command cannot do what the user asked for.

    Attributes:
        message: The fact and its consequence. Its control characters are escaped when it is printed.
        help: The remedy, in one or more lines. Empty if the message includes it.
        exit_code: The exit code of the command.
    """

    exit_code = 2

    def __init__(self, message: str, help: str = "") -> None:
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}".rstrip())

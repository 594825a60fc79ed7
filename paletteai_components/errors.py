"""Errors that are told to a user in two sentences, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """What was asked for cannot be done.

    Fields:
        message: the fact and its consequence; names in it are made visible when it is shown.
        help: the remedy, of one line or more; empty where the message tells it.
        exit_code: how the command ends.
    """

    exit_code = 2

    def __init__(self, message: str, help: str = "") -> None:
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}".rstrip())

"""Addresses that a caller gives as templates, to link to: `--source-url` and `--rules-url`."""

from __future__ import annotations

import re
from collections.abc import Callable

import click

from paletteai_components.errors import UserError

# Nothing that HTML or Markdown could take for the end of a link, or for anything else.
_ADDRESS = re.compile(r"https?://[\w.~:/?#@!$&'*+,;=%{}-]+", re.ASCII)

Check = Callable[[click.Context, click.Parameter, str | None], str | None]


def _with(placeholder: str, example: str) -> Check:
    """The callback of an option. Raises UserError for what is no address of the web with a placeholder in it."""

    def checked(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
        if given is None or (_ADDRESS.fullmatch(given) and placeholder in given):
            return given
        option = parameter.opts[0]
        raise UserError(
            f"`{option}` is not an http address with `{placeholder}` in it, so no link can be made of it.",
            f"Give one without spaces, brackets and quotes. For example: `{option} '{example}'`.",
        )

    return checked


of_a_line = _with("{file}", "https://github.com/OWNER/REPOSITORY/blob/COMMIT/{file}#L{line}")
of_a_rule = _with("{code}", "https://github.com/OWNER/REPOSITORY/blob/COMMIT/docs/rules/{code}.md")

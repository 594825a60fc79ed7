"""Usage: a wrong call of the command as the fact, its consequence and what to type instead.

click finds what is wrong; its own form would be the usage, a hint and the error, in another tone than every other one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import click

from paletteai_components.errors import UserError
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import redacted

_EXTRA = re.compile(r"extra arguments? \((.*)\)", re.DOTALL)


def wrong_call(error: click.UsageError, group: click.Context) -> UserError:
    """The error of a wrong call.

    Args:
        error: The one that click raises.
        group: The context of the command with the subcommands.
    """
    context = error.ctx or _subcommand(group)
    match error:
        case click.NoSuchOption():
            return _unknown_option(error.option_name, context)
        case click.BadOptionUsage():
            return _bad_option(error, context)
        case click.MissingParameter() if error.param is not None:
            return UserError(
                f"`{_called(context)}` lacks {error.param.human_readable_name}, so nothing was done.",
                f"Write `{_form(context)}`.",
            )
        case click.BadParameter() if error.param is not None:
            return _bad_value(error.message, error.param, context)
    if extra := _EXTRA.search(error.message):
        return UserError(
            f"`{_called(context)}` does not take `{redacted(extra[1])}`, so nothing was done.",
            f"Write `{_form(context)}`; `{_called(context)} --help` lists its options.",
        )
    return UserError(_without_effect(error.format_message()), f"`{_called(context)} --help` shows how it is called.")


def unknown_command(name: str, context: click.Context) -> UserError:
    """The error of a word that is no command of a group, by the group's context."""
    known = context.command.list_commands(context) if isinstance(context.command, click.Group) else ()
    called = _called(context)
    shown = name if context.parent is None else f"{called.removeprefix('paletteai ')} {name}"
    return UserError(
        f"there is no command `{redacted(shown)}`, so nothing was done.",
        did_you_mean(name, known) or f"`{called} --help` lists the commands.",
    )


def _unknown_option(name: str, context: click.Context) -> UserError:
    called = _called(context)
    fact = f"`{called}` has no option `{redacted(name)}`, so nothing was done."
    if context.parent is not None and any(name in option.opts for option in _options(context.parent)):
        return UserError(
            fact, f"Write it before the command: `{_called(context.parent)} {name} … {context.info_name}`."
        )
    # The dashes are no likeness.
    own = {each.lstrip("-"): each for option in _options(context) for each in option.opts if each.startswith("--")}
    question = did_you_mean(name.lstrip("-"), own)
    if question and name.startswith("--"):
        return UserError(fact, question.replace(" `", " `--"))
    if context.parent is None:
        return UserError(fact, "Write a command's options after its name; `paletteai --help` lists the others.")
    return UserError(fact, f"`{called} --help` lists its options.")


def _bad_option(error: click.BadOptionUsage, context: click.Context) -> UserError:
    option = next((each for each in _options(context) if error.option_name in each.opts), None)
    shown = f"`{redacted(error.option_name)}`"
    if option is None or option.is_flag:
        return UserError(f"{shown} takes no value, so nothing was done.", f"Write {shown} alone.")
    remedy = _takes(option.type) or f"Write `{error.option_name} {option.make_metavar(context)}`."
    return UserError(f"{shown} lacks its value, so nothing was done.", remedy)


def _bad_value(message: str, parameter: click.Parameter, context: click.Context) -> UserError:
    name = max(parameter.opts, key=len) if isinstance(parameter, click.Option) else parameter.human_readable_name
    # What click says of a choice or a number begins with the value, a text in quotes.
    value, says_it, _ = message.partition(" is not ")
    value, remedy = value.removeprefix("'").removesuffix("'"), _takes(parameter.type)
    if not says_it or not remedy:
        return UserError(_without_effect(message), f"Correct `{name}`; `{_called(context)} --help` explains it.")
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    return UserError(
        f"`{name}` cannot be `{redacted(value)}`, so nothing was done.", did_you_mean(value, choices) or remedy
    )


def _takes(kind: click.ParamType[Any]) -> str:
    """The remedy that says what a parameter takes; empty if its name says so."""
    if isinstance(kind, click.Choice):
        return f"Write {_alternatives(kind.choices)}."
    if isinstance(kind, click.IntRange):
        return f"Write a whole number from {kind.min} up."
    return ""


def _alternatives(values: Iterable[str]) -> str:
    *first, last = (f"`{value}`" for value in values)
    return f"{', '.join(first)} or {last}" if first else last


def _subcommand(group: click.Context) -> click.Context:
    """The context of the subcommand that is called; else the one of the group itself."""
    name = group.invoked_subcommand
    command = group.command.get_command(group, name) if isinstance(group.command, click.Group) and name else None
    return group if command is None else click.Context(command, parent=group, info_name=name)


def _called(context: click.Context) -> str:
    """The command as it is typed, without what it was called with."""
    if context.parent is None:
        return "paletteai"
    return f"{_called(context.parent)} {context.info_name}"


def _form(context: click.Context) -> str:
    """The command with its arguments."""
    arguments = (each for each in context.command.params if isinstance(each, click.Argument))
    return " ".join([_called(context), *(each.make_metavar(context) for each in arguments)])


def _options(context: click.Context) -> Iterator[click.Option]:
    return (each for each in context.command.get_params(context) if isinstance(each, click.Option))


def _without_effect(message: str) -> str:
    """A message of click's, or of an option's own check, as a fact with its consequence."""
    return f"{redacted(message[:1].lower() + message[1:].rstrip('.'))}, so nothing was done."

"""The commands that texts name, and whether the programs that they call would take them.

In a text a command stands in backticks; in a block of a page it is a line of `sh`, or stands after `$ `, after two
spaces or in a comment. It begins with the name of a program. A word in capitals stands for what the reader knows.
"""

from __future__ import annotations

import ast
import functools
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click

from paletteai_components.cli import main
from paletteai_components.errors import UserError
from support.checkout import ROOT

PROGRAMS = ("paletteai", "pulumi", "kubectl", "git", "make")
_COMMAND = rf"(?:\.venv/bin/)?(?:{'|'.join(PROGRAMS)})\s[^\s=].*?"
_SPAN = re.compile(rf"`({_COMMAND}|[^`]*&& {_COMMAND})`", re.DOTALL)
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(rf"(?:\$ |  |.*?#\s+)({_COMMAND})")
_STATEMENT = re.compile(r"\.venv/bin/|[a-z]+ ")

# What the texts use of the real CLI, each subcommand with its flags. `=` means that a flag takes a value.
_ANYWHERE = {"--cwd=", "--stack="}
PULUMI = {
    "cancel": set(),
    "config": {"--json", "--show-secrets"},
    "config set": {"--secret", "--path"},
    "destroy": set(),
    "install": set(),
    "login": set(),
    "new": {"--generate-only", "--name="},
    "package add": set(),
    "policy publish": set(),
    "preview": {"--diff", "--json", "--policy-pack=", "--policy-pack-config=", "--refresh"},
    "refresh": {"--clear-pending-creates"},
    "stack change-secrets-provider": set(),
    "stack export": {"--file="},
    "stack import": {"--file="},
    "stack init": set(),
    "stack ls": set(),
    "stack output": {"--json"},
    "stack rm": {"--force", "--preserve-config"},
    "state unprotect": set(),
    "up": {"--policy-pack=", "--refresh", "--skip-preview"},
    "version": set(),
    "whoami": {"--verbose"},
}
# What acts on the stack that happens to be selected if none is named.
_ACTS = {
    "cancel",
    "config set",
    "destroy",
    "refresh",
    "stack change-secrets-provider",
    "stack export",
    "stack import",
}


class Unusable(Exception):
    """A program would refuse a command."""


def commands_in(text: str) -> list[str]:
    """The commands in a text, in order."""
    return [" ".join(found.split()) for found in _SPAN.findall(text)]


def commands_on(page: str) -> list[str]:
    """The commands on a page of Markdown."""
    found = commands_in(_BLOCK.sub("", page))
    for _, kind, block in _BLOCK.findall(page):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            statement = line.strip() if kind == "sh" else ""
            if match := _LINE.fullmatch(line):
                statement = match[1]
            if _STATEMENT.match(statement):
                found.append(statement)
            found += commands_in(line)
    return found


def commands_of(module: Path) -> Iterator[str]:
    """The commands in the texts of a module; `X` stands for what is put into one."""
    for node in _texts_of(module):
        yield from commands_in(_flat(node))
    yield from (_flat(call) for call in calls_of(module))


def calls_of(module: Path) -> Iterator[ast.Call]:
    """The calls in a module that put a command together."""
    for node in _nodes_of(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"command", "git_command"}:
            texts = [each for each in node.args if isinstance(each, ast.Constant | ast.JoinedStr)]
            if (texts and _STATEMENT.match(_flat(texts[0]))) or "git_command" in ast.unparse(node.func):
                yield node


def hand_made(module: Path) -> Iterator[str]:
    """The commands in a module's texts into which something is put that is no word of a shell."""
    for node in _texts_of(module):
        if isinstance(node, ast.JoinedStr):
            parts = {
                f"«{position}»": each.value
                for position, each in enumerate(node.values)
                if isinstance(each, ast.FormattedValue)
            }
            text = "".join(
                str(each.value) if isinstance(each, ast.Constant) else f"«{position}»"
                for position, each in enumerate(node.values)
            )
            for found in commands_in(text):
                put_in = [value for mark, value in parts.items() if mark in found]
                if any(not ast.unparse(value).startswith(("word(", "shell.word(")) for value in put_in):
                    yield found


@functools.cache
def check(line: str) -> None:
    """Whether a shell understands a command, and the programs that it calls do. Raises Unusable."""
    shell = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
    if shell.returncode:
        raise Unusable(f"bash: {shell.stderr.strip()}")
    for words in _calls_in(line):
        program, *arguments = words
        match program.removeprefix(".venv/bin/"):
            case "paletteai":
                _check_paletteai(arguments)
            case "pulumi":
                _check_pulumi(arguments)
            case "kubectl":
                _check_kubectl(arguments)
            case "git":
                _check_git(arguments)
            case "make":
                _check_make(arguments)


def stacks_in(line: str) -> set[str]:
    """The stacks that a command names, such as `acme.dev`."""
    return {
        word
        for program, *arguments in _calls_in(line)
        if program.removeprefix(".venv/bin/") in ("paletteai", "pulumi")
        for word in arguments
        if re.fullmatch(r"[a-z]+\.[a-z]+", word)
        and not word.endswith((".yaml", ".json", ".html", ".md", ".mmd", ".sarif", ".xml"))
    }


def _calls_in(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&<>")
    lexer.whitespace_split = True
    calls: list[list[str]] = [[]]
    skipped = False
    for token in lexer:
        if skipped:
            skipped = False
        elif token in (">", ">>", "<"):
            skipped = True
        elif token == "<(":
            calls[-1].append("/dev/fd/63")
            calls.append([])
        elif set(token) <= set("();|&<>"):
            calls.append([])
        else:
            calls[-1].append(token)
    return [call for call in calls if call]


def _check_paletteai(arguments: list[str]) -> None:
    # What has to be a number or a slice has no other placeholder than these.
    placeholders = {"N": "1", "K/N": "1/1", "$SLICE": "1/1", "SECRET/KEY": "secret/key"}
    arguments = [placeholders.get(each, each) for each in arguments]
    try:
        context = main.make_context("paletteai", arguments)
        while isinstance(context.command, click.Group):
            with context:
                name, command, rest = context.command.resolve_command(
                    context, [*context._protected_args, *context.args]
                )
                assert command is not None
                context = command.make_context(name, rest, parent=context)
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
        return
    except click.MissingParameter as error:
        # The name of a command alone is no command to run.
        if arguments != [*context.command_path.split()[1:], name]:
            raise Unusable(f"paletteai: {error.format_message()}") from None
    except click.BadParameter as error:
        # A word in capitals stands for one of the choices.
        is_choice = error.param is not None and isinstance(error.param.type, click.Choice)
        if not (is_choice and re.match(r"'[A-Z]+' is not", error.message)):
            raise Unusable(f"paletteai: {error.format_message()}") from None
    except click.UsageError as error:
        raise Unusable(f"paletteai: {error.format_message()}") from None
    except UserError as error:
        raise Unusable(f"paletteai: {error.message}") from None


def _check_pulumi(arguments: list[str]) -> None:
    words: list[str] = []
    flags: list[str] = []
    takes_value = {flag for each in (_ANYWHERE, *PULUMI.values()) for flag in each if flag.endswith("=")}
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif argument.startswith("-"):
            name, equals, _ = argument.partition("=")
            flags.append(f"{name}=" if f"{name}=" in takes_value else name)
            if f"{name}=" in takes_value and not equals and next(rest, None) is None:
                raise Unusable(f"pulumi: {name} needs a value")
        else:
            words.append(argument)
    subcommand = next((each for each in (" ".join(words[:2]), *words[:1]) if each in PULUMI), None)
    if subcommand is None:
        raise Unusable(f"pulumi has no command {words[:2]}, or it is not in the table")
    values = words[len(subcommand.split()) :]
    if unknown := set(flags) - PULUMI[subcommand] - _ANYWHERE:
        raise Unusable(f"pulumi {subcommand} has no {unknown}, or it is not in the table")
    if subcommand in _ACTS and (flags or values) and "--stack=" not in flags and subcommand != "cancel":
        raise Unusable(f"pulumi {subcommand} names no stack, so it acts on the selected one")
    if subcommand == "config set" and flags and len(values) != (1 if "--secret" in flags else 2):
        raise Unusable("pulumi config set --secret asks for its value; without --secret, it takes the value, too")


def _check_kubectl(arguments: list[str]) -> None:
    words = [each for each in arguments if not each.startswith("-")]
    known = _printed("kubectl", "options")
    subcommand: list[str] = []
    for word in words:
        text = _printed("kubectl", *subcommand, word, "--help")
        if "\nUsage:\n" not in text or f"kubectl {' '.join([*subcommand, word])} " not in text:
            continue
        subcommand.append(word)
        known += text
    if not subcommand:
        raise Unusable(f"kubectl has no command {words[:1]}")
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag.startswith("-") and flag != "-" and not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", known):
            raise Unusable(f"kubectl {' '.join(subcommand)} has no {flag}")


def _check_git(arguments: list[str]) -> None:
    if arguments[:1] == ["-C"]:
        arguments = arguments[2:]
    subcommand, *rest = arguments
    text = _printed("git", subcommand, "-h")
    if "usage: " not in text:
        raise Unusable(f"git has no command {subcommand}")
    for flag in (each.partition("=")[0] for each in rest if each.startswith("--") and each != "--"):
        plain = flag.removeprefix("--no-").removeprefix("--")
        if not re.search(rf"--(\[no-\]|no-)?{re.escape(plain)}\b", text):
            raise Unusable(f"git {subcommand} has no {flag}")


def _check_make(arguments: list[str]) -> None:
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable(done.stderr.strip())


@functools.cache
def _printed(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@functools.cache
def _nodes_of(module: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def _texts_of(module: Path) -> Iterator[ast.Constant | ast.JoinedStr]:
    """The texts in a module, each once: the parts of one are not texts of their own."""
    parts: set[int] = set()
    for node in _nodes_of(module):
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node


def _flat(node: ast.expr) -> str:
    """A text, or a call that makes a command, with `X` for what is put in."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values)
        case ast.Call():
            words = [_flat(each) for each in node.args]
            if "git_command" in ast.unparse(node.func):
                words[0] = "git"
            options = [f"--{each.arg} X" for each in node.keywords]
            return " ".join([*words[:1], *options, *words[1:]]) if words[0] != "git" else " ".join(words)
    return "X"

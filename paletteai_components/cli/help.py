"""The help of a command, like a page of a manual: with examples, exit codes and what to read next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from paletteai_components.cli.manual import Page

# The options of a command stand first, without those of a group.
_GROUPS = {
    "Stacks": ("--stacks", "--env", "--cluster", "--since", "--slice"),
    "Cluster": ("--context", "--kubeconfig", "--no-secrets"),
    "PaletteAI": ("--vendor-field", "--merged-settings"),
    "Problems": ("--select", "--ignore", "--fail-on", "--statistics"),
    "Output": ("--format", "--output", "--limit", "--source-url", "--rules-url", "--verbose", "--quiet", "--color"),
}
_GROUP_OF = {option: group for group, options in _GROUPS.items() for option in options}


class Command(click.Command):
    """A command with a page in the manual."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, the options by what they are about, and the commands of a group."""
        from paletteai_components.cli.manual import ARGUMENTS

        page = _page(ctx)
        given = [each.make_metavar(ctx) for each in self.params if isinstance(each, click.Argument)]
        arguments = {**ARGUMENTS, **dict(page.arguments)}
        _write_list(formatter, "Arguments", [(name, arguments[name]) for name in given])
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], **{group: [] for group in _GROUPS}}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record is not None:
                group = next((_GROUP_OF[name] for name in option.opts if name in _GROUP_OF), "Options")
                sections[group].append(record)
        for group, records in sections.items():
            _write_list(formatter, group, records)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, exit codes, and where to read on."""
        from paletteai_components.cli.manual import SITE

        page = _page(ctx)
        if page.examples:
            with formatter.section("Examples"):
                for position, (example, meaning) in enumerate(page.examples):
                    if position:
                        formatter.write_paragraph()
                    formatter.write_text(f"# {meaning}")
                    # An example is pasted as it is, so it is never wrapped.
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        _write_list(formatter, "Exit codes", [(str(code), meaning) for code, meaning in page.exit_codes.items()])
        with formatter.section("See also"):
            for line in (*(f"paletteai {name} --help" for name in page.also), f"{SITE}{page.address}"):
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def _write_list(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _page(ctx: click.Context) -> Page:
    from paletteai_components.cli.manual import PAGES

    names = []
    while ctx.parent is not None:
        names.append(ctx.info_name or "")
        ctx = ctx.parent
    return PAGES[" ".join(reversed(names))]

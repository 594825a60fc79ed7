"""`paletteai init`: a repository for the stack files of a platform team."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import __version__, shell
from paletteai_components.changes.git import GitError, run, top_of
from paletteai_components.cli.files import write_together
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.paragraph import paragraphs_on
from paletteai_components.cli.output.report import plural
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError
from paletteai_components.repository import HOSTS, files_for, host_named_by
from paletteai_components.repository.record import RECORD, Record
from paletteai_components.stacks.files import bytes_of
from paletteai_components.stacks.pulumi_project import project_file_in

if TYPE_CHECKING:
    from paletteai_components.repository.upgrade import Change, Kind

_BESIDE = ".new"
"""What is added to the name of a file for a newer version of it, where there are changes of its owner's."""


@click.command("init", cls=Command)
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option(
    "--ci",
    "chosen",
    type=click.Choice([*HOSTS, "none"]),
    help="The host to write workflows for.  [default: that of the git remote `origin`, else none]",
)
@click.option(
    "--keep", is_flag=True, help="Keep the files that exist already, and write their counterparts beside them."
)
@click.option("--upgrade", is_flag=True, help="Show as a diff what this version would write differently.")
@click.option("--write", is_flag=True, help="with --upgrade: Write it.")
def command(folder: Path, chosen: str | None, keep: bool, upgrade: bool, write: bool) -> None:
    """Make a repository for stack files in DIR, or in the current folder.

    It has a Pulumi project, pinned requirements, the workflows of a host, and a README with the next steps. No existing
    file is overwritten: if one is in the way, nothing is written. With --keep, what would be in its place is put beside
    it, with .new after its name, for you to merge.

    With --upgrade, the diff goes to standard output, as git apply reads it. With --write, the files are replaced that
    nobody has changed since they were written; a newer version of another is put beside it, as with --keep.
    """
    if write and not upgrade:
        raise UserError("`--write` is for `--upgrade`, so nothing was written.", "Leave it out, or add `--upgrade`.")
    if keep and upgrade:
        raise UserError("`--upgrade` keeps what you have changed, so nothing was done.", "Leave out `--keep`.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is not a folder, so nothing was written.", "Name a folder, which need not exist.")
    if upgrade:
        _upgrade(folder, chosen, write)
    else:
        _make(folder, chosen, keep)


def _make(folder: Path, chosen: str | None, keep: bool) -> None:
    if os.path.lexists(folder / RECORD):
        raise UserError(
            f"{folder / RECORD} says that this is such a repository already, so nothing was written.",
            f"`{shell.command('paletteai init --upgrade', *_named(folder))}` shows what this version would change.",
        )
    top = _repository_around(folder)
    at_top = top is None or top == folder.resolve()
    host = _host_for(folder, chosen, top, at_top)
    files = files_for(host, at_top=at_top)
    record = Record.of(__version__, host, files)
    present = _present(folder, files)
    kept = sorted(path for path, content in present.items() if content != files[path])
    if kept and not keep:
        several = len(kept) > 1
        raise UserError(
            f"{_listed(folder, kept)} {'exist' if several else 'exists'} already and "
            f"{'differ' if several else 'differs'} from what would be written, so nothing was written.",
            f"`{shell.command('paletteai init --keep', *_named(folder), ci=chosen)}` keeps "
            f"{'them' if several else 'it'} and writes the others.",
        )
    _refuse_earlier(folder, kept)
    new = {path: content for path, content in files.items() if path not in present}
    new |= {f"{path}{_BESIDE}": files[path] for path in kept}
    new[RECORD] = record.to_bytes()
    write_together([(folder / path, None, content) for path, content in new.items()])
    _say(f"Wrote {plural(len(new), 'file')} to {escaped(str(folder))}:")
    for path in sorted(new):
        click.echo(f"  {path}")
    for path in kept:
        _say(f"{path} was kept. Merge {path}{_BESIDE} into it, then remove {path}{_BESIDE}.")
    _show_next(folder, host, top, at_top)


def _show_next(folder: Path, host: str | None, top: Path | None, at_top: bool) -> None:
    click.echo()
    if host is None:
        adding = shell.command("paletteai init --upgrade --write", *_named(folder), ci="HOST")
        _say(
            f"There are no workflows; `{adding}` adds those for github or gitlab."
            if at_top
            else f"There are no workflows: hosts read them at the top of a repository, which is {escaped(str(top))}."
        )
    else:
        _say(f"README.md says what to set on {HOSTS[host]} before the first push.")
    _say("Next:")
    click.echo()
    steps = [] if folder == Path() else [f"cd {shell.word(shell.as_typed(folder))}"]
    steps += [] if top is not None else ["git init"]
    for step in (*steps, "bash .ci/install", ".venv/bin/paletteai new TENANT ENV"):
        click.echo(f"  {step}")


def _upgrade(folder: Path, chosen: str | None, write: bool) -> None:
    from paletteai_components.repository.upgrade import Kind, changes, patch

    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}, so nothing was compared.", "Name the folder of a repository.")
    record = _record_in(folder)
    if record is None and project_file_in(folder) is None:
        raise UserError(
            f"there is neither {RECORD} nor a Pulumi project in {folder}, so nothing was compared.",
            f"`{shell.command('paletteai init', *_named(folder))}` makes a repository there.",
        )
    top = _repository_around(folder)
    at_top = top is None or top == folder.resolve()
    if record is not None and record.is_newer_than(__version__):
        raise UserError(
            f"{folder / RECORD} is of version {record.version}, and this is {__version__}, so nothing was compared.",
            f"Run version {record.version} or a newer one.",
        )
    host = _recorded_host(folder, record) if chosen is None else _host_for(folder, chosen, top, at_top)
    files = files_for(host, at_top=at_top)
    recorded = record.digests if record is not None else {}
    inside = [path for path in {**files, **recorded} if not Path(path).is_absolute() and ".." not in Path(path).parts]
    found = changes(_present(folder, inside), files, record)
    if not write:
        _show(patch(found))
    by_kind = {kind: [each for each in found if each.kind is kind] for kind in Kind}
    if write:
        _write_upgrade(folder, by_kind[Kind.ADD] + by_kind[Kind.REPLACE], by_kind[Kind.MERGE], record, host, files)
    _summarize(folder, by_kind, write)


def _write_upgrade(
    folder: Path,
    replaced: Sequence[Change],
    beside: Sequence[Change],
    record: Record | None,
    host: str | None,
    files: dict[str, bytes],
) -> None:
    _refuse_earlier(folder, [each.path for each in beside])
    now = Record.of(__version__, host, files).to_bytes()
    before = None if record is None else (folder / RECORD).read_bytes()
    written = [(folder / each.path, each.old, each.new or b"") for each in replaced]
    written += [(folder / f"{each.path}{_BESIDE}", None, each.new or b"") for each in beside]
    # The record is the last: with it, what is beside a file is not shown again.
    write_together([*written, *([(folder / RECORD, before, now)] if now != before else [])])


def _refuse_earlier(folder: Path, kept: Iterable[str]) -> None:
    """Raise UserError if there is something already where the counterparts of kept files would be."""
    in_the_way = [f"{path}{_BESIDE}" for path in kept if os.path.lexists(folder / f"{path}{_BESIDE}")]
    if in_the_way:
        raise UserError(
            f"{_listed(folder, in_the_way)} {'exist' if len(in_the_way) > 1 else 'exists'} already, so nothing was "
            "written.",
            "Merge what an earlier call has left there, then remove it.",
        )


def _summarize(folder: Path, by_kind: dict[Kind, list[Change]], written: bool) -> None:
    from paletteai_components.repository.upgrade import Kind

    replaced, beside = by_kind[Kind.ADD] + by_kind[Kind.REPLACE], by_kind[Kind.MERGE]
    for each in by_kind[Kind.DROP]:
        _say(f"{escaped(each.path)} is not written any more: remove it, unless something of yours needs it.", err=True)
    if not any(by_kind.values()):
        _say(f"There is nothing to upgrade: version {__version__} writes the same.", err=True)
        return
    names = ", ".join(each.path for each in sorted(replaced, key=lambda each: each.path))
    if names:
        _say(f"{'Wrote' if written else f'Version {__version__} would write'} {names}.", err=True)
    for each in beside:
        path = escaped(each.path)
        _say(
            f"Wrote {path}{_BESIDE}: {path} has changes of your own. Merge the two, then remove {path}{_BESIDE}."
            if written
            else f"{path} has changes of your own, so `--write` would write {path}{_BESIDE} beside it.",
            err=True,
        )
    if (replaced or beside) and not written:
        writing = shell.command("paletteai init --upgrade --write", *_named(folder))
        _say(f"`{writing}` does that.", err=True)


def _record_in(folder: Path) -> Record | None:
    path = folder / RECORD
    if not os.path.lexists(path):
        return None
    # A link may lead to a file without an end.
    content = bytes_of(path) if path.is_file() and not path.is_symlink() else b""
    return Record.read(content, str(path))


def _recorded_host(folder: Path, record: Record | None) -> str | None:
    """The host of the workflows that are there."""
    if record is not None:
        return record.host
    present = {"github": folder / ".github" / "workflows" / "check.yaml", "gitlab": folder / ".gitlab-ci.yml"}
    return next((host for host, file in present.items() if file.is_file()), None)


def _host_for(folder: Path, chosen: str | None, top: Path | None, at_top: bool) -> str | None:
    """The host to write workflows for.

    Raises:
        UserError: One is chosen, and would not read them where they are.
    """
    if chosen in HOSTS and not at_top:
        raise UserError(
            f"{HOSTS[chosen]} reads workflows at the top of a repository, and {folder} is inside of {top}, so nothing "
            "was written.",
            "Leave out `--ci`, and write workflows of your own; or name a folder outside of the repository.",
        )
    if chosen is not None:
        return None if chosen == "none" else chosen
    if top is None or not at_top:
        return None
    try:
        code, address, _ = run(top, "remote", "get-url", "origin")
    except GitError:
        return None
    return None if code else host_named_by(address)


def _repository_around(folder: Path) -> Path | None:
    """The top of the git repository that a folder, which may not exist, is or would be in."""
    return top_of(next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists()))


def _present(folder: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """What is there of some paths. Of what is not a file, there is something that no version writes."""
    found = {}
    for path in paths:
        place = folder / path
        above = [each for each in place.parents if each != folder and each.is_relative_to(folder)]
        if any(os.path.lexists(each) and (os.path.islink(each) or not each.is_dir()) for each in above):
            found[path] = b"\0"
        elif os.path.lexists(place):
            found[path] = place.read_bytes() if place.is_file() and not place.is_symlink() else b"\0"
    return found


def _show(lines: Iterable[str]) -> None:
    """Print a patch: as it is, or in colours on a terminal, which its text must not control."""
    if not sys.stdout.isatty():
        click.echo("".join(lines).encode(errors="surrogateescape"), nl=False)
        return
    colours = {"-": "red", "+": "green", "@": "cyan"}
    for each in lines:
        for line in each.removesuffix("\n").split("\n"):
            # Each character alone: no two of them are a command to a terminal.
            click.echo(click.style("".join(map(escaped, line)), fg=colours.get(line[:1])))


def _listed(folder: Path, paths: Iterable[str]) -> str:
    return ", ".join(str(folder / path) for path in paths)


def _named(folder: Path) -> tuple[Path, ...]:
    """The argument that names a folder in a command; none for the current one."""
    return () if folder == Path() else (folder,)


def _say(text: str, *, err: bool = False) -> None:
    for line in paragraphs_on(sys.stderr if err else sys.stdout)(text, "  "):
        click.echo(line, err=err)

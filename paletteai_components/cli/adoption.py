"""The stack files that `adopt` writes: what is at their places already, and the keys that Pulumi encrypts for them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.files import replace, write_new
from paletteai_components.cli.output.report import plural, show_error
from paletteai_components.cli.output.waiting import watched
from paletteai_components.credentials import ApiKey
from paletteai_components.diagnostics import StackFileError, escaped
from paletteai_components.encryption import PROVIDER_KEYS
from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.redaction import redacted
from paletteai_components.stacks.files import bytes_of, document_in
from paletteai_components.stacks.stack_file import stack_from_document

if TYPE_CHECKING:
    from paletteai_components.changes.adoption import Adopted, Draft
    from paletteai_components.stacks.folder import StackFolder

_STACK_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a stack file, and what is there."""

    path: Path
    document: Document | None = None
    """What the file says that is there; None if there is none."""
    text: str = field(default="", repr=False)
    """Its text."""

    @property
    def provider(self) -> dict[str, str]:
        """How the stack encrypts, as Pulumi wrote it into the file."""
        value = self.document.value if self.document else {}
        return {key: str(value[key]) for key in PROVIDER_KEYS if value.get(key)}

    @property
    def is_begun(self) -> bool:
        """Whether the file has only what `pulumi stack init` writes, so that the rest can be written before it."""
        if self.document is None or not self.document.value.keys() <= set(PROVIDER_KEYS):
            return False
        try:
            return bool(
                document_from(f"config: {{}}\n{self.text}".encode(), "").value == {"config": {}, **self.document.value}
            )
        except StackFileError:
            return False

    def rest(self, provider: Mapping[str, str]) -> str:
        """What Pulumi writes into the file, as it stands there, with what is missing of how the stack encrypts."""
        lines = self.text.splitlines(keepends=True)
        kept = lines if self.is_begun else [line for line in lines if line.partition(":")[0] in PROVIDER_KEYS]
        text, more = "".join(kept), {key: value for key, value in provider.items() if key not in self.provider}
        if more and text and not text.endswith("\n"):
            text += "\n"
        return text + (yaml_of([more]).removeprefix("---\n") if more else "")


@dataclass(frozen=True, slots=True)
class Filed:
    """A stack file, and its place."""

    adopted: Adopted
    place: Place


def filed(drafts: Sequence[Draft], folder: StackFolder, project: Path | None) -> Iterator[Filed | UserError]:
    """The files of drafts, in order; for one that cannot be written, the error.

    Args:
        drafts: What the files declare.
        folder: Their folder.
        project: The folder of the Pulumi project, where their keys are encrypted; None if they have none.
    """

    def one(draft: Draft) -> Filed | UserError:
        try:
            return _filed(draft, folder, project)
        except UserError as error:
            return error

    if project is None:
        yield from map(one, drafts)
        return
    from paletteai_components.deployment.runs import default_parallel

    with ThreadPoolExecutor(default_parallel()) as pool:
        # Each run of pulumi waits for its backend most of the time.
        futures: list[Future[Filed | UserError]] = [pool.submit(copy_context().run, one, draft) for draft in drafts]
        try:
            yield from watched((future.result() for future in futures), len(futures), "encrypting keys")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _filed(draft: Draft, folder: StackFolder, project: Path | None) -> Filed:
    from paletteai_components.changes.adoption import adopted

    place = _place_of(draft, folder)
    provider: Mapping[str, str] = place.provider
    if project is not None:
        from paletteai_components.deployment.encryption import encrypted_keys

        keys = draft.keys()
        ciphertexts = _known_ciphertexts(draft, keys, place, folder)
        if new := {name: key for name, key in keys.items() if name not in ciphertexts}:
            encrypted = encrypted_keys(draft.name, new, project, provider)
            ciphertexts |= encrypted.ciphertexts
            provider = encrypted.provider
        draft = draft.encrypted(ciphertexts)
    return Filed(adopted(draft, place.rest(provider), is_new=place.document is None or place.is_begun), place)


def _place_of(draft: Draft, folder: StackFolder) -> Place:
    if len(draft.name) > _STACK_LIMIT:
        fact = f"stack `{escaped(draft.name)}` has {len(draft.name)} characters, but Pulumi allows {_STACK_LIMIT}"
        raise UserError(f"{fact}, so its file was not written.", "Choose a shorter `--env ENV`.")
    path = folder.path / draft.file
    if not os.path.lexists(path):
        return Place(path)
    return Place(path, document_in(path), bytes_of(path).decode(errors="replace"))


def _known_ciphertexts(draft: Draft, keys: Mapping[str, str], place: Place, folder: StackFolder) -> dict[str, str]:
    """The ciphertexts of keys that the file has already. Encrypted again, a key would get another one."""
    if place.document is None:
        return {}
    there = stack_from_document(place.document, folder.project).integrations
    found = {}
    for name, key in keys.items():
        sealed = there[name].api_key if name in there else None
        if sealed and sealed.ciphertext and there[name].is_proven_by(ApiKey.opened(key), draft.name):
            found[name] = sealed.ciphertext
    return found


def print_file(each: Filed) -> int:
    """Print a file, and return the exit code."""
    click.echo(f"# {escaped(each.adopted.file)}\n{each.adopted.data.decode()}", nl=False)
    return 0


def write_file(each: Filed) -> int:
    """Write a file, or show how the one that is there differs; returns the exit code."""
    adopted, place = each.adopted, each.place
    shown, taken = escaped(str(place.path)), plural(len(adopted.imports), "object")
    try:
        if place.document is None:
            place.path.parent.mkdir(parents=True, exist_ok=True)
            write_new(place.path, adopted.data)
            click.echo(f"Wrote {shown}: {taken} to take over.")
            return 0
        if place.is_begun:
            replace(place.path, place.text.encode(), adopted.data)
            click.echo(f"Completed {shown}: {taken} to take over.")
            return 0
    except UserError as error:
        show_error(error)
        return 2
    if place.text.encode() == adopted.data:
        click.echo(f"{shown} is as it would be written.")
        return 0
    click.echo(f"{shown} exists, so it was left as it is. What would change:")
    for line in _difference(place.text, adopted.data.decode(), shown):
        click.echo(line)
    return 1


def _difference(old: str, new: str, shown: str) -> Iterator[str]:
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), shown, "the cluster", lineterm=""):
        yield redacted(escaped(line))

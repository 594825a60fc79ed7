"""Editor: writes fingerprints into a stack file and leaves the rest of it unchanged.

ruamel.yaml keeps comments, quotes and order. The result is read again, and is used only if it has the old values and
the fingerprints.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import reduce
from io import BytesIO
from operator import getitem
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from paletteai_components.diagnostics import StackFileError
from paletteai_components.errors import UserError
from paletteai_components.model.spec import FingerprintSpec
from paletteai_components.pulumi_yaml.document import Document, Path, document_from
from paletteai_components.redaction import named
from paletteai_components.stacks.sources import Sources

_BOM = b"\xef\xbb\xbf"


def with_fingerprints(data: bytes, read: Document, fingerprints: Mapping[str, FingerprintSpec]) -> bytes:
    """The bytes of a stack file with the fingerprints added.

    Args:
        data: The bytes of the file.
        read: The document in those bytes.
        fingerprints: The fingerprints, by the keys of their integrations.

    Returns:
        The new bytes.

    Raises:
        UserError: The file is written in a way that cannot be edited safely.
    """
    _, path = Sources((read,)).found(("integrations",)) or (read, ("config", "integrations"))
    result = _edited(data, path, fingerprints)
    if result is None or _parsed(result, read.file) != _expected(read, path, fingerprints):
        raise _uneditable(read.file, fingerprints)
    return result


def _edited(data: bytes, path: Path, fingerprints: Mapping[str, FingerprintSpec]) -> bytes | None:
    text = data.removeprefix(_BOM).decode()
    yaml: Any = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.line_break = "\r\n" if "\r\n" in text else None
    out = BytesIO()
    try:
        # Comments would keep their own carriage returns beside those of the line break.
        document, indent, dash = load_yaml_guess_indent(text.replace("\r\n", "\n"), yaml=yaml)
        step = _mapping_indent(text)
        yaml.indent(mapping=step, sequence=indent or step, offset=dash or 0)
        integrations = reduce(getitem, path, document)
        for name, fingerprint in fingerprints.items():
            _set_fingerprint(integrations[name], fingerprint)
        yaml.dump(document, out)
    except (YAMLError, KeyError, TypeError, ValueError):
        return None
    return (_BOM if data.startswith(_BOM) else b"") + out.getvalue()


def _set_fingerprint(integration: CommentedMap, fingerprint: FingerprintSpec) -> None:
    value = CommentedMap({name: DoubleQuotedScalarString(text) for name, text in fingerprint.model_dump().items()})
    value.fa.set_flow_style()
    if "fingerprint" in integration:
        integration["fingerprint"] = value
    else:
        integration.insert(list(integration).index("apiKey") + 1, "fingerprint", value)


def _mapping_indent(text: str) -> int:
    """The indentation of the entries of `config`, which Pulumi uses for the complete file."""
    lines = iter(text.splitlines())
    inside = any(line.startswith("config:") for line in lines)
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "") if inside else ""
    return len(first) - len(first.lstrip()) or 2


def _expected(read: Document, path: Path, fingerprints: Mapping[str, FingerprintSpec]) -> Any:
    value = deepcopy(read.value)
    integrations = reduce(getitem, path, value)
    for name, fingerprint in fingerprints.items():
        # An integration in the project file is not in this file, so the result will differ.
        integrations.setdefault(name, {})["fingerprint"] = fingerprint.model_dump(by_alias=True)
    return value


def _parsed(data: bytes, file: str) -> Any:
    try:
        return document_from(data, file).value
    except StackFileError:
        return None


def _uneditable(file: str, fingerprints: Mapping[str, FingerprintSpec]) -> UserError:
    lines = [f"    {named(name)}: fingerprint: {_flow_mapping(each)}" for name, each in fingerprints.items()]
    fact = f"{file} is written in a way that this command cannot edit, so it was left unchanged."
    return UserError(fact, "\n".join(["Add these lines:", *lines]))


def _flow_mapping(fingerprint: FingerprintSpec) -> str:
    fields = (f'{name}: "{text}"' for name, text in fingerprint.model_dump(by_alias=True).items())
    return f"{{{', '.join(fields)}}}"

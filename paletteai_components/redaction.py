"""Redaction: how a declared text is printed, since somebody may have pasted a key into it.

A key cannot be recognised for certain. A word counts as a key if it has a known prefix, or is long and mixes letters
and digits as no name does. The reader of a message loses nothing: it gives the location in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

REDACTED = "<redacted>"

SHORTEST_KEY = 16
"""The length of the shortest word that can count as a key."""

# The length of the longest name in Kubernetes.
_LIMIT = 253
_NAME = re.compile(r"[\w ./:@()\[\]\\,+-]*")
_WORD = re.compile(r"[\w.+=~-]+")
_ONE_WORD = re.compile(r"[\w.+/=~-]{16,256}")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_PIECE = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
# A name as programs write it: `huggingFaceSecretName`. Random letters hardly ever have no capitals closer than that.
_CAMEL_CASE = re.compile(r"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})+")
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_|nvapi-|gh[oprsu]_|github_pat_|glpat-|sk-|xox[a-z]-|AKIA|ASIA|AIza|npm_|dckr_pat_|hvs\.|pul-)"
    r"([A-Za-z0-9_-]{12,})"
)
# The IDs of objects in Palette and other document stores.
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")
_DIGEST_FIELD = re.compile(r"(?i)checksum|hash|digest|commit|revision|(?<![a-z])(?:version|git|sha)(?![a-z])")
_IMAGE_DIGEST = re.compile(r"(?:sha\d+|md5)[:-][0-9a-f]+")


def named(text: str) -> str:
    """A declared name as messages and views print it: redacted if it is not a name or looks like a key."""
    return redacted(text) if _NAME.fullmatch(text) else REDACTED


def redacted(text: str) -> str:
    """Any text with the words redacted that look like keys, shortened to the length of a name."""
    if len(text) < SHORTEST_KEY:
        return text
    text = _WORD.sub(lambda word: REDACTED if _is_key(word[0]) else word[0], text)
    return text if len(text) <= _LIMIT else f"{text[: _LIMIT // 2]}…{text[-(_LIMIT // 2) :]}"


def holds_key(value: Any, name: str = "") -> bool:
    """Whether a value, or anything in it, has a word that looks like a key. The `name` of its field tells a digest."""
    match value:
        case str() if len(value) >= SHORTEST_KEY:
            return not _is_digest(value, name) and any(map(_is_key, _WORD.findall(_IMAGE_DIGEST.sub("", value))))
        case Mapping():
            return any(holds_key(key) or holds_key(inner, key) for key, inner in value.items())
        case list() | tuple():
            return any(holds_key(inner, name) for inner in value)
    return False


def looks_like_key(text: str, name: str = "") -> bool:
    """Whether a text in the field `name` is one word that looks like a key, or has a word with a known prefix."""
    if len(text) < SHORTEST_KEY:
        return False
    text = text.strip()
    return holds_key(text, name) if _ONE_WORD.fullmatch(text) else any(map(_has_prefix, _WORD.findall(text)))


def _is_digest(text: str, name: str) -> bool:
    return _DIGEST.fullmatch(text) is not None and _DIGEST_FIELD.search(name) is not None


def _is_key(word: str) -> bool:
    return len(word) >= SHORTEST_KEY and (_has_prefix(word) or any(map(_is_random, _RUN.findall(word))))


def _has_prefix(word: str) -> bool:
    return any(map(_is_generated, _PREFIXED.findall(word))) or ("eyJ" in word and _is_web_token(word))


def _is_web_token(word: str) -> bool:
    parts = word.split(".")
    return any("eyJ" in part and len(part) > 10 and len(after) >= 8 for part, after in pairwise(parts))


def _is_generated(rest: str) -> bool:
    """Whether the text after a prefix is not made of words: `sk-production-eu1` is a name."""
    mixed = rest.lower() != rest != rest.upper() or _RUN.search(rest) is not None
    return mixed and any(map(str.isdigit, rest))


def _is_random(run: str) -> bool:
    """Whether letters and digits alternate as often as in random text."""
    if _CAMEL_CASE.fullmatch(run):
        return False
    pieces = len(_PIECE.findall(run))
    if run.isdigit() or run.lower() != run != run.upper():
        return pieces * 2 >= len(run) or (len(run) >= 20 and pieces * 3 >= len(run))
    return len(run) >= 20 and pieces * 5 >= len(run) and not _OBJECT_ID.fullmatch(run)

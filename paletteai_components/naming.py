"""Names: which ones Kubernetes and PaletteAI accept, this package's defaults, and the name that a user meant.

The default names are an interface. Kubernetes cannot rename an object, so changing a default replaces objects on
clusters.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from paletteai_components.diagnostics import escaped
from paletteai_components.redaction import named

DEFAULT_SETTINGS = "default"
# Of an RFC 1123 label, and of the value of a label in Kubernetes.
NAME_LIMIT = 63
_SUBDOMAIN_LIMIT = 253

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_BESIDE_A_DOT = re.compile(r"\.[.-]|-\.")
_DISPLAY_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ]*[A-Za-z0-9])?")
_SEPARATORS = re.compile(r"[ _.]+")
_SEPARATORS_OF_WORDS = re.compile(r"[ _./:-]")
# So many names that are equally near are asked for.
_ASKED = 3
# One other letter in a word of so many letters is a slip; in a shorter one, it may be meant.
_LONG = 5
_SYSTEM_NAMESPACE = "mural-system"
# A pattern holds the signs of a glob or of a regular expression.
_PATTERN = re.compile(r"[a-z0-9*?.^$|()\[\]{}+\\-]+")


def tenant_namespace(tenant: str) -> str:
    """The namespace that PaletteAI creates for a Tenant, ``tenant-<name>``."""
    return f"tenant-{tenant}"


def secret_name(settings: str) -> str:
    """The Secret with the Palette credential of a Settings, ``<settings>-palette``."""
    return f"{settings}-palette"


def label_problem(name: str, limit: int = NAME_LIMIT) -> str | None:
    """Why a name is not an RFC 1123 label; None if it is.

    Kubernetes requires that of namespaces, so of Projects, too. The vendor's documentation says it of Settings.
    """
    if not name:
        return "is empty"
    if len(name) > limit:
        return f"has {len(name)} characters, {limit} are allowed"
    if not _LABEL.fullmatch(name):
        return "is not made of lower-case letters, digits and '-' with a letter or digit at both ends"
    return None


def subdomain_problem(name: str, limit: int = _SUBDOMAIN_LIMIT) -> str | None:
    """Why a name is not an RFC 1123 subdomain, which Kubernetes requires of other objects; None if it is.

    A Tenant's name is also the value of a label, so its limit is `NAME_LIMIT`.
    """
    if not name:
        return "is empty"
    if len(name) > limit:
        return f"has {len(name)} characters, {limit} are allowed"
    if not _SUBDOMAIN.fullmatch(name) or ("." in name and _BESIDE_A_DOT.search(name)):
        return "is not made of lower-case letters, digits, '-' and '.' with a letter or digit at both ends"
    return None


def plain_form(name: str) -> str | None:
    """The RFC 1123 label that a name is in lower case and with `-` for other signs; None if it is not nearly one."""
    plain = _SEPARATORS.sub("-", name).strip("-").lower()
    return plain if re.fullmatch(r"[A-Za-z0-9 _.-]+", name) and label_problem(plain) is None else None


def better_name(name: str) -> str:
    """What to do about a name that is refused: write its plain form, if messages may show it, or another name."""
    plain = plain_form(name)
    return f"Write `{plain}`" if plain not in (None, name) and named(name) == name else "Choose another name"


def is_reserved(namespace: str) -> bool:
    """Whether the documentation of Kubernetes reserves a namespace, or that of the vendor calls it PaletteAI's own."""
    return namespace == _SYSTEM_NAMESPACE or namespace.startswith("kube-")


def always_exists(namespace: str) -> bool:
    """Whether Kubernetes creates a namespace in every cluster, and people may use it."""
    return namespace == "default"


def is_namespace_pattern(text: str) -> bool:
    """Whether a text can be the name of a namespace or a pattern of such names."""
    return _PATTERN.fullmatch(text) is not None


def display_name_problem(display_name: str) -> str | None:
    """Why a display name is not plain ASCII letters, digits and spaces; None if it is."""
    if not _DISPLAY_NAME.fullmatch(display_name):
        return "is not made of letters, digits and spaces, with a letter or digit at both ends"
    return None


def has_other_signs(display_name: str) -> bool:
    """Whether a display name has a sign that is no letter, digit or space of any language."""
    return not all(character.isalnum() or character == " " for character in display_name)


def label_key_problem(key: str) -> str | None:
    """Why Kubernetes refuses the key of a label; None if it accepts it."""
    prefix, slash, name = key.rpartition("/")
    if slash and subdomain_problem(prefix):
        return "has a prefix that is not a DNS name"
    if not 0 < len(name) <= NAME_LIMIT or not _LABEL_VALUE.fullmatch(name):
        return f"is not 1 to {NAME_LIMIT} letters, digits, '-', '_' or '.'"
    return None


def annotation_key_problem(key: str) -> str | None:
    """Why Kubernetes refuses the key of an annotation; None if it accepts it. Its prefix may be in upper case."""
    return label_key_problem(key.lower())


def label_value_problem(value: str) -> str | None:
    """Why Kubernetes refuses the value of a label; None if it accepts it."""
    if len(value) > NAME_LIMIT or not _LABEL_VALUE.fullmatch(value):
        return f"is not up to {NAME_LIMIT} letters, digits, '-', '_' or '.'"
    return None


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like `name`; None if none is like it, or if several are equally."""
    found = _nearest(name, known, cutoff)
    return found[0] if len(found) == 1 else None


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The question whether the nearest known name is meant, or one of a few that are equally near; else empty."""
    found = _nearest(name, known, cutoff)
    return f"Did you mean {' or '.join(f'`{escaped(each)}`' for each in found)}?" if 0 < len(found) <= _ASKED else ""


def _nearest(name: str, known: Iterable[str], cutoff: float) -> list[str]:
    """The known names that are most like a name: one, or more than one if they are equally like it."""
    every = dict.fromkeys(known)
    found = difflib.get_close_matches(name, list(every), _ASKED + 1, cutoff)
    ratios = [difflib.SequenceMatcher(None, each, name).ratio() for each in found]
    best = {each for each, ratio in zip(found, ratios, strict=True) if ratio == ratios[0]}
    return [each for each in every if each in best]


def slips(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The pairs of names that differ by one slip of the hand, in the order of the names.

    Names that are made to differ do not: in a number, in a sign such as that of `plant-a` and `plant-b`, or in one
    letter of a short word.
    """
    # What two names have in common that differ by one letter: both without it.
    common: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for name in names:
        plain = _plain(name)
        for part in dict.fromkeys([plain, *(plain[:at] + plain[at + 1 :] for at in range(len(plain)))]):
            others = common.setdefault(part, [])
            for other in others:
                if (other, name) not in seen and _is_slip(other, name):
                    seen.add((other, name))
                    yield other, name
            others.append(name)


def _is_slip(one: str, other: str) -> bool:
    if _plain(one) == _plain(other):
        return True
    words, others = _SEPARATORS_OF_WORDS.split(one), _SEPARATORS_OF_WORDS.split(other)
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    first, second = differing[0]
    if not (first + second).isalpha():
        return False
    at = next(
        (at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(second)),
    )
    if first[at : at + 2] == second[at : at + 2][::-1] and first[at + 2 :] == second[at + 2 :]:
        return True
    one_letter = first[at + 1 :] == second[at + 1 :] or first[at:] == second[at + 1 :] or first[at + 1 :] == second[at:]
    return one_letter and max(len(first), len(second)) >= _LONG


def _plain(name: str) -> str:
    return _SEPARATORS_OF_WORDS.sub("", name).lower()

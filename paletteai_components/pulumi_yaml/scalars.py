"""Scalars without quotes, resolved as in go-yaml v3, Pulumi's YAML library."""

from __future__ import annotations

import re
from typing import Any

TAG = "tag:yaml.org,2002:"
SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    f"{TAG}str": (str,),
    f"{TAG}int": (int,),
    f"{TAG}float": (int, float),
    f"{TAG}bool": (bool,),
    f"{TAG}null": (type(None),),
}
# A scalar that is neither a word nor text starts with a sign, a dot or a digit. They all sort before this.
FIRST_TEXT = ":"
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
# go-yaml also accepts a sign after a prefix in lower case: the last two alternatives.
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
    r"|0b([-+][01]+)|0o([-+][0-7]+)"
)
_BASES = (0, 0, 16, 2, 8, 10, 2, 8)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# A time after T must have a zone. A time after a space cannot have one.
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:([Tt])| +)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?"
    r"(?(4)(?:Z|([-+])([0-9]{2}):([0-9]{2}))))?"
)


def resolved(text: str) -> Any:
    """The value of a plain scalar in go-yaml v3. An integer beyond 64 signed bits is a float."""
    if text in KEYWORDS:
        return KEYWORDS[text]
    if text >= FIRST_TEXT:
        return text
    if (time := _time(text)) is not None:
        return time
    between = r"(?<=[0-9])_(?=[0-9])" if text[0] == "." else "_"
    digits = re.sub(between, "", text)
    if (match := _INTEGER.fullmatch(digits)) is not None and len(digits) < 1000:
        group = match.lastindex or 0
        number = int(f"{match[1] or ''}{match[group]}", _BASES[group])
        if -(2**63) <= number < 2**63:
            return number
        # Pulumi reads its own JSON again, which turns an integer of 64 unsigned bits into a float.
        if number < 2**64 and digits[0] not in "+-":
            return float(number)
    if _FLOAT.fullmatch(digits) is not None and abs(value := float(digits)) != float("inf"):
        return value
    return text


def _time(text: str) -> str | None:
    """A date as Go prints its `time.Time`, or None if the text is not a date.

    A zone is shown as its offset. Go shows the name of the machine's own zone if the offsets are equal.
    """
    if (match := _TIME.fullmatch(text)) is None:
        return None
    year, month, day, hour, minute, second, east, south = (
        int(match[group] or 0) for group in (1, 2, 3, 5, 6, 7, 10, 11)
    )
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (1 <= month <= 12 and 1 <= day <= days[month - 1] and hour < 24):
        return None
    if not (minute < 60 and second < 60 and east <= 24 and south <= 60):
        return None
    offset = f"{match[9]}{(east * 60 + south) // 60:02}{south % 60:02}"
    zone = f"{offset} {offset}" if east or south else "+0000 UTC"
    fraction = f".{match[8] or ''}"[:10].rstrip("0").rstrip(".")
    clock = f"{hour:02}:{minute:02}:{second:02}{fraction}"
    return f"{year:04}-{month:02}-{day:02} {clock} {zone}"

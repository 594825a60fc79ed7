"""What is written of a declaration, and where."""

from __future__ import annotations

import pytest

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.pulumi_yaml.document import Path, document_from
from paletteai_components.stacks.sources import Sources

OWN = b"""\
config:
  paletteai:tenant:
    name: acme
    projects:
      - name: vision
        displayName: 'on'
        settingsRef: null
      - {name: lab}
"""
DEFAULTS = b"""\
name: paletteai
config:
  tenant:
    value: {name: other}
  paletteai:integrations:
    default:
      shared:
        hostUrl: 7
  mergedSettings:
    value: true
"""
WRITTEN = Sources((document_from(OWN, "own"), document_from(DEFAULTS, "defaults")), "acme.dev")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (("tenant", "name"), SourceLocation("own", 3)),
        (("tenant", "projects", 1, "name"), SourceLocation("own", 8)),
        (("tenant", "projects", 0, "unknown", 3), SourceLocation("own", 5)),
        (("integrations", "shared", "hostUrl"), SourceLocation("defaults", 8)),
        (("integrations", "other"), SourceLocation("defaults", 6)),
        (("mergedSettings",), SourceLocation("defaults", 9)),
        (("nothing",), SourceLocation("own", 1)),
        ((), SourceLocation("own", 1)),
    ],
)
def test_a_place_is_in_the_first_file_that_has_the_key(path: Path, location: SourceLocation) -> None:
    assert WRITTEN.location(path) == location


def test_what_comes_from_no_file_has_no_line() -> None:
    assert Sources(name="component acme").location(("tenant",)) == SourceLocation("component acme")
    assert Sources().location(()) == SourceLocation("stack configuration")


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (("tenant", "projects"), [4, 5, 5, 6, 8, 8]),
        (("integrations", "shared"), [7, 8]),
        (("tenant", "projects", 0, "settingsRef"), []),
        (("tenant", "projects", 2), []),
        (("tenant", "name", "first"), []),
        (("nothing",), []),
    ],
)
def test_the_places_of_a_value_are_its_own_and_those_in_it(path: Path, lines: list[int]) -> None:
    assert [location.line for location in WRITTEN.locations(path)] == lines


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        (("tenant", "name"), True),
        (("tenant", "projects", 0, "displayName"), False),
        (("tenant", "projects", 0), False),
        (("integrations", "shared", "hostUrl"), True),
        (("nothing",), False),
    ],
)
def test_it_is_known_whether_a_value_is_in_quotes(path: Path, plain: bool) -> None:
    assert WRITTEN.is_plain(path) is plain

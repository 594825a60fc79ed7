"""The address of a line: what a file name cannot do to it."""

from __future__ import annotations

import pytest

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.views.source_link import source_link

GITHUB = "https://github.example/acme/platform/blob/0123abc/{file}#L{line}"
GITLAB = "https://gitlab.example/acme/platform/-/blob/0123abc/{file}#L{line}"
QUERY = "https://git.example/view?path={file}&line={line}"


@pytest.mark.parametrize(
    ("template", "file", "line", "address"),
    [
        (GITHUB, "stacks/a.yaml", 4, "https://github.example/acme/platform/blob/0123abc/stacks/a.yaml#L4"),
        (GITLAB, "stacks/a.yaml", 4, "https://gitlab.example/acme/platform/-/blob/0123abc/stacks/a.yaml#L4"),
        (GITHUB, "stacks/a.yaml", None, "https://github.example/acme/platform/blob/0123abc/stacks/a.yaml"),
        (QUERY, "stacks/a.yaml", None, "https://git.example/view?path=stacks/a.yaml&line=1"),
        (GITHUB, "./stacks//a.yaml", 4, "https://github.example/acme/platform/blob/0123abc/stacks/a.yaml#L4"),
        (QUERY, "a&line=9 #{line}?<b>\n%2e", 4, "https://git.example/view?path=a%26line%3D9%20%23%7Bline%7D%3F%3Cb%3E%0A%252e&line=4"),
    ],
)  # fmt: skip
def test_a_location_has_an_address_in_which_its_file_is_only_a_file(
    template: str, file: str, line: int | None, address: str
) -> None:
    assert source_link(template, SourceLocation(file, line)) == address


@pytest.mark.parametrize("file", ["", ".", "/etc/passwd", "../a.yaml", "stacks/../../../b/a.yaml"])
def test_a_file_that_is_not_below_the_folder_has_no_address(file: str) -> None:
    assert source_link(GITHUB, SourceLocation(file, 4)) is None

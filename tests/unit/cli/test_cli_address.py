"""Templates of addresses: what can be made a link, the same for every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import Project

OPTIONS = [("graph", "--source-url", "{file}"), ("diff", "--source-url", "{file}"), ("diff", "--rules-url", "{code}")]


@pytest.mark.parametrize(("command", "option", "placeholder"), OPTIONS)
@pytest.mark.parametrize(
    "template",
    [
        "",
        "javascript:%s",
        "stacks/%s",
        "https://",
        "https://git.example/{line}",
        "https://git.example/%s#{line})",
        'https://git.example/%s "><script>',
        "https://git.example/\u0435/%s",
    ],
)
def test_what_cannot_be_a_link_is_refused_before_anything_is_written(
    project: Project, command: str, option: str, placeholder: str, template: str
) -> None:
    project.stack()
    file = "out.html" if command == "graph" else "out.md"
    wrong = project.refused(command, option, template.replace("%s", placeholder), "--output", file)
    assert f"`{option}` is not an http address with `{placeholder}` in it, so no link can be made" in wrong
    assert f"{option} 'https://" in wrong
    assert not Path(file).exists()

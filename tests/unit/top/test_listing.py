"""Lists in sentences."""

from __future__ import annotations

import pytest

from paletteai_components.listing import listed


@pytest.mark.parametrize(
    ("number", "said"), [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (2003, "0, 1, 2 and 2,000 more")]
)
def test_a_list_tells_the_first_and_how_many_more_there_are(number: int, said: str) -> None:
    assert listed(map(str, range(number)), 3) == said

"""What a program says that it checked on the cluster, read again."""

from __future__ import annotations

import pytest

from paletteai_components.deployment.coverage import RULES, Coverage, asked_message, coverage_in, unasked_message
from paletteai_components.rules import RULES as EVERY_RULE


def test_the_rules_that_ask_the_cluster_are_those_that_say_so() -> None:
    assert list(RULES) == [code for code, rule in EVERY_RULE.items() if rule.asks_cluster]


# A reason may quote anything, also another such message.
REASON = unasked_message("no\nnews")


@pytest.mark.parametrize(
    ("message", "coverage"),
    [
        (asked_message("plant", (), ()), Coverage(True)),
        (asked_message("plant", (REASON, "late"), RULES[:2]), Coverage(True, RULES[:2], f"{REASON}; late")),
        (unasked_message(REASON), Coverage(False, RULES, REASON)),
        ("Asked for nothing", None),
        ("The cluster was not asked: by me for CRDs, namespaces and existing objects.", None),
    ],
)
def test_a_message_is_read_as_it_was_written_and_no_other_is_taken_for_one(
    message: str, coverage: Coverage | None
) -> None:
    assert coverage_in(message) == coverage

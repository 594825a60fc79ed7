"""Which tests run on one worker, so that what they share is made once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

from support.real import PULUMI


class Files(LoadFileScheduling):  # type: ignore[misc]
    """Gives a worker one file after another, and all files of `tests/cluster` to one: a cluster takes long to start.

    Tests on the real CLI take so long that a cluster for each file is worth its start.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "cluster" if PULUMI is None and file.startswith("tests/cluster/") else file

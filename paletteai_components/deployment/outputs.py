"""The outputs of a stack's last deployment, as the pulumi command knows them without any secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paletteai_components.deployment.decryption import EngineError, elsewhere, run_pulumi
from paletteai_components.shell import command

OUTPUT = "lastDeployment"
"""The output that the next deployment reads."""


def deployed_objects(stack: str, project: Path) -> frozenset[str]:
    """The references of the objects that the last successful deployment wrote. Empty before the first.

    Raises:
        EngineError: The pulumi command cannot tell.
    """
    arguments = ["stack", "output", "--json", "--non-interactive", "--stack", stack]
    only = "knows what a stack has deployed"
    printed = run_pulumi(arguments, stack, project, only=only, failed="read the outputs")
    try:
        outputs: Any = json.loads(printed)
        objects = outputs.get(OUTPUT, {}).get("objects", [])
    except (ValueError, AttributeError):
        objects = None
    # Raised outside of the handler, because the decoder's error holds the complete text.
    if not isinstance(objects, list):
        raise EngineError(
            f"pulumi did not print the outputs of stack `{stack}`, so what it has deployed is not known.",
            f"Run `{command('pulumi stack output --json', cwd=elsewhere(project), stack=stack)}` to see them.",
        )
    return frozenset(map(str, objects))

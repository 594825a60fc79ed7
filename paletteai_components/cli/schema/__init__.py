"""The JSON Schemas of what commands print as JSON. `make schema` writes them into `paletteai_components/schema`.

Each is made of records, which are the return types of the functions that put the JSON together. Only the schema needs
them when the command runs: pydantic is slow to import.
"""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any

from paletteai_components.schema import DRAFT, Schema, simplify

_ENVIRONMENT = ("environment.DeployedEnvironment",)
RECORDS = {
    "check": ("check.CheckedStacks", "check.CheckedManifests"),
    "plan": ("plan.Plan",),
    "crds": ("layout.ComparedLayouts",),
    "diff": ("difference.Difference", "difference.Comparison"),
    "explain": ("explanation.ExplainedProject", "explanation.ExplainedRule", "explanation.ExplainedRules"),
    "graph": ("graph.Graph",),
    "doctor": ("drift.Diagnosis",),
    "stacks": ("stacks.StackList",),
    "preview": _ENVIRONMENT,
    "up": _ENVIRONMENT,
    "refresh": _ENVIRONMENT,
    "ci jobs": ("jobs.JobMatrix",),
}
"""The records that a command can print, by its name. Each is a name in a module of this package."""


def output_schema(command: str) -> Schema:
    """The JSON Schema of what a command, one of `RECORDS`, prints as JSON."""
    # Slow to import, and only needed here.
    from pydantic import TypeAdapter

    records: Any = reduce(or_, map(_record, RECORDS[command]))
    made = TypeAdapter(records).json_schema()
    models: dict[str, Schema] = made.pop("$defs", {})
    for model in (made, *models.values()):
        model.pop("title", None)
        for field in model.get("properties", {}).values():
            simplify(field)
        if text := model.get("description"):
            model["description"] = " ".join(text.split())
    return {"$schema": DRAFT, "title": title_of(command), **made, "$defs": models}


def file_of(command: str) -> str:
    """The name of the file with the schema of a command, in `paletteai_components/schema`."""
    return f"{command.replace(' ', '-')}.json"


def title_of(command: str) -> str:
    """What the schema of a command is of."""
    call = f"paletteai {command} github" if command == "ci jobs" else f"paletteai {command} --format json"
    return f"What `{call}` prints"


def _record(name: str) -> type:
    module, _, record = name.partition(".")
    found: type = getattr(import_module(f"{__name__}.{module}"), record)
    return found

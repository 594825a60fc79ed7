"""A deployment: what one run of Pulumi does to a stack, read from the engine's events.

Pulumi masks secrets in events. Only a resource's kind and name are kept, never a property.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

from paletteai_components import shell
from paletteai_components.deployment.coverage import Coverage, coverage_in
from paletteai_components.model.identity import is_object_type, kind_of, name_of

# A part of Pulumi's message, and the remedy with the command that takes the stack.
_REMEDIES = {
    "no stack named": ("Create it with `{}`. `paletteai` never creates a stack.", "pulumi stack init"),
    "currently locked": ("Make sure that no other deployment of it is running, then run `{}`.", "pulumi cancel"),
}
# Parts of a replacement, which is a step itself, and operations that change nothing.
_IGNORED_OPERATIONS = {"same", "refresh", "read", "create-replacement", "delete-replaced", "discard-replaced"}


class Operation(Enum):
    """What Pulumi does to a stack. The value is the arguments of its command."""

    PREVIEW = ("preview",)
    UP = ("up", "--yes", "--skip-preview")
    PREVIEW_REFRESH = ("refresh", "--preview-only")
    REFRESH = ("refresh", "--yes", "--skip-preview")

    @property
    def is_preview(self) -> bool:
        """Whether it changes nothing."""
        return self in {Operation.PREVIEW, Operation.PREVIEW_REFRESH}

    @property
    def runs_the_program(self) -> bool:
        """Whether Pulumi runs the project's program for it."""
        return self in {Operation.PREVIEW, Operation.UP}


class State(StrEnum):
    """The progress or the result of a deployment."""

    WAITING = "not started"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one object of the cluster; in a preview, one that would be made."""

    operation: str
    """Pulumi's word for it, for example ``create``."""
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the engine, the provider or the program."""

    severity: str
    """Pulumi's word, for example ``warning``; empty for text that is not an event."""
    text: str
    """One or more lines."""
    about: str = ""
    """The resource's kind and name; empty if the message is not about a resource."""


@dataclass(slots=True)
class Deployment:
    """One run of Pulumi for one stack."""

    stack: str
    state: State = State.WAITING
    done: int = 0
    """The number of resources processed so far."""
    seconds: float = 0.0
    """How long it took, in seconds; 0 until it ends."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """The number of resources for each operation, from Pulumi's summary."""
    steps: list[Step] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    """The messages, in order and without repetition."""
    coverage: Coverage | None = None
    """What the program checked on the cluster; None until it says so."""
    project: Path | None = None
    """The folder of its Pulumi project; None if it is the current one."""

    @property
    def remedy(self) -> str | None:
        """The remedy for a failure whose message names none."""
        if self.state is State.FAILED:
            for words, (remedy, program) in _REMEDIES.items():
                if any(words in message.text for message in self.messages):
                    return remedy.format(shell.command(program, self.stack, cwd=self.project))
        return None

    def take(self, line: str) -> None:
        """Reads a line that Pulumi printed: an event as JSON, or plain text."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            self._take_event(event)
        elif line.strip():
            self._add_message(Message("", line.strip()))

    def _take_event(self, event: Mapping[str, Any]) -> None:
        if diagnostic := event.get("diagnosticEvent"):
            text = str(diagnostic.get("message", "")).strip()
            if text and diagnostic.get("severity") != "debug" and not diagnostic.get("ephemeral"):
                urn = str(diagnostic.get("urn", ""))
                about = f"{kind_of(urn)} {name_of(urn)}".strip()
                self._add_message(Message(str(diagnostic.get("severity", "")), text, about))
                self.coverage = coverage_in(text) or self.coverage
        elif outputs := event.get("resOutputsEvent"):
            self.done += 1
            metadata = outputs.get("metadata") or {}
            operation, of_type = str(metadata.get("op", "")), str(metadata.get("type", ""))
            if operation not in _IGNORED_OPERATIONS and is_object_type(of_type):
                urn = str(metadata.get("urn", ""))
                self.steps.append(Step(operation, kind_of(urn), name_of(urn)))
        elif summary := event.get("summaryEvent"):
            self.changes = dict(summary.get("resourceChanges") or {})

    def _add_message(self, message: Message) -> None:
        # The engine repeats some messages for each plugin, and at the end the reason why the program failed.
        text = message.text.removeprefix("an unhandled error occurred: ")
        if all(text != each.text for each in self.messages):
            self.messages.append(message)

    def end(self, code: int, seconds: float, *, interrupted: bool) -> None:
        """Records the result: the exit code, the seconds it took, and whether it was asked to stop."""
        self.seconds = seconds
        if code == 0:
            self.state = State.SUCCEEDED
        else:
            self.state = State.INTERRUPTED if interrupted else State.FAILED

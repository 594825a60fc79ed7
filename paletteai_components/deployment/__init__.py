"""A deployment: what one run of Pulumi does to a stack, as the engine's own events tell it.

Pulumi masks what is secret in an event. Of a resource only its kind and name are kept, never a property.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from paletteai_components.model.identity import is_object_type, kind_of, name_of

# Pulumi's own words, and what mends it.
_REMEDIES = {
    "no stack named": "Make it with `pulumi stack init {stack}`; nothing here makes a stack by itself.",
    "currently locked": "Make sure that nobody else deploys it, then run `pulumi cancel {stack}`.",
}
# Steps of a replacement, which has a step of its own, and what changes nothing.
_NO_STEPS = {"same", "refresh", "read", "create-replacement", "delete-replaced", "discard-replaced"}


class Operation(Enum):
    """What Pulumi is to do with a stack. The value is how its command is called for it."""

    PREVIEW = ("preview",)
    UP = ("up", "--yes", "--skip-preview")
    PREVIEW_REFRESH = ("refresh", "--preview-only")
    REFRESH = ("refresh", "--yes", "--skip-preview")

    @property
    def is_preview(self) -> bool:
        """Whether nothing is changed by it."""
        return self in {Operation.PREVIEW, Operation.PREVIEW_REFRESH}

    @property
    def runs_the_program(self) -> bool:
        """Whether the project's program is run for it."""
        return self in {Operation.PREVIEW, Operation.UP}


class State(StrEnum):
    """How far a deployment is, or how it ended."""

    WAITING = "not started"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, or would be done, to one object of the cluster.

    Fields:
        operation: Pulumi's word for it, for example ``create``.
        kind: the object's kind.
        name: the resource's logical name.
    """

    operation: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Message:
    """What the engine, the provider or the program says.

    Fields:
        severity: Pulumi's word, for example ``warning``; empty for text outside of the events.
        text: one line or more.
        about: the resource's kind and name; empty where it is about none.
    """

    severity: str
    text: str
    about: str = ""


@dataclass(slots=True)
class Deployment:
    """One run of Pulumi for one stack.

    Fields:
        stack: the stack's name.
        state: how far it is.
        done: how many resources are dealt with.
        seconds: how long it took, once it has ended.
        changes: how many resources there were of each operation, as Pulumi sums it up.
        steps: what is done to the objects of the cluster, in order.
        messages: what was said, in order.
    """

    stack: str
    state: State = State.WAITING
    done: int = 0
    seconds: float = 0.0
    changes: Mapping[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def remedy(self) -> str | None:
        """What mends a failure, where Pulumi itself does not say it."""
        if self.state is State.FAILED:
            for words, remedy in _REMEDIES.items():
                if any(words in message.text for message in self.messages):
                    return remedy.format(stack=self.stack)
        return None

    def take(self, line: str) -> None:
        """Takes a line that Pulumi printed: an event as JSON, or else text."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            self._take(event)
        elif line.strip():
            self._say(Message("", line.strip()))

    def _take(self, event: Mapping[str, Any]) -> None:
        if diagnostic := event.get("diagnosticEvent"):
            text = str(diagnostic.get("message", "")).strip()
            if text and diagnostic.get("severity") != "debug" and not diagnostic.get("ephemeral"):
                urn = str(diagnostic.get("urn", ""))
                about = f"{kind_of(urn)} {name_of(urn)}".strip()
                self._say(Message(str(diagnostic.get("severity", "")), text, about))
        elif outputs := event.get("resOutputsEvent"):
            self.done += 1
            metadata = outputs.get("metadata") or {}
            operation, of_type = str(metadata.get("op", "")), str(metadata.get("type", ""))
            if operation not in _NO_STEPS and is_object_type(of_type):
                urn = str(metadata.get("urn", ""))
                self.steps.append(Step(operation, kind_of(urn), name_of(urn)))
        elif summary := event.get("summaryEvent"):
            self.changes = dict(summary.get("resourceChanges") or {})

    def _say(self, message: Message) -> None:
        # The engine repeats some for each plugin that it starts, and at the end why the program failed.
        told = message.text.removeprefix("an unhandled error occurred: ")
        if all(told != each.text for each in self.messages):
            self.messages.append(message)

    def end(self, code: int, seconds: float, *, interrupted: bool) -> None:
        """Notes how the run ended: its exit code, and whether it had been told to stop."""
        self.seconds = seconds
        if code == 0:
            self.state = State.SUCCEEDED
        else:
            self.state = State.INTERRUPTED if interrupted else State.FAILED

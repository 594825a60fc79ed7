"""What `paletteai operator` may write: a schema of ours of the operator's Stack, and the real one where it is at hand.

`PALETTEAI_OPERATOR_CRDS` is the path of the operator's own CRDs,
as `kubectl get crds stacks.pulumi.com --output=yaml` prints them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

REAL = os.environ.get("PALETTEAI_OPERATOR_CRDS")

_TEXT: Schema = {"type": "string", "minLength": 1}
_TRUE: Schema = {"type": "boolean", "enum": [True]}
_FALSE: Schema = {"type": "boolean", "enum": [False]}


def _record(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **needed}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


_SECRET = _record(
    ("type", "secret"),
    type={"type": "string", "enum": ["Secret"]},
    secret=_record(("name", "key"), name=_TEXT, key=_TEXT),
)
_POD = _record(
    ("containers",),
    containers=_list_of(
        _record(
            ("name",),
            name={"type": "string", "enum": ["pulumi"]},
            volumeMounts=_list_of(_record(("name", "mountPath"), name=_TEXT, mountPath=_TEXT, readOnly=_TRUE)),
        )
    ),
    volumes=_list_of(
        _record(
            ("name",),
            name=_TEXT,
            secret=_record(
                ("secretName",), secretName=_TEXT, items=_list_of(_record(("key", "path"), key=_TEXT, path=_TEXT))
            ),
        )
    ),
)
_WORKSPACE = _record(
    ("image",),
    image=_TEXT,
    env=_list_of(_record(("name", "value"), name={"type": "string", "enum": ["KUBECONFIG"]}, value=_TEXT)),
    podTemplate=_record(spec=_POD),
)
_SPEC = _record(
    ("stack", "projectRepo", "destroyOnFinalize", "useLocalStackOnly", "serviceAccountName", "workspaceReclaimPolicy"),
    stack=_TEXT,
    projectRepo=_TEXT,
    commit={"type": "string", "pattern": "^[0-9a-f]{40}$"},
    branch=_TEXT,
    repoDir=_TEXT,
    backend=_TEXT,
    envRefs={"type": "object", "additionalProperties": _SECRET},
    gitAuth=_record(accessToken=_SECRET, sshAuth=_record(("sshPrivateKey",), sshPrivateKey=_SECRET)),
    prerequisites=_list_of(_record(("name",), name=_TEXT, requirement=_record(succeededWithinDuration=_TEXT))),
    refresh=_TRUE,
    continueResyncOnCommitMatch=_TRUE,
    resyncFrequencySeconds={"type": "integer", "minimum": 60},
    destroyOnFinalize=_FALSE,
    useLocalStackOnly=_TRUE,
    serviceAccountName=_TEXT,
    workspaceReclaimPolicy={"type": "string", "enum": ["Delete"]},
    workspaceTemplate=_record(("spec",), spec=_WORKSPACE),
)

STACK_CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "stacks.pulumi.com"},
    "spec": {
        "group": "pulumi.com",
        "names": {"kind": "Stack", "listKind": "StackList", "plural": "stacks", "singular": "stack"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": _SPEC,
                        },
                        # As the operator's own: its names for the pod and the Service are longer.
                        "x-kubernetes-validations": [{"rule": "size(self.metadata.name) <= 42"}],
                    }
                },
            }
        ],
    },
}
"""Only what is written may be there, so that a field that is misspelt is one too many."""


def real_crds() -> Path | None:
    """The path of the operator's own CRDs, or None."""
    return Path(REAL) if REAL else None

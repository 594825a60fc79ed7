"""Stack objects of the Pulumi Kubernetes Operator, which deploys each stack from a git repository.

They are for version 2 of the operator, whose `Stack` is `pulumi.com/v1`. Nothing in them is secret: what is secret is
named by the Secret and the key in it that hold it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paletteai_components.kube.manifests import Manifest

API_VERSION = "pulumi.com/v1"
OPERATOR_FILE = "# paletteai operator: stack "
"""How a file with a Stack object begins."""
STACK_ANNOTATION = "paletteai-components/stack"
"""Says which stack an object is for, whatever it is called."""
ENVIRONMENT_ANNOTATION = "paletteai-components/environment"

# The longest name that the CRD allows. The operator adds to it what it calls the pod and the Service of a stack.
MAX_LENGTH = 42
_LABELS = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*")
_OTHER = re.compile(r"[^a-z0-9]+")
_DIGITS = 10
_KUBECONFIG_FOLDER = "/var/run/paletteai"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Secret in the namespace of the Stack objects."""

    secret: str
    key: str

    @property
    def selected(self) -> dict[str, Any]:
        """The same, as the operator refers to it."""
        return {"type": "Secret", "secret": {"name": self.secret, "key": self.key}}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the operator gets the program and the stack files from."""

    repository: str
    """The URL of the git repository, without a user's name or a password."""
    folder: str = ""
    """The folder of the Pulumi project in the repository; empty for its top."""
    commit: str | None = None
    """The commit to deploy, as 40 digits. None to follow a branch."""
    branch: str | None = None
    """The branch to follow. None for a commit."""
    token: SecretKey | None = None
    """The access token for the repository."""
    ssh_key: SecretKey | None = None
    """The private SSH key for the repository."""


@dataclass(frozen=True, slots=True)
class Running:
    """How the operator runs stacks."""

    image: str
    """The image with the pulumi command."""
    service_account: str
    """The ServiceAccount of the pods that run it."""
    namespace: str
    """The namespace of the Stack objects, and of what they refer to."""
    organization: str | None = None
    """The organization of the stacks. None for the default one of the token."""
    backend: str | None = None
    """The URL of the state. None for Pulumi Cloud."""
    variables: Mapping[str, SecretKey] = field(default_factory=dict)
    """Environment variables, such as PULUMI_CONFIG_PASSPHRASE."""
    kubeconfig: SecretKey | None = None
    """The kubeconfig with the contexts of the stacks."""
    resync: int | None = None
    """After how many seconds a stack is refreshed and deployed again, although nothing changed. None for never."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A stack that has to succeed before another one is deployed."""

    stack: str
    within: str | None = None
    """How long ago it may have succeeded, for example ``24h``. None for any time."""


def object_name(stack: str) -> str:
    """The name of the Stack object of a stack, which depends on the name of the stack alone.

    ``acme.dev`` becomes ``acme--dev``. A name that could be taken for another one's, or that no Service may have, gets
    a digest.
    """
    readable = stack.replace(".", "--")
    if _LABELS.fullmatch(stack) and len(readable) <= MAX_LENGTH:
        return readable
    digest = hashlib.sha256(stack.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]
    room = MAX_LENGTH - len("s--") - _DIGITS
    words = _OTHER.sub("-", stack.lower()).strip("-")[:room].strip("-")
    return "-".join(filter(None, ("s", words, digest)))


def stack_object(
    stack: str, environment: str, project: str, source: Source, running: Running, after: Prerequisite | None = None
) -> Manifest:
    """The Stack object of a stack.

    Args:
        stack: The name of the stack.
        environment: Its environment.
        project: The name of its Pulumi project.
        source: Where the program and the stack files are from.
        running: How the operator runs it.
        after: What has to succeed before, or None.
    """
    metadata = {
        "name": object_name(stack),
        "namespace": running.namespace,
        "labels": {"app.kubernetes.io/managed-by": "paletteai"},
        "annotations": {STACK_ANNOTATION: stack, ENVIRONMENT_ANNOTATION: environment},
    }
    name = stack if running.organization is None else f"{running.organization}/{project}/{stack}"
    spec: dict[str, Any] = {
        "stack": name,
        **_source(source),
        **({"backend": running.backend} if running.backend is not None else {}),
        **({"envRefs": _selected(running.variables)} if running.variables else {}),
        **_prerequisites(after),
        **_resync(running),
        # Deleting an object must not delete a tenant: the object may only be moved, or pruned by mistake.
        "destroyOnFinalize": False,
        # A stack that is made anew would have another encryption than its file.
        "useLocalStackOnly": True,
        "serviceAccountName": running.service_account,
        # The pods of a thousand stacks would wait for nothing.
        "workspaceReclaimPolicy": "Delete",
        "workspaceTemplate": {"spec": _workspace(running)},
    }
    return {"apiVersion": API_VERSION, "kind": "Stack", "metadata": metadata, "spec": spec}


def _source(source: Source) -> dict[str, Any]:
    fields: dict[str, Any] = {"projectRepo": source.repository}
    if source.branch is not None:
        fields["branch"] = source.branch
    if source.commit is not None:
        fields["commit"] = source.commit
    if source.folder:
        fields["repoDir"] = source.folder
    if source.token is not None:
        fields["gitAuth"] = {"accessToken": source.token.selected}
    elif source.ssh_key is not None:
        fields["gitAuth"] = {"sshAuth": {"sshPrivateKey": source.ssh_key.selected}}
    return fields


def _selected(variables: Mapping[str, SecretKey]) -> dict[str, Any]:
    return {name: variables[name].selected for name in sorted(variables)}


def _prerequisites(after: Prerequisite | None) -> dict[str, Any]:
    if after is None:
        return {}
    requirement = {"requirement": {"succeededWithinDuration": after.within}} if after.within is not None else {}
    return {"prerequisites": [{"name": object_name(after.stack), **requirement}]}


def _resync(running: Running) -> dict[str, Any]:
    if running.resync is None:
        return {}
    return {"refresh": True, "continueResyncOnCommitMatch": True, "resyncFrequencySeconds": running.resync}


def _workspace(running: Running) -> dict[str, Any]:
    workspace: dict[str, Any] = {"image": running.image}
    if running.kubeconfig is not None:
        file = f"{_KUBECONFIG_FOLDER}/kubeconfig"
        mount = {"name": "kubeconfig", "mountPath": _KUBECONFIG_FOLDER, "readOnly": True}
        items = [{"key": running.kubeconfig.key, "path": "kubeconfig"}]
        workspace["env"] = [{"name": "KUBECONFIG", "value": file}]
        workspace["podTemplate"] = {
            "spec": {
                "containers": [{"name": "pulumi", "volumeMounts": [mount]}],
                "volumes": [
                    {"name": "kubeconfig", "secret": {"secretName": running.kubeconfig.secret, "items": items}}
                ],
            }
        }
    return workspace

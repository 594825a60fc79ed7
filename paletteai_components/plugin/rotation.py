"""Whether the Kubernetes provider of a program changes a Secret in place, or deletes it and creates another one."""

from __future__ import annotations

from typing import Any

import pulumi

from paletteai_components.components.provider import judge_no_further
from paletteai_components.sdk import RESOURCE, settled
from paletteai_components.shell import command


def warn_of_rotation(part: str, opts: pulumi.ResourceOptions | None) -> None:
    """Warns that a rotation replaces Secrets, if the provider of a component does not update them.

    Args:
        part: The component, in messages.
        opts: Its options, with the program's own provider if it has one.
    """
    providers = opts.providers if opts else None
    provider = providers.get("kubernetes") if isinstance(providers, dict) else None
    if provider is None:
        if _is_true(pulumi.Config("kubernetes").get("enableSecretMutable")):
            return
        setting = command("pulumi config set", "kubernetes:enableSecretMutable", "true", stack=pulumi.get_stack())
        remedy = f"Run `{setting}`."
    else:
        judge_no_further(provider)
        inputs = _inputs_of(provider)
        if inputs is None or _is_true(inputs.get("enableSecretMutable")):
            return
        remedy = "Set `enableSecretMutable` of the Kubernetes provider to true."
    pulumi.log.warn(
        f"{part}: rotating a key deletes its Secret and creates it again, so for a moment there is none. {remedy}"
    )


def _is_true(value: object) -> bool:
    # The provider takes its configuration as text.
    return value is True or value == "true"


def _inputs_of(provider: pulumi.ProviderResource) -> dict[str, Any] | None:
    """What the program has set of its provider. None if that is not known."""
    (urn,) = settled([provider.urn])
    found = pulumi.runtime.invoke(RESOURCE, {"urn": urn.value}).value if urn.is_known else None
    state = found.get("state") if isinstance(found, dict) else None
    return state if isinstance(state, dict) else None

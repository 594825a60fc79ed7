"""A Kubernetes provider as these components need it."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import pulumi
import pulumi_kubernetes as kubernetes

# The client's own limits, 50 requests a second, are what a first preview of many projects waits for.
REQUESTS_PER_SECOND = 500
BURST = 1000

_KNOWN: WeakSet[pulumi.ProviderResource] = WeakSet()
_WARNED: WeakSet[pulumi.ProviderResource] = WeakSet()


def kubernetes_provider(name: str, *, opts: pulumi.ResourceOptions | None = None, **args: Any) -> kubernetes.Provider:
    """A provider that changes Secrets in place and is not slowed down by its client's default limits.

    Takes what `pulumi_kubernetes.Provider` takes, such as `context` and `kubeconfig`. Without
    `enable_secret_mutable` a rotation would delete the Secret and make it anew. The configuration
    `kubernetes:enableSecretMutable` reaches the default provider only.
    """
    args.setdefault("enable_secret_mutable", True)
    args.setdefault(
        "kube_client_settings",
        kubernetes.KubeClientSettingsArgs(burst=BURST, qps=REQUESTS_PER_SECOND),
    )
    made = kubernetes.Provider(name, opts=opts, **args)
    if args["enable_secret_mutable"] is True:
        _KNOWN.add(made)
    return made


def warn_of_replaced_secrets(used: pulumi.ProviderResource | None, name: str) -> None:
    """Says, once for each provider, that a rotation would replace Secrets where that is not known to be prevented."""
    if used is None or used in _KNOWN or used in _WARNED:
        return
    _WARNED.add(used)
    pulumi.log.warn(
        f"{name} has a Kubernetes provider that `paletteai_components.kubernetes_provider()` did not make. Unless it "
        "was made with `enable_secret_mutable=True`, rotating a key deletes the Secret and creates it anew, and for a "
        "moment there is none. Make the provider with `kubernetes_provider()`.",
    )

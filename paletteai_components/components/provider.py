"""The Kubernetes provider that the components need."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import pulumi
import pulumi_kubernetes as kubernetes

# The client's default of 50 requests a second slows down the first preview of many projects.
REQUESTS_PER_SECOND = 500
BURST = 1000

_MADE_HERE: WeakSet[pulumi.ProviderResource] = WeakSet()
_WARNED: WeakSet[pulumi.ProviderResource] = WeakSet()


def kubernetes_provider(name: str, *, opts: pulumi.ResourceOptions | None = None, **args: Any) -> kubernetes.Provider:
    """A provider that updates Secrets in place and raises the client's default request limits.

    Without `enable_secret_mutable`, rotating a key deletes the Secret and creates it again. The configuration
    `kubernetes:enableSecretMutable` reaches only the default provider.

    Args:
        name: the provider's logical name.
        opts: its resource options.
        args: the arguments of `pulumi_kubernetes.Provider`, such as `context` and `kubeconfig`.
    """
    args.setdefault("enable_secret_mutable", True)
    args.setdefault("kube_client_settings", kubernetes.KubeClientSettingsArgs(burst=BURST, qps=REQUESTS_PER_SECOND))
    provider = kubernetes.Provider(name, opts=opts, **args)
    if args["enable_secret_mutable"] is True:
        _MADE_HERE.add(provider)
    return provider


def judge_no_further(provider: pulumi.ProviderResource) -> None:
    """Takes a provider as judged, so that nobody is warned of it."""
    _WARNED.add(provider)


def warn_of_replaced_secrets(used: pulumi.ProviderResource | None, name: str) -> None:
    """Warns, once for each provider, that a rotation replaces Secrets, unless the provider is known to update them."""
    if used is None or used in _MADE_HERE or used in _WARNED:
        return
    _WARNED.add(used)
    pulumi.log.warn(
        f"{name} uses a Kubernetes provider that `paletteai_components.kubernetes_provider()` did not create. Unless "
        "it has `enable_secret_mutable=True`, rotating a key deletes the Secret and creates it again, so for a moment "
        "there is none. Create the provider with `kubernetes_provider()`."
    )

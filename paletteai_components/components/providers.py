"""A Kubernetes provider as these components need it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

# The client's own limits, 50 requests a second, are what a first preview of many projects waits for.
REQUESTS_PER_SECOND = 500
BURST = 1000


def provider(name: str, *, opts: pulumi.ResourceOptions | None = None, **args: Any) -> kubernetes.Provider:
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
    return kubernetes.Provider(name, opts=opts, **args)

"""The keys that Pulumi and its Kubernetes provider read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from paletteai_components.stacks.provider_keys import KUBERNETES_KEYS, provider_key_problems


def test_every_key_of_the_installed_provider_is_known() -> None:
    from pulumi_kubernetes import ProviderArgs
    from pydantic.alias_generators import to_camel

    names = {to_camel(name) for name in inspect.signature(ProviderArgs.__init__).parameters if name != "__self__"}
    assert names <= KUBERNETES_KEYS.keys()
    # These are no arguments.
    assert KUBERNETES_KEYS.keys() - names == {"rejectUnknownResources", "pluginDownloadURL", "version"}


@pytest.mark.parametrize(
    ("key", "value", "fact", "remedy"),
    [
        ("kubernetes:contxt", "dev", "not known to read `kubernetes:contxt`", "Did you mean `kubernetes:context`?"),
        ("kubernetes:config:contxt", "dev", "not known to read", "Did you mean `kubernetes:context`?"),
        ("kubernetes:zzz", 1, "not known to read `kubernetes:zzz`", "Known keys: alwaysRender, "),
        ("kubernets:context", "dev", "no key of the Kubernetes provider", "Did you mean `kubernetes:context`?"),
        ("kubernetes:context", ["dev"], "is not text", "Write one value"),
        ("kubernetes:context", {"name": "dev"}, "is not text", "Write one value"),
        ("kubernetes:context", 1.5, "is not text", "Write one value"),
        ("kubernetes:context", None, "has no value", "Set it, or delete the line."),
        ("kubernetes:namespace", "", "has no value", "Set it, or delete the line."),
        ("kubernetes:enableSecretMutable", "yes", "is not `true` or `false`", "Make it `true` or `false`."),
        ("kubernetes:enableSecretMutable", 2, "is not `true` or `false`", "Make it `true` or `false`."),
        ("kubernetes:kubeClientSettings", "fast", "is not an object", "Make it an object."),
        ("pulumi:autonamng", {}, "Pulumi is not known to read", "Did you mean `pulumi:autonaming`?"),
        ("pulumi:disable-default-providers", "kubernetes", "is not a list", "Make it a list."),
    ],
)
def test_a_key_that_is_probably_wrong_is_told(key: str, value: Any, fact: str, remedy: str) -> None:
    ((told, message, help),) = provider_key_problems({key: value})
    assert told == key
    assert fact in message
    assert help.startswith(remedy)


@pytest.mark.parametrize(
    "config",
    [
        {"kubernetes:context": "dev", "kubernetes:config:namespace": "a"},
        {"kubernetes:context": 12, "kubernetes:cluster": {"secure": "v1:x:y"}},
        {"kubernetes:enableSecretMutable": "true", "kubernetes:deleteUnreachable": False},
        {"kubernetes:kubeconfig": {"apiVersion": "v1"}, "kubernetes:kubeClientSettings": '{"qps": 5}'},
        {"pulumi:tags": {"team": "a"}, "pulumi:disable-default-providers": ["*"], "pulumi:autonaming": {"mode": "x"}},
        {"aws:region": "x", "my-app:context": "dev", "other:contxt": ["dev"]},
    ],
)
def test_a_key_that_is_right_or_of_another_program_is_no_problem(config: dict[str, Any]) -> None:
    assert list(provider_key_problems(config)) == []

"""Which Secrets a stack can manage as they are, and why the others stay external."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from support.observations import api_key, document, manifest, secret, settings, tenant

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, Manifest
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.observation.custody import Custody
from paletteai_components.observation.objects import ObservedObject, inventory_of

KEY = api_key("one")


def reason(*objects: Manifest) -> str | None:
    """What speaks against managing the Secret of the Settings."""
    inventory = inventory_of(ObservedObject(each, lambda path: SourceLocation("")) for each in objects)
    told = Custody(inventory, PaletteApi()).reason_against(inventory.settings["tenant-acme", "default"], "key")
    assert KEY not in str(told)
    return told


def with_data(data: Any) -> Manifest:
    return {**secret(), "data": data}


def of_text(text: str) -> Manifest:
    return with_data({"palette": base64.b64encode(text.encode()).decode()})


def labelled(**metadata: Any) -> Manifest:
    found = secret()
    found["metadata"] |= metadata
    return found


def test_a_secret_of_four_fields_for_one_settings_can_be_managed() -> None:
    assert reason(settings(), secret(), tenant()) is None
    assert reason(settings(), labelled(labels={"team": "ml"}, annotations={"a": "b"})) is None
    assert reason(settings(), {**secret(), "type": "Opaque", "immutable": False}) is None


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            with_data({**document(KEY), "token": ""}),
            "it has other keys beside `palette`, which a stack would not write: `token`",
        ),
        ({**secret(), "immutable": True}, "it is immutable, so its key could not be rotated"),
        ({**secret(), "type": "example.com/key"}, "it is of the type `example.com/key`, and a stack writes `Opaque`"),
        (with_data({"other": "eA=="}), "it has other keys beside `palette`, which a stack would not write: `other`"),
        (with_data({"palette": "%"}), "its document does not have exactly the fields "),
        (of_text(f'{{"apiKey": "{KEY}"}}'), "its document does not have exactly the fields "),
        (of_text(json.dumps([KEY])), "its document does not have exactly the fields "),
        (with_data(document(KEY, region="eu")), "its document does not have exactly the fields "),
        (with_data(document("short")), "its key is shorter than 20 characters"),
        (with_data(document(KEY, hostUrl="http://a.example")), "its `hostUrl` does not begin with https://"),
        (with_data(document(KEY, hostUrl="")), "its `hostUrl` is empty or a placeholder"),
        (with_data(document(KEY, tenant="CHANGE_ME")), "its `tenant` is empty or a placeholder"),
        (with_data(document(KEY, tenant=KEY)), "its `tenant` looks like a key, or would be another value in a file"),
        (
            labelled(
                labels={"app.kubernetes.io/managed-by": "Helm"}, annotations={"meta.helm.sh/release-name": "apps"}
            ),
            "Helm release `apps` manages it, as the annotation `meta.helm.sh/release-name` shows",
        ),
        (
            labelled(ownerReferences=[{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "key"}]),
            "SealedSecret `key` manages it, as an owner reference shows",
        ),
    ],
)
def test_what_a_stack_would_change_or_share_stays_external(found: Manifest, told: str) -> None:
    said = reason(settings(), found)
    assert said is not None
    assert said.startswith(told)


def test_what_another_object_supplies_or_uses_stays_external() -> None:
    supplied = manifest("ExternalSecret", "palette", "tenant-acme", spec={"target": {"name": "key"}})
    supplied["apiVersion"] = "external-secrets.io/v1"
    assert reason(settings(), secret(), supplied) == "ExternalSecret `palette` writes it"
    assert reason(settings(), supplied) == "ExternalSecret `palette` writes it"
    assert reason(settings(), secret(), settings(name="edge")) == "2 integrations of Settings use it"
    nvidia = {"integrations": {"nvidia": {"secretRef": {"name": "key"}}}}
    assert reason(settings(), secret(), manifest("Settings", "edge", "tenant-acme", spec=nvidia)) == (
        "2 integrations of Settings use it"
    )
    assert reason(settings()) == "it does not exist, or was not read"


def test_a_credential_that_a_settings_names_is_another_tools() -> None:
    named = settings(annotations={CREDENTIAL_ANNOTATION: "vault://one"})
    assert reason(named, secret()) == (
        "its Settings names the credential `vault://one`, as for a Secret that another tool writes"
    )

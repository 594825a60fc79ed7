"""Stacks as they were applied: their objects on a cluster, with what a server and others add to each."""

from __future__ import annotations

import json
from typing import Any

from paletteai_components.credentials import fingerprint_of
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.stacks.stack import Stack
from support.observations import api_key, document, manifests_of
from support.samples import HOST, PROJECT_ID, PROOF, digest

KEY = api_key("a key of acme's")
FINGERPRINT = f"{{value: '{fingerprint_of(KEY)}', ciphertext: {digest('v1:a')}, proof: '{PROOF}'}}"
ACME = f"""
kubernetes:context: dev
paletteai:integrations:
  shared:
    hostUrl: {HOST}
    tenant: example-tenant
    defaultProjectID: "{PROJECT_ID}"
    apiKey: {{secure: v1:a}}
    fingerprint: {FINGERPRINT}
paletteai:tenant:
  name: acme
  displayName: Acme
  labels: {{team: a}}
  computeConfigRef: {{name: default}}
  settings: {{default: {{palette: shared}}}}
  projects:
    - {{name: vision, extraSpec: {{limits: [{{name: gpu, count: 1}}], ratio: 1.0, none: null}}}}
    - {{name: lab}}
"""
BETAS_PROJECT = "651234567890123456789013"
BETA = ACME.replace("acme", "beta").replace("vision", "sight").replace("name: lab", "name: den")
BETA = BETA.replace("v1:a", "v1:b").replace(PROJECT_ID, BETAS_PROJECT)


def on_cluster(*stacks: Stack) -> dict[str, Manifest]:
    """The objects of stacks as they were applied, by their references, with what a server adds to each."""
    found = {}
    for each in (each for one in stacks for each in manifests_of(one)):
        if each["kind"] == "Secret":
            each["data"] = document(KEY)
        each = json.loads(json.dumps(without_nulls(each)))
        each["metadata"] |= {"uid": "1", "resourceVersion": "7", "finalizers": ["theirs"]}
        each["metadata"]["labels"] = {**each["metadata"].get("labels", {}), "added/by": "others"}
        each["status"] = {"conditions": []}
        if "spec" in each:
            each["spec"] |= {"defaulted": True}
        found[reference_of(each)] = each
    return found


def without_nulls(value: Any) -> Any:
    """What is left of a value without the fields of mappings that are null."""
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}

"""Layouts that the vendor's Settings may have: made up, because no public source tells the real one.

Each is a CRD with its own `spec`, the paths at which the Secrets of the integrations are named in it, and what a stack
has to say besides.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from support.checkout import CRD_FOLDER

FIELDS = ("settings.palette", "settings.huggingFace", "settings.nvidia")
OPEN = "x-kubernetes-preserve-unknown-fields"


@dataclass(frozen=True)
class SettingsLayout:
    """A layout of `Settings.spec`."""

    name: str
    schema: str
    """The properties of `spec`."""
    palette: str
    hugging_face: str
    nvidia: str
    certain: bool = True
    """Whether the names of the schema say where the Secrets are named."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What a Settings with a Palette and an NVIDIA integration needs besides."""
    needs: str = ""
    """The field beside the Palette integration that the CRD requires."""

    def __str__(self) -> str:
        return self.name

    @property
    def paths(self) -> dict[str, str]:
        """What `paletteai:vendorFields` has to say."""
        return dict(zip(FIELDS, (self.palette, self.hugging_face, self.nvidia), strict=True))

    @property
    def spec(self) -> dict[str, Any]:
        """The schema of `spec`."""
        return {"type": "object", "properties": yaml.safe_load(self.schema)}


LAYOUTS = (
    SettingsLayout(
        "a map with the names of Secrets",
        """
        displayName: {type: string}
        integrations:
          type: object
          properties:
            palette: {type: object, properties: {secretName: {type: string, maxLength: 253}}}
            huggingface: {type: object, properties: {secretName: {type: string}}}
            nvidiaNGC: {type: object, properties: {secretName: {type: string}, org: {type: string}}}
        """,
        "spec.integrations.palette.secretName",
        "spec.integrations.huggingface.secretName",
        "spec.integrations.nvidiaNGC.secretName",
    ),
    SettingsLayout(
        "a list with keys",
        """
        integrations:
          type: array
          x-kubernetes-list-type: map
          x-kubernetes-list-map-keys: [type]
          items:
            type: object
            required: [type]
            properties:
              type: {type: string, enum: [palette, hugging-face, ngc]}
              enabled: {type: boolean}
              secretRef:
                type: object
                required: [name]
                properties: {name: {type: string, minLength: 1}, namespace: {type: string}}
        """,
        "spec.integrations[type=palette].secretRef.name",
        "spec.integrations[type=hugging-face].secretRef.name",
        "spec.integrations[type=ngc].secretRef.name",
    ),
    SettingsLayout(
        "a list without keys",
        """
        providers:
          type: array
          items:
            type: object
            required: [kind, credentials]
            properties:
              name: {type: string}
              kind: {type: string, enum: [Palette, HuggingFace, NVIDIA]}
              credentials:
                type: object
                properties:
                  secretName: {type: string}
                  secretKey: {type: string}
        """,
        "spec.providers[kind=Palette].credentials.secretName",
        "spec.providers[kind=HuggingFace].credentials.secretName",
        "spec.providers[kind=NVIDIA].credentials.secretName",
    ),
    SettingsLayout(
        "references to credentials",
        """
        integrations:
          type: object
          properties: &integrations
            palette: &one
              type: object
              properties:
                insecure: {type: boolean}
                credentialsRef:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    namespace: {type: string}
                    key: {type: string, default: palette}
                caBundleSecretRef: {type: object, properties: {name: {type: string}, key: {type: string}}}
            huggingFace: *one
            nvidia: *one
        """,
        "spec.integrations.palette.credentialsRef.name",
        "spec.integrations.huggingFace.credentialsRef.name",
        "spec.integrations.nvidia.credentialsRef.name",
    ),
    SettingsLayout(
        "no map of integrations",
        """
        palette:
          type: object
          properties:
            apiKeySecretRef: {type: object, properties: {name: {type: string}, key: {type: string}}}
            proxy: {type: object, properties: {secretRef: {type: object, properties: {name: {type: string}}}}}
        huggingFaceSecretName: {type: string}
        ngc: {type: object, properties: {existingSecret: {type: string}, imagePullSecret: {type: string}}}
        """,
        "spec.palette.apiKeySecretRef.name",
        "spec.huggingFaceSecretName",
        "spec.ngc.existingSecret",
    ),
    SettingsLayout(
        "a field that is required beside the reference",
        """
        services:
          type: object
          properties:
            palette:
              type: object
              required: [region, secretRef]
              properties:
                region: {type: string, enum: [eu, us]}
                secretRef: {type: object, properties: {name: {type: string}}}
            huggingFace: {type: object, properties: {secretRef: {type: object, properties: {name: {type: string}}}}}
            nvidia:
              type: object
              required: [secretRef]
              properties: {secretRef: {type: object, properties: {name: {type: string}}}}
        """,
        "spec.services.palette.secretRef.name",
        "spec.services.huggingFace.secretRef.name",
        "spec.services.nvidia.secretRef.name",
        extra={"services": {"palette": {"region": "eu"}}},
        needs="spec.services.palette.region",
    ),
    SettingsLayout(
        "a list whose keys are free",
        """
        integrations:
          type: array
          x-kubernetes-list-type: map
          x-kubernetes-list-map-keys: [name]
          items:
            type: object
            required: [name]
            properties:
              name: {type: string}
              secretRef: {type: object, properties: {name: {type: string}}}
        """,
        "spec.integrations[name=palette].secretRef.name",
        "spec.integrations[name=huggingFace].secretRef.name",
        "spec.integrations[name=nvidia].secretRef.name",
        certain=False,
    ),
    SettingsLayout(
        "only descriptions",
        """
        cluster: {type: string, description: Name of the Secret with the API key of Palette.}
        models: {type: string, description: Refers to a Secret with a token of Hugging Face.}
        containers: {type: string, description: "The name of a Secret, for NGC."}
        """,
        "spec.cluster",
        "spec.models",
        "spec.containers",
        certain=False,
    ),
)


@cache
def _read(kind: str) -> dict[str, Any]:
    crd: dict[str, Any] = yaml.safe_load((CRD_FOLDER / f"{kind}.yaml").read_text())
    return crd


def crds_with(spec: dict[str, Any], group: str = "spectrocloud.com") -> list[dict[str, Any]]:
    """The CRDs of the vendor's kinds, those of Settings with this `spec`."""
    crds = [deepcopy(_read(kind)) for kind in ("tenant", "project", "settings")]
    for crd in crds:
        crd["spec"]["group"] = group
        crd["metadata"]["name"] = f"{crd['spec']['names']['plural']}.{group}"
    root = crds[2]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    root["properties"]["spec"] = deepcopy(spec)
    return crds


def as_yaml(crds: list[dict[str, Any]]) -> str:
    """CRDs as a file."""
    plain = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    return yaml.dump_all(crds, Dumper=plain, sort_keys=False)

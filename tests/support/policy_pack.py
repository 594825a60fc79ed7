"""The policy pack of its page on the real CLI, with the built wheel, and programs that it judges."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from support.checkout import ROOT
from support.real import RealProject

PAGE = ROOT / "docs" / "policy-pack.md"
KEY = "Key-0f-the-1st-in-the-policy-pack"

# The plain objects of a tenant, with two Settings that have one Secret.
PLAIN = f"""
import json
import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace, Secret

def custom(kind, name, namespace=None, labels=None, of="", **spec):
    metadata = {{"name": name, "namespace": namespace, "labels": labels}}
    version = "spectrocloud.com/v1alpha1"
    return CustomResource(of + name, api_version=version, kind=kind, metadata=metadata, spec=spec)

def palette(secret):
    return {{"palette": {{"secretRef": {{"name": secret}}}}}}

tenant = Namespace("tenant-acme", metadata={{"name": "tenant-acme", "labels": {{"palette.ai/tenant": "acme"}}}})
lab = Namespace("lab", metadata={{"name": "lab"}})
document = pulumi.Output.secret(json.dumps({{
    "apiKey": "{KEY}",
    "hostUrl": "https://api.spectrocloud.com",
    "tenant": "example-tenant",
    "defaultProjectID": "651234567890123456789012",
}}))
at = {{"name": "palette", "namespace": tenant.metadata["name"]}}
Secret("palette", metadata=at, string_data={{"palette": document}})
custom("Settings", "default", tenant.metadata["name"], integrations=palette("palette"))
custom("Settings", "edge", tenant.metadata["name"], integrations=palette("palette"))
acme = custom("Tenant", "acme", displayName="Acme", settingsRef={{"name": "default", "namespace": "tenant-acme"}})
custom(
    "Project", "lab", lab.metadata["name"], {{"palette.ai/tenant-name": "acme"}}, of="project-",
    displayName="Lab", tenantRef={{"name": "acme"}}, settingsRef={{"name": "edge"}},
    computeConfigRef={{"name": "default", "namespace": "tenant-acme"}},
)
"""
_EDGE = 'custom("Settings", "edge", tenant.metadata["name"], integrations=palette("palette"))\n'
SOUND = PLAIN.replace(_EDGE, "").replace('{"name": "edge"}', '{"name": "default"}')
"""The same with one Settings."""


def files_on_the_page() -> dict[str, str]:
    """The files of a pack that the page shows, by their names."""
    shown = re.findall(r"^```\w+\n# policy/(\S+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return dict(shown)


def pack(folder: Path, wheel: Path) -> Path:
    """Makes the folder of a pack, whose requirements are the pinned ones and the wheel."""
    made = folder / "policy"
    made.mkdir()
    for name, text in files_on_the_page().items():
        (made / name).write_text(text)
    (built,) = wheel.parent.glob("*.whl")
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    pins = ROOT / "policy" / "requirements.txt"
    (made / "requirements.txt").write_text(f"-r {pins}\n{built} --hash=sha256:{digest}\n")
    return made


def installed(pack: Path, project: RealProject) -> None:
    """Makes the environment of a pack, as the page does."""
    # What was downloaded once is not downloaded again.
    project.env.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    # Without bytecode, which takes longer than all the rest.
    project.run("install", "--cwd", str(pack), env={"PIP_NO_COMPILE": "1"})


def copied(pack: Path, folder: Path, program: str) -> Path:
    """A pack with another program, and with the environment of the first."""
    made = folder / "other-policy"
    shutil.copytree(pack, made, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    (made / "venv").symlink_to(pack / "venv")
    (made / "__main__.py").write_text(program)
    return made

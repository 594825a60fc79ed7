"""PaletteAI as code: Tenants, Projects and Palette integrations as Pulumi components.

The components are imported on first use, so `import paletteai_components` and everything that works on
files alone never load pulumi.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paletteai_components.components import *
    from paletteai_components.deployment.program import deploy

__all__ = [
    "ComputeConfigRefArgs",
    "ComputeConfigRefArgsDict",
    "DeclarationError",
    "DeploymentNamespacesArgs",
    "DeploymentNamespacesArgsDict",
    "PaletteCredential",
    "PaletteIntegration",
    "PaletteIntegrationArgs",
    "PaletteIntegrationArgsDict",
    "Project",
    "ProjectArgs",
    "ProjectArgsDict",
    "RoleMappingArgs",
    "RoleMappingArgsDict",
    "SecretReferenceArgs",
    "SecretReferenceArgsDict",
    "SettingsArgs",
    "SettingsArgsDict",
    "SettingsComponent",
    "Tenant",
    "TenantArgs",
    "TenantArgsDict",
    "TenantOwner",
    "TenantReference",
    "TenantReferenceArgs",
    "TenantReferenceArgsDict",
    "deploy",
    "kubernetes_provider",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "deployment.program" if name == "deploy" else "components"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)

"""The Pulumi components. Importing this imports pulumi; everything below it does not."""

from paletteai_components.components.args import (
    ComputeConfigRefArgs,
    DeploymentNamespacesArgs,
    PaletteCredential,
    PaletteIntegrationArgs,
    ProjectArgs,
    RoleMappingArgs,
    SecretReferenceArgs,
    SettingsArgs,
    TenantArgs,
    TenantReferenceArgs,
)
from paletteai_components.components.integration import PaletteIntegration
from paletteai_components.components.ledger import DeclarationError
from paletteai_components.components.project import Project
from paletteai_components.components.providers import kubernetes_provider
from paletteai_components.components.tenant import Tenant, TenantOwner, TenantReference

__all__ = [
    "ComputeConfigRefArgs",
    "DeclarationError",
    "DeploymentNamespacesArgs",
    "PaletteCredential",
    "PaletteIntegration",
    "PaletteIntegrationArgs",
    "Project",
    "ProjectArgs",
    "RoleMappingArgs",
    "SecretReferenceArgs",
    "SettingsArgs",
    "Tenant",
    "TenantArgs",
    "TenantOwner",
    "TenantReference",
    "TenantReferenceArgs",
    "kubernetes_provider",
]

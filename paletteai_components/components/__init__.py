"""The public Pulumi components. This is the first room that imports pulumi."""

from paletteai_components.components.credential import PaletteCredential
from paletteai_components.components.integration import (
    PaletteIntegration,
    PaletteIntegrationArgs,
    PaletteIntegrationArgsDict,
)
from paletteai_components.components.project import (
    DeploymentNamespacesArgs,
    DeploymentNamespacesArgsDict,
    Project,
    ProjectArgs,
    ProjectArgsDict,
)
from paletteai_components.components.provider import kubernetes_provider
from paletteai_components.components.registry import DeclarationError
from paletteai_components.components.settings import (
    SecretReferenceArgs,
    SecretReferenceArgsDict,
    SettingsArgs,
    SettingsArgsDict,
    SettingsComponent,
)
from paletteai_components.components.tenant import (
    ComputeConfigRefArgs,
    ComputeConfigRefArgsDict,
    RoleMappingArgs,
    RoleMappingArgsDict,
    Tenant,
    TenantArgs,
    TenantArgsDict,
    TenantOwner,
    TenantReference,
    TenantReferenceArgs,
    TenantReferenceArgsDict,
)

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
    "kubernetes_provider",
]

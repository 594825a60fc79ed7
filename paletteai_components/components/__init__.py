"""The public Pulumi components. This is the first room that imports pulumi."""

from paletteai_components.components.credential import PaletteCredential as PaletteCredential
from paletteai_components.components.integration import (
    PaletteIntegration as PaletteIntegration,
)
from paletteai_components.components.integration import (
    PaletteIntegrationArgs as PaletteIntegrationArgs,
)
from paletteai_components.components.integration import (
    PaletteIntegrationArgsDict as PaletteIntegrationArgsDict,
)
from paletteai_components.components.project import (
    DeploymentNamespacesArgs as DeploymentNamespacesArgs,
)
from paletteai_components.components.project import (
    DeploymentNamespacesArgsDict as DeploymentNamespacesArgsDict,
)
from paletteai_components.components.project import (
    Project as Project,
)
from paletteai_components.components.project import (
    ProjectArgs as ProjectArgs,
)
from paletteai_components.components.project import (
    ProjectArgsDict as ProjectArgsDict,
)
from paletteai_components.components.provider import kubernetes_provider as kubernetes_provider
from paletteai_components.components.registry import DeclarationError as DeclarationError
from paletteai_components.components.settings import (
    SecretReferenceArgs as SecretReferenceArgs,
)
from paletteai_components.components.settings import (
    SecretReferenceArgsDict as SecretReferenceArgsDict,
)
from paletteai_components.components.settings import (
    SettingsArgs as SettingsArgs,
)
from paletteai_components.components.settings import (
    SettingsArgsDict as SettingsArgsDict,
)
from paletteai_components.components.settings import (
    SettingsComponent as SettingsComponent,
)
from paletteai_components.components.tenant import (
    ComputeConfigRefArgs as ComputeConfigRefArgs,
)
from paletteai_components.components.tenant import (
    ComputeConfigRefArgsDict as ComputeConfigRefArgsDict,
)
from paletteai_components.components.tenant import (
    RoleMappingArgs as RoleMappingArgs,
)
from paletteai_components.components.tenant import (
    RoleMappingArgsDict as RoleMappingArgsDict,
)
from paletteai_components.components.tenant import (
    Tenant as Tenant,
)
from paletteai_components.components.tenant import (
    TenantArgs as TenantArgs,
)
from paletteai_components.components.tenant import (
    TenantArgsDict as TenantArgsDict,
)
from paletteai_components.components.tenant import (
    TenantOwner as TenantOwner,
)
from paletteai_components.components.tenant import (
    TenantReference as TenantReference,
)
from paletteai_components.components.tenant import (
    TenantReferenceArgs as TenantReferenceArgs,
)
from paletteai_components.components.tenant import (
    TenantReferenceArgsDict as TenantReferenceArgsDict,
)

"""A stack: one tenant in one environment, as its file and the project's defaults declare it.

It may be only a part: what could not be used is among its diagnostics and not in its spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.encryption import PROVIDER_KEYS
from paletteai_components.kube.manifests import PlannedObject, objects_of
from paletteai_components.kube.palette_api import API_VERSION, PaletteApi
from paletteai_components.model.plan import Plan, plan_of
from paletteai_components.model.spec import IntegrationSpec, StackSpec
from paletteai_components.pulumi_yaml.document import Document, Path, items_of
from paletteai_components.stacks.configuration import NAMESPACE, encrypted_values, qualified
from paletteai_components.stacks.sources import Sources

_OF_AN_ENVIRONMENT = frozenset(
    {f"{NAMESPACE}:environment", f"{NAMESPACE}:cluster"}
    | {f"kubernetes:{name}" for name in ("context", "cluster", "kubeconfig")}
)


@dataclass(frozen=True)
class Stack:
    """A stack as declared."""

    name: str
    """Its name, for example ``acme.dev``."""
    file: str = ""
    """The stack file as the user would type it. Empty for a declaration in Python."""
    spec: StackSpec | None = None
    """The declaration. None if it has no usable tenant."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with the declaration itself (PAI012)."""
    file_diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with the file, whatever values Pulumi adds to it (PAI012)."""
    is_complete: bool = True
    """False if `spec` lacks something that could not be used."""
    documents: tuple[Document, ...] = field(default=(), repr=False)
    """The stack file and the project file, with their lines. The first one that has a key counts."""
    left_out: frozenset[int] = frozenset()
    """The positions in the file of the projects that `spec` lacks."""
    identified: bool = True
    """False if `spec` lacks what identifies its cluster or its tenant there, so it cannot be compared with others."""
    part: str = ""
    """The component, if this is one part of a program. Empty for a complete stack."""
    former_api_versions: tuple[str, ...] = ()
    """The versions of the vendor's API that it may have been deployed with."""
    cluster: str | None = None
    """The cluster it is deployed to, or None if the declaration does not name one."""
    imports: tuple[str, ...] = ()
    """The ESC environments whose values only Pulumi can add."""
    context: str | None = None
    """The context of the kubeconfig that it is deployed with, or None."""
    kubeconfig: str | None = None
    """Its own kubeconfig, or None. An encrypted one is its ciphertext."""
    salt: str | None = None
    data_key: str | None = None
    other_secrets: Mapping[str, Path] = field(default_factory=dict, repr=False)
    """The paths of the encrypted values in its file outside of this package's namespace, by ciphertext."""
    pulumi_project: str = NAMESPACE
    """The name of its Pulumi project, which is the namespace of plain keys."""
    misspelt: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The keys with namespaces that were read as another one, by the name of that one."""

    @property
    def is_observed(self) -> bool:
        """Whether it was read from objects, which declare no integrations by name."""
        return False

    def remedy(self, in_a_file: str, *, in_objects: str) -> str:
        """One of two remedies: how to mend a stack file, or the objects that it was read from."""
        return in_objects if self.is_observed else in_a_file

    @property
    def prefix(self) -> str:
        """What messages write before the name of a key: the namespace. Nothing for the inputs of a component."""
        return self._sources.prefix

    @property
    def key_input(self) -> str:
        """How a program sets a key, in messages. Empty for a stack file, in which a command sets it."""
        return '`api_key`, for example `pulumi.Config().require_secret("paletteApiKey")`' if self.part else ""

    @property
    def environment(self) -> str:
        """`paletteai:environment`, else what follows the last dot of the stack's name."""
        declared = self.spec.environment if self.spec else None
        return declared or self.name.rpartition(".")[2]

    @property
    def names_its_tenant(self) -> bool:
        """Whether its name is that of its tenant and an environment."""
        return self.spec is not None and self.name.rpartition(".")[0] == self.spec.tenant.name

    @property
    def cluster_name(self) -> str:
        """The cluster: `paletteai:cluster`, else the context, else the one that its environment shares."""
        return self.cluster or self.environments_cluster

    @property
    def environments_cluster(self) -> str:
        """The name for the one cluster of its environment."""
        return f"the cluster of {self.environment}"

    def file_location(self, *path: str | int) -> SourceLocation:
        """The location of the value at a path of the stack file, for example ``file_location("encryptionsalt")``."""
        return self.documents[0].location(path) if self.documents else SourceLocation(self.file)

    @cached_property
    def api(self) -> PaletteApi:
        """The vendor API this stack is written for."""
        spec = self.spec
        if spec is None:
            return PaletteApi()
        return PaletteApi(spec.api_version or API_VERSION, spec.vendor_fields, self.former_api_versions)

    @cached_property
    def plan(self) -> Plan | None:
        """What follows from the declaration, or None if there is no spec."""
        return plan_of(self.spec) if self.spec else None

    @property
    def integrations(self) -> Mapping[str, IntegrationSpec]:
        """The declared integrations, by name."""
        return self.spec.integrations if self.spec else {}

    @property
    def objects(self) -> Iterator[PlannedObject]:
        """Every object that is written for it, in the order in which they are created."""
        return objects_of(self.plan, self.api) if self.plan else iter(())

    @cached_property
    def _kept_positions(self) -> list[int]:
        """The positions in the file of the projects in `spec`."""
        projects = self.spec.tenant.projects if self.spec else ()
        return [at for at in range(len(projects) + len(self.left_out)) if at not in self.left_out]

    def location(self, *path: str | int) -> SourceLocation:
        """The location of the value at a path of the spec, for example ``location("tenant", "name")``."""
        return self._sources.location(self._path_in_file(path))

    def locations(self, *path: str | int) -> Iterator[SourceLocation]:
        """The locations of the value at a path of the spec and of everything in it. None of them if it is not set."""
        return self._sources.locations(self._path_in_file(path))

    def own_path(self, *path: str | int) -> Path | None:
        """The path in the stack file of the value at a path of the spec, or None if the file does not declare it."""
        document, at = self._sources.found(self._path_in_file(path)) or (None, ())
        return at if self.documents and document is self.documents[0] else None

    def own_entries(self) -> Iterator[Path]:
        """The paths in its file of what is only its own: what is encrypted or written for it, and its cluster."""
        document = self.documents[0]
        yield from ((key,) for key in PROVIDER_KEYS if key in document.value)
        config = document.value.get("config")
        for key, value in config.items() if isinstance(config, dict) else ():
            name = qualified(key, self.pulumi_project)
            if name in _OF_AN_ENVIRONMENT:
                yield "config", key
            elif name != f"{NAMESPACE}:integrations":
                yield from (("config", *path) for path, _ in encrypted_values({key: value}))
            else:
                for integration, fields in items_of(value):
                    for each in ("apiKey", "fingerprint"):
                        if isinstance(fields, dict) and each in fields:
                            yield "config", key, integration, each

    @property
    def names_its_cluster(self) -> bool:
        """Whether it declares `paletteai:cluster`."""
        return self.spec is not None and bool(self.spec.cluster)

    @property
    def cluster_location(self) -> SourceLocation:
        """The location of what names its cluster, or would."""
        if self.names_its_cluster:
            return self.location("cluster")
        return self._sources.key_location("kubernetes:context")

    @property
    def _sources(self) -> Sources:
        return Sources(self.documents, self.file or self.part, self.pulumi_project, self.name, self.misspelt)

    def _path_in_file(self, path: Path) -> Path:
        if self.left_out and path[:2] == ("tenant", "projects") and len(path) > 2:
            return (*path[:2], self._kept_positions[int(path[2])], *path[3:])
        return path
